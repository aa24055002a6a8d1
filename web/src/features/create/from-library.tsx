import { Button, Modal, SegmentedControl, Skeleton, TextInput } from "@mantine/core";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { finishedClips, keptPictures } from "@/api/characters";
import type { Item } from "@/api/library";
import { keepLastFrame } from "@/api/lineage";
import { keepPicture, pictureUrl } from "@/api/videos";
import { Broken } from "@/components/broken";
import { Empty } from "@/components/empty";
import { IconLibraryPhoto, IconSearch } from "@/components/icons";
import { ratioOf, Scrub } from "@/components/scrub";
import { freshKey } from "@/lib/ids";
import classes from "./create.module.css";
import type { Picture } from "./draft";
import { useSettled } from "./state";

const SETTLED_MS = 300;
const KINDS = ["pictures", "last", "cover"] as const;
type Kind = (typeof KINDS)[number];

type Props = { title: string; onPick: (picture: Picture) => void; onClose: () => void };

/** A picture the library has already: one that was brought, or the last frame or cover of a clip. */
export default function FromLibrary({ title, onPick, onClose }: Props) {
  const { t } = useTranslation(["create", "common"]);
  const [kind, setKind] = useState<Kind>("pictures");
  const [text, setText] = useState("");
  const [busy, setBusy] = useState<string | null>(null);
  const [thrown, setThrown] = useState<unknown>(null);
  const q = useSettled(text.trim(), SETTLED_MS);
  const take = async (item: Item) => {
    setBusy(item.id);
    setThrown(null);
    try {
      onPick(await pictureFrom(item, kind));
      onClose();
    } catch (wrong) {
      setThrown(wrong);
      setBusy(null);
    }
  };
  return (
    <Modal opened onClose={onClose} title={title} size="xl" closeButtonProps={{ "aria-label": t("common:close") }}>
      <div className={classes.pickerTop}>
        <SegmentedControl
          size="xs"
          value={kind}
          aria-label={t("picker.kind")}
          onChange={(value) => setKind(value as Kind)}
          data={KINDS.map((value) => ({ value, label: t(`picker.${value}`) }))}
        />
        <TextInput
          size="xs"
          type="search"
          data-autofocus
          value={text}
          leftSection={<IconSearch size={14} />}
          placeholder={t("picker.search")}
          aria-label={t("picker.search")}
          onChange={(event) => setText(event.currentTarget.value)}
        />
      </div>
      {thrown ? <Broken thrown={thrown} compact /> : null}
      <Found key={kind} kind={kind} q={q} busy={busy} onTake={(item) => void take(item)} />
    </Modal>
  );
}

async function pictureFrom(item: Item, kind: Kind): Promise<Picture> {
  const name = item.name ?? item.prompt?.slice(0, 60) ?? item.id;
  const of = (fileId: string): Picture => ({
    key: freshKey(),
    fileId,
    url: null,
    name,
    preview: pictureUrl(fileId),
    failed: null,
  });
  if (kind === "pictures") return of(item.id);
  if (kind === "last") return of((await keepLastFrame(item.id)).file_id);
  const got = await fetch(item.media.poster ?? item.media.thumbnail ?? "");
  if (!got.ok) throw new Error(`HTTP ${got.status}`);
  return of((await keepPicture(await got.blob(), "cover.jpg")).id);
}

/** Whether an item has what is looked for. */
function fits(item: Item, kind: Kind): boolean {
  if (kind === "pictures") return item.media.media_type?.startsWith("image/") ?? false;
  return Boolean(kind === "last" ? item.media.video : (item.media.poster ?? item.media.thumbnail));
}

function Found({ kind, q, busy, onTake }: { kind: Kind; q: string; busy: string | null; onTake: (item: Item) => void }) {
  const { t } = useTranslation("create");
  const pictures = useInfiniteQuery({ ...keptPictures(q), enabled: kind === "pictures" });
  const clips = useInfiniteQuery({ ...finishedClips(q), enabled: kind !== "pictures" });
  const found = kind === "pictures" ? pictures : clips;
  const all = found.data?.pages.flatMap((page) => page.data).filter((item) => fits(item, kind)) ?? [];
  if (found.error) return <Broken thrown={found.error} again={() => void found.refetch()} compact />;
  if (found.isPending) return <Skeleton height={220} animate={false} />;
  if (all.length === 0 && !found.hasNextPage) {
    return (
      <Empty icon={IconLibraryPhoto} title={t(q ? "picker.nothing" : "picker.empty")}>
        {t(kind === "pictures" ? "picker.noPictures" : "picker.noClips")}
      </Empty>
    );
  }
  return (
    <>
      <div className={classes.picker}>
        {all.map((item) => {
          const title = item.name || item.prompt || item.id;
          return (
            <button
              key={item.id}
              type="button"
              className={classes.pick}
              style={{ aspectRatio: Math.min(2.4, Math.max(0.6, ratioOf(item))) }}
              aria-label={title}
              title={title}
              aria-busy={busy === item.id || undefined}
              disabled={busy !== null}
              onClick={() => onTake(item)}
            >
              <Scrub media={item.media} label="" />
            </button>
          );
        })}
      </div>
      {found.hasNextPage ? (
        <Button mt="sm" variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          {t("picker.older")}
        </Button>
      ) : null}
    </>
  );
}
