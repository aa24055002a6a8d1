import { ActionIcon, Button, CopyButton, Menu, Skeleton } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { oneItem } from "@/api/library";
import type { Model, Video } from "@/api/types";
import { contentUrl, deleteVideo, newestVideos, videoKeys } from "@/api/videos";
import { Broken } from "@/components/broken";
import { Empty } from "@/components/empty";
import {
  IconArrowBackUp,
  IconCopy,
  IconDots,
  IconDownload,
  IconMovie,
  IconRefresh,
  IconTrash,
  IconWand,
} from "@/components/icons";
import { Progress } from "@/components/progress";
import { Tile } from "@/components/tile";
import { asFailure, Failure, known } from "@/lib/failure";
import { restored } from "./arrive";
import classes from "./create.module.css";
import type { Change } from "./state";
import type { useWishes, Wish } from "./submit";

type Props = { models: Model[]; wishes: ReturnType<typeof useWishes>; onChange: Change };

/** The newest takes in their true shapes; what was just asked for stands first. */
export function Takes({ models, wishes, onChange }: Props) {
  const { t } = useTranslation("create");
  const list = useInfiniteQuery(newestVideos);
  const videos = list.data?.pages.flatMap((page) => page.data) ?? [];
  const nothing = list.isSuccess && videos.length === 0 && wishes.wishes.length === 0;
  return (
    <section className={classes.takes} aria-label={t("takes.label")}>
      {list.isPending ? <Skeletons /> : null}
      {list.error ? <Broken thrown={list.error} again={() => void list.refetch()} /> : null}
      {nothing ? (
        <Empty icon={IconMovie} title={t("takes.none")}>
          {t("takes.noneText")}
        </Empty>
      ) : null}
      <div className={classes.grid}>
        {wishes.wishes.map((wish) => (
          <WishTile key={wish.key} wish={wish} wishes={wishes} />
        ))}
        {videos.map((video) => (
          <Take key={video.id} video={video} model={models.find((one) => one.id === video.model)} onChange={onChange} />
        ))}
        <div className={classes.filler} />
      </div>
      {list.hasNextPage ? (
        <Button
          variant="default"
          className={classes.older}
          loading={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          {t("takes.older")}
        </Button>
      ) : null}
    </section>
  );
}

function Skeletons() {
  return (
    <div className={classes.grid} aria-busy="true">
      {[1.78, 0.56, 1.78, 1].map((ratio, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: four blanks that never move
        <Skeleton key={n} height={190} width={190 * ratio} radius={8} animate={false} />
      ))}
    </div>
  );
}

function WishTile({ wish, wishes }: { wish: Wish; wishes: ReturnType<typeof useWishes> }) {
  const { t } = useTranslation("create");
  const over = wish.failure ? (
    <div className={classes.failed}>
      <p>{wish.failure.message}</p>
      <Charged code={wish.failure.code} />
      <div className={classes.failedButtons}>
        <Button size="compact-xs" variant="default" onClick={() => void wishes.again(wish)}>
          {t("takes.again")}
        </Button>
        <Button size="compact-xs" variant="subtle" color="gray" onClick={() => wishes.forget(wish.key)}>
          {t("takes.forget")}
        </Button>
      </div>
    </div>
  ) : (
    <Progress word="submitting" percent={null} sinceMs={wish.sinceMs} usual={null} />
  );
  return (
    <Tile
      id={wish.key}
      size={wish.size}
      title={wish.body.prompt}
      done={false}
      reference={wish.reference}
      over={over}
      caption={<Caption text={wish.body.prompt} detail={wish.body.model ?? ""} />}
    />
  );
}

function Charged({ code }: { code: string }) {
  const { t } = useTranslation("failures");
  const entry = known(code);
  return entry ? <p className={classes.charged}>{t(`charge.${entry.charge}`)}</p> : null;
}

function Take({ video, model, onChange }: { video: Video; model: Model | undefined; onChange: Change }) {
  const { t } = useTranslation("create");
  const prompt = video.prompt ?? t("takes.noPrompt");
  const failed = video.status === "failed";
  const over = failed ? (
    <div className={classes.failed}>
      <p>{video.error?.message ?? t("takes.failed")}</p>
      <Charged code={video.error?.code ?? ""} />
      <Button
        size="compact-xs"
        variant="default"
        renderRoot={(props) => <Link to="/videos/$id" params={{ id: video.id }} {...props} />}
      >
        {t("takes.why")}
      </Button>
    </div>
  ) : (
    <Progress
      word={video.status}
      percent={video.progress > 0 ? video.progress : null}
      sinceMs={video.created_at * 1000}
      usual={model?.video.usual?.p50 ?? null}
    />
  );
  const detail = `${model?.video.title ?? video.model} · ${t("options.s", { count: Number(video.seconds) })}`;
  return (
    <Tile
      id={video.id}
      size={video.size}
      title={prompt}
      done={video.status === "completed"}
      over={over}
      caption={<Caption text={prompt} detail={detail} id={video.id} />}
      actions={<Actions video={video} onChange={onChange} />}
    />
  );
}

function Caption({ text, detail, id }: { text: string; detail: string; id?: string }) {
  return (
    <>
      <div className={classes.captionText} title={text}>
        {id ? (
          <Link to="/videos/$id" params={{ id }} className={classes.captionLink}>
            {text}
          </Link>
        ) : (
          text
        )}
      </div>
      <div className={classes.captionDetail}>{detail}</div>
    </>
  );
}

function Actions({ video, onChange }: { video: Video; onChange: Change }) {
  const { t } = useTranslation("create");
  const client = useQueryClient();
  const done = video.status === "completed";
  const open = video.status === "queued" || video.status === "in_progress";
  const reuse = async (as: "reuse" | "remix" | "extend") => {
    try {
      onChange(await restored(await client.fetchQuery(oneItem(video.id)), as));
    } catch (thrown) {
      notifications.show({ color: "red", message: asFailure(thrown).message });
    }
    document.getElementById("page")?.scrollTo({ top: 0, behavior: "smooth" });
  };
  const remove = async () => {
    try {
      await deleteVideo(video.id);
    } catch (thrown) {
      if (!(thrown instanceof Failure && thrown.status === 404)) throw thrown;
    }
    await client.invalidateQueries({ queryKey: videoKeys.lists });
  };
  return (
    <>
      <ActionIcon aria-label={t("takes.use")} title={t("takes.use")} onClick={() => void reuse("reuse")}>
        <IconArrowBackUp size={16} />
      </ActionIcon>
      {done ? (
        <ActionIcon aria-label={t("takes.remix")} title={t("takes.remix")} onClick={() => void reuse("remix")}>
          <IconRefresh size={16} />
        </ActionIcon>
      ) : null}
      <Menu position="bottom-end" width={200}>
        <Menu.Target>
          <ActionIcon aria-label={t("takes.more")}>
            <IconDots size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {done ? (
            <>
              <Menu.Item leftSection={<IconWand size={15} />} onClick={() => void reuse("extend")}>
                {t("takes.extend")}
              </Menu.Item>
              <Menu.Item
                leftSection={<IconDownload size={15} />}
                component="a"
                href={contentUrl(video.id, "video", true)}
                download
              >
                {t("takes.download")}
              </Menu.Item>
            </>
          ) : null}
          <CopyButton value={video.prompt ?? ""}>
            {({ copied, copy }) => (
              <Menu.Item leftSection={<IconCopy size={15} />} onClick={copy} closeMenuOnClick={false}>
                {t(copied ? "effective.copied" : "takes.copyPrompt")}
              </Menu.Item>
            )}
          </CopyButton>
          <Menu.Divider />
          <Menu.Item color="red" leftSection={<IconTrash size={15} />} onClick={() => void remove()}>
            {t(open ? "takes.cancel" : "takes.remove")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  );
}
