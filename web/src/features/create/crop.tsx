import { Button, Group, Modal, Slider } from "@mantine/core";
import { useState } from "react";
import Cropper, { type Area } from "react-easy-crop";
import { useTranslation } from "react-i18next";
import "react-easy-crop/react-easy-crop.css";
import classes from "./create.module.css";
import type { Picture } from "./draft";

type Props = { picture: Picture; aspect: number; onClose: () => void; onDone: (blob: Blob) => void };

/** Cuts a picture to the shape of the clip; what is seen is what is kept. */
export default function Crop({ picture, aspect, onClose, onDone }: Props) {
  const { t } = useTranslation(["create", "common"]);
  const [at, setAt] = useState({ x: 0, y: 0 });
  const [zoom, setZoom] = useState(1);
  const [area, setArea] = useState<Area | null>(null);
  const keep = async () => {
    if (area) onDone(await cut(picture.preview, area));
  };
  return (
    <Modal opened onClose={onClose} title={t("crop.title")} size="lg" closeButtonProps={{ "aria-label": t("common:close") }}>
      <div className={classes.cropper}>
        <Cropper
          image={picture.preview}
          crop={at}
          zoom={zoom}
          aspect={aspect}
          onCropChange={setAt}
          onZoomChange={setZoom}
          onCropComplete={(_, pixels) => setArea(pixels)}
        />
      </div>
      <Slider mt={16} min={1} max={4} step={0.01} value={zoom} onChange={setZoom} label={null} thumbLabel={t("crop.zoom")} />
      <Group justify="flex-end" mt={16}>
        <Button variant="default" onClick={onClose}>
          {t("common:cancel")}
        </Button>
        <Button onClick={() => void keep()} disabled={!area}>
          {t("crop.keep")}
        </Button>
      </Group>
    </Modal>
  );
}

async function cut(address: string, area: Area): Promise<Blob> {
  const picture = new Image();
  picture.src = address;
  await picture.decode();
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(area.width);
  canvas.height = Math.round(area.height);
  canvas.getContext("2d")?.drawImage(picture, area.x, area.y, area.width, area.height, 0, 0, canvas.width, canvas.height);
  return new Promise((done, fail) => {
    canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("no picture"))), "image/png");
  });
}
