import { ActionIcon, Button, FileButton, Loader, Popover, TextInput, Tooltip } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type DragEvent as Drag, type KeyboardEvent, lazy, Suspense, useCallback, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Abilities } from "@/api/types";
import { keepPicture, pictureUrl } from "@/api/videos";
import { IconAlertTriangle, IconCrop, IconLibraryPhoto, IconLink, IconPhotoPlus, IconX } from "@/components/icons";
import { asFailure } from "@/lib/failure";
import { sides } from "@/lib/format";
import { freshKey } from "@/lib/ids";
import classes from "./create.module.css";
import type { Draft, Picture } from "./draft";
import { room, SLOTS, type Slot } from "./fit";
import type { Change } from "./state";

const Crop = lazy(() => import("./crop"));
const FromLibrary = lazy(() => import("./from-library"));
const PICTURES = "image/png,image/jpeg,image/webp";

type Props = { draft: Draft; change: Change; able: Abilities; modelTitle: string };

/** Pictures in their slots: dropped, pasted, picked or named by an address; cut to shape on demand. */
export function Pictures({ draft, change, able, modelTitle }: Props) {
  const { t } = useTranslation("create");
  const [cropping, setCropping] = useState<{ slot: Slot; picture: Picture } | null>(null);
  const [picking, setPicking] = useState<Slot | null>(null);
  const { add, put, link, remove, replace } = usePictures(change);
  const takeClip = useRecipes(change);
  const open = SLOTS.filter((slot) => room(able, slot) > 0);
  const target = open.find((slot) => draft.pictures[slot].length < room(able, slot)) ?? null;
  const over = useDropAndPaste(target, add, takeClip);
  const shown = SLOTS.filter((slot) => room(able, slot) > 0 || draft.pictures[slot].length > 0);
  if (shown.length === 0) return <p className={classes.why}>{t("slots.none", { model: modelTitle })}</p>;
  const size = sides(draft.size ?? able.size_default);
  return (
    <div className={classes.slots} data-over={over || undefined}>
      {shown.map((slot) => (
        <div key={slot} className={classes.slot}>
          <div className={classes.slotName}>
            {t(`slots.${slot}`)}
            {room(able, slot) > 1 ? (
              <span className="faint num">{` ${draft.pictures[slot].length}/${room(able, slot)}`}</span>
            ) : null}
          </div>
          <div className={classes.thumbs}>
            {draft.pictures[slot].map((picture, n) => (
              <Thumb
                key={picture.key}
                picture={picture}
                unused={n >= room(able, slot) ? t("slots.unused", { model: modelTitle }) : null}
                onRemove={() => remove(slot, picture.key)}
                onCrop={() => setCropping({ slot, picture })}
                onMove={draft.pictures[slot].length > 1 ? (key, to) => put(slot, (list) => moved(list, key, to)) : null}
                at={n}
              />
            ))}
            {draft.pictures[slot].length < room(able, slot) ? (
              <Add
                slot={slot}
                onFiles={(files) => files.forEach((file) => void add(slot, file))}
                onLink={(url) => link(slot, url)}
                onLibrary={() => setPicking(slot)}
              />
            ) : null}
          </div>
        </div>
      ))}
      {picking ? (
        <Suspense>
          <FromLibrary
            title={t("picker.title", { slot: t(`slots.${picking}`) })}
            onClose={() => setPicking(null)}
            onPick={(picture) => put(picking, (list) => [...list, picture])}
          />
        </Suspense>
      ) : null}
      {cropping && size ? (
        <Suspense>
          <Crop
            picture={cropping.picture}
            aspect={size.width / size.height}
            onClose={() => setCropping(null)}
            onDone={(blob) => {
              void replace(cropping.slot, cropping.picture.key, blob);
              setCropping(null);
            }}
          />
        </Suspense>
      ) : null}
    </div>
  );
}

/** Adds pictures to the draft and brings them to the server. */
function usePictures(change: Change) {
  const put = useCallback(
    (slot: Slot, edit: (list: Picture[]) => Picture[]) =>
      change((draft) => ({ pictures: { ...draft.pictures, [slot]: edit(draft.pictures[slot]) } })),
    [change],
  );
  const keep = useCallback(
    async (slot: Slot, key: string, file: Blob, name: string) => {
      const set = (part: Partial<Picture>) =>
        put(slot, (list) => list.map((one) => (one.key === key ? { ...one, ...part } : one)));
      try {
        const kept = await keepPicture(file, name);
        set({ fileId: kept.id, preview: pictureUrl(kept.id), failed: null });
      } catch (thrown) {
        set({ failed: asFailure(thrown).message });
      }
    },
    [put],
  );
  const add = useCallback(
    async (slot: Slot, file: File) => {
      const key = freshKey();
      const picture: Picture = {
        key,
        fileId: null,
        url: null,
        name: file.name,
        preview: URL.createObjectURL(file),
        failed: null,
      };
      put(slot, (list) => [...list, picture]);
      await keep(slot, key, file, file.name || "picture.png");
    },
    [keep, put],
  );
  const link = useCallback(
    (slot: Slot, url: string) => {
      const picture: Picture = { key: freshKey(), fileId: null, url, name: url, preview: "", failed: null };
      put(slot, (list) => [...list, picture]);
    },
    [put],
  );
  const replace = useCallback(
    async (slot: Slot, key: string, blob: Blob) => {
      const preview = URL.createObjectURL(blob);
      put(slot, (list) => list.map((one) => (one.key === key ? { ...one, preview, fileId: null, failed: null } : one)));
      await keep(slot, key, blob, "cropped.png");
    },
    [keep, put],
  );
  const remove = useCallback((slot: Slot, key: string) => put(slot, (list) => list.filter((one) => one.key !== key)), [put]);
  return { add, put, link, remove, replace };
}

/** The list with one picture at another place. */
export function moved(list: Picture[], key: string, to: number): Picture[] {
  const one = list.find((other) => other.key === key);
  if (!one) return list;
  const rest = list.filter((other) => other.key !== key);
  const place = Math.min(rest.length, Math.max(0, to));
  return [...rest.slice(0, place), one, ...rest.slice(place)];
}

/** Reads the recipe of a clip that was dropped. */
function useRecipes(change: Change): (file: File) => void {
  const client = useQueryClient();
  return useCallback(
    (file) => void import("./dropped").then(({ takeRecipe }) => takeRecipe(file, client, change)),
    [client, change],
  );
}

/** Takes pictures dropped or pasted anywhere on the page; a clip gives its recipe. */
function useDropAndPaste(
  slot: Slot | null,
  add: (slot: Slot, file: File) => Promise<void>,
  takeClip: (file: File) => void,
): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const take = (files: FileList | undefined): boolean => {
      const pictures = [...(files ?? [])].filter((file) => file.type.startsWith("image/"));
      if (slot) for (const file of pictures) void add(slot, file);
      const clip = [...(files ?? [])].find((file) => file.type.startsWith("video/"));
      if (clip) takeClip(clip);
      return clip !== undefined || (slot !== null && pictures.length > 0);
    };
    const drag = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setOver(false);
      take(event.dataTransfer.files);
    };
    const paste = (event: ClipboardEvent) => {
      if (take(event.clipboardData?.files)) event.preventDefault();
    };
    window.addEventListener("dragover", drag);
    window.addEventListener("dragleave", leave);
    window.addEventListener("drop", drop);
    window.addEventListener("paste", paste);
    return () => {
      window.removeEventListener("dragover", drag);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("drop", drop);
      window.removeEventListener("paste", paste);
    };
  }, [slot, add, takeClip]);
  return over && slot !== null;
}

type ThumbProps = {
  picture: Picture;
  unused: string | null;
  onRemove: () => void;
  onCrop: () => void;
  /** Puts a picture of the slot at another place; null where there is nothing to order. */
  onMove: ((key: string, to: number) => void) | null;
  at: number;
};

const DRAGGED = "application/x-reelgate-picture";

function Thumb({ picture, unused, onRemove, onCrop, onMove, at }: ThumbProps) {
  const { t } = useTranslation("create");
  const drop = (event: Drag) => {
    const key = event.dataTransfer.getData(DRAGGED);
    if (!key || !onMove) return;
    event.preventDefault();
    onMove(key, at);
  };
  const keys = (event: KeyboardEvent) => {
    const by = event.key === "ArrowLeft" ? -1 : event.key === "ArrowRight" ? 1 : 0;
    if (by === 0 || !onMove) return;
    event.preventDefault();
    onMove(picture.key, at + by);
  };
  const busy = picture.fileId === null && picture.url === null && picture.failed === null;
  return (
    <Tooltip label={picture.failed ?? unused ?? picture.name} multiline maw={280}>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset takes no part in dragging everywhere */}
      <div
        className={classes.thumb}
        tabIndex={onMove ? 0 : undefined}
        role="group"
        aria-label={onMove ? t("slots.order", { name: picture.name, place: at + 1 }) : picture.name}
        draggable={onMove !== null}
        onDragStart={(event) => event.dataTransfer.setData(DRAGGED, picture.key)}
        onDragOver={(event) => onMove && event.dataTransfer.types.includes(DRAGGED) && event.preventDefault()}
        onDrop={drop}
        onKeyDown={keys}
        data-unused={unused !== null || undefined}
        data-failed={picture.failed !== null || undefined}
      >
        {picture.preview ? (
          <img src={picture.preview} alt={picture.name} />
        ) : (
          <IconLink size={18} className={classes.thumbState} aria-label={picture.name} />
        )}
        {busy ? <Loader size={16} className={classes.thumbState} /> : null}
        {picture.failed ? <IconAlertTriangle size={18} className={classes.thumbState} aria-label={picture.failed} /> : null}
        <div className={classes.thumbButtons}>
          {picture.fileId ? (
            <ActionIcon size={22} aria-label={t("slots.crop")} onClick={onCrop}>
              <IconCrop size={13} />
            </ActionIcon>
          ) : null}
          <ActionIcon size={22} aria-label={t("slots.remove", { name: picture.name })} onClick={onRemove}>
            <IconX size={13} />
          </ActionIcon>
        </div>
      </div>
    </Tooltip>
  );
}

type AddProps = { slot: Slot; onFiles: (files: File[]) => void; onLink: (url: string) => void; onLibrary: () => void };

function Add({ slot, onFiles, onLink, onLibrary }: AddProps) {
  const { t } = useTranslation("create");
  return (
    <Popover position="bottom-start" width={280} trapFocus>
      <FileButton
        multiple={slot === "reference"}
        accept={PICTURES}
        onChange={(got) => onFiles(Array.isArray(got) ? got : got ? [got] : [])}
      >
        {(props) => (
          <button
            type="button"
            className={classes.add}
            onClick={props.onClick}
            aria-label={t("slots.add", { slot: t(`slots.${slot}`) })}
          >
            <IconPhotoPlus size={20} stroke={1.4} />
          </button>
        )}
      </FileButton>
      <div className={classes.addMore}>
        <button
          type="button"
          className={classes.addLink}
          aria-label={t("picker.open")}
          title={t("picker.open")}
          onClick={onLibrary}
        >
          <IconLibraryPhoto size={15} stroke={1.6} />
        </button>
        <Popover.Target>
          <button type="button" className={classes.addLink} aria-label={t("slots.byLink")} title={t("slots.byLink")}>
            <IconLink size={14} stroke={1.6} />
          </button>
        </Popover.Target>
      </div>
      <Popover.Dropdown>
        <ByLink onLink={onLink} />
      </Popover.Dropdown>
    </Popover>
  );
}

/** Names a picture by its address; the server fetches it when the clip is made. */
function ByLink({ onLink }: { onLink: (url: string) => void }) {
  const { t } = useTranslation("create");
  const [address, setAddress] = useState("");
  return (
    <form
      className={classes.byLink}
      onSubmit={(event) => {
        event.preventDefault();
        onLink(address);
        setAddress("");
      }}
    >
      <TextInput
        label={t("slots.byLink")}
        placeholder={t("slots.address")}
        value={address}
        onChange={(event) => setAddress(event.currentTarget.value)}
      />
      <Button type="submit" size="compact-sm" disabled={!/^https?:\/\/\S+$/.test(address)}>
        {t("slots.take")}
      </Button>
    </form>
  );
}
