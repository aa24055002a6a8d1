import { Button, Modal, Skeleton, TextInput } from "@mantine/core";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { finishedClips, keepCharacter } from "@/api/characters";
import { type Item, libraryKeys, oneItem } from "@/api/library";
import { Broken } from "@/components/broken";
import { Empty } from "@/components/empty";
import { IconArrowLeft, IconMovie } from "@/components/icons";
import { ratioOf, Scrub } from "@/components/scrub";
import classes from "./characters.module.css";
import { Filmstrip, type Span } from "./filmstrip";

/** Makes a character: first a finished clip, then one to three seconds of it, then a name. */
export default function Maker({ clip, onClose }: { clip: string | null; onClose: () => void }) {
  const { t } = useTranslation("characters");
  const { t: common } = useTranslation("common");
  const [picked, setPicked] = useState<Item | null>(null);
  const given = useQuery({ ...oneItem(clip ?? ""), enabled: clip !== null });
  const item = picked ?? given.data ?? null;
  return (
    <Modal
      opened
      size="lg"
      onClose={onClose}
      title={t(item ? "makerCut" : "makerPick")}
      closeButtonProps={{ "aria-label": common("close") }}
    >
      {item ? (
        <Cut item={item} onBack={clip ? null : () => setPicked(null)} onDone={onClose} />
      ) : clip ? (
        <Skeleton height={240} />
      ) : (
        <Pick onPick={setPicked} />
      )}
    </Modal>
  );
}

function Pick({ onPick }: { onPick: (item: Item) => void }) {
  const { t } = useTranslation("characters");
  const clips = useInfiniteQuery(finishedClips());
  const all = clips.data?.pages.flatMap((page) => page.data).filter((one) => one.media.video && (one.seconds ?? 0) >= 1) ?? [];
  if (clips.error) return <Broken thrown={clips.error} again={() => void clips.refetch()} compact />;
  if (clips.isPending) return <Skeleton height={240} />;
  if (all.length === 0) {
    return (
      <Empty
        icon={IconMovie}
        title={t("noClips")}
        action={<Button renderRoot={(props) => <Link to="/" {...props} />}>{t("noClipsAct")}</Button>}
      >
        {t("noClipsText")}
      </Empty>
    );
  }
  return (
    <>
      <div className={classes.clips}>
        {all.map((item) => {
          const title = item.name || item.prompt || item.id;
          return (
            <button
              key={item.id}
              type="button"
              className={classes.pick}
              style={{ aspectRatio: Math.max(0.6, ratioOf(item)) }}
              aria-label={title}
              title={title}
              onClick={() => onPick(item)}
            >
              <Scrub media={item.media} label="" />
            </button>
          );
        })}
      </div>
      {clips.hasNextPage ? (
        <Button mt="sm" variant="default" loading={clips.isFetchingNextPage} onClick={() => void clips.fetchNextPage()}>
          {t("older")}
        </Button>
      ) : null}
    </>
  );
}

function Cut({ item, onBack, onDone }: { item: Item; onBack: (() => void) | null; onDone: () => void }) {
  const { t } = useTranslation("characters");
  const client = useQueryClient();
  const length = item.media.seconds ?? item.seconds ?? 3;
  const [span, setSpan] = useState<Span>({ from: 0, to: Math.min(3, length) });
  const [name, setName] = useState("");
  const [state, setState] = useState<{ busy: boolean; thrown: unknown }>({ busy: false, thrown: null });
  const video = useRef<HTMLVideoElement>(null);
  const move = (next: Span, at: number) => {
    setSpan(next);
    if (video.current) video.current.currentTime = at;
  };
  const stay = () => {
    const it = video.current;
    if (it && !it.paused && (it.currentTime >= span.to || it.currentTime < span.from - 0.2)) it.currentTime = span.from;
  };
  const make = async () => {
    if (!name.trim()) return;
    setState({ busy: true, thrown: null });
    try {
      await keepCharacter(item, span.from, span.to, name.trim());
      await client.invalidateQueries({ queryKey: libraryKeys.live });
      onDone();
    } catch (thrown) {
      setState({ busy: false, thrown });
    }
  };
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <video
        ref={video}
        className={classes.clip}
        src={item.media.video ?? undefined}
        poster={item.media.poster ?? undefined}
        muted
        playsInline
        controls
        preload="auto"
        onTimeUpdate={stay}
        aria-label={t("preview")}
      />
      <Filmstrip item={item} length={length} span={span} onChange={move} />
      <TextInput
        label={t("name")}
        description={t("nameHint")}
        maxLength={80}
        required
        value={name}
        data-autofocus
        onChange={(event) => setName(event.currentTarget.value)}
      />
      {state.thrown ? <Broken thrown={state.thrown} compact /> : null}
      <div className={classes.buttons}>
        <Button type="submit" disabled={!name.trim()} loading={state.busy}>
          {t("make")}
        </Button>
        {onBack ? (
          <Button variant="default" leftSection={<IconArrowLeft size={15} />} onClick={onBack}>
            {t("another")}
          </Button>
        ) : null}
      </div>
    </form>
  );
}
