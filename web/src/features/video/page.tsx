import { ActionIcon, Button, Menu, Skeleton, Tabs, Tooltip } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate, useParams, useRouter } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { fileAddress } from "@/api/download";
import { changeItem, type Detail, doToMany, libraryKeys, oneItem } from "@/api/library";
import { keepLastFrame } from "@/api/lineage";
import { keepPicture } from "@/api/videos";
import { Broken } from "@/components/broken";
import { Cancel, Decide } from "@/components/deciding";
import { Empty } from "@/components/empty";
import {
  IconArrowBackUp,
  IconArrowLeft,
  IconDots,
  IconDownload,
  IconFrame,
  IconHeart,
  IconHeartFilled,
  IconMovie,
  IconPencil,
  IconPlayerTrackNext,
  IconRefresh,
  IconTrash,
  IconWand,
} from "@/components/icons";
import { Player } from "@/components/player";
import { Progress } from "@/components/progress";
import { ratioOf } from "@/components/scrub";
import { asFailure } from "@/lib/failure";
import { Attempts } from "./attempts";
import { Failed } from "./failed";
import { Recipe } from "./recipe";
import { Sharing } from "./sharing";
import classes from "./video.module.css";

const Lineage = lazy(() => import("./lineage"));

/** One clip, large, with everything about it. */
export function VideoPage() {
  const { t } = useTranslation("video");
  const { id = "" } = useParams({ strict: false }) as { id?: string };
  const found = useQuery(oneItem(id));
  if (found.isPending) return <Waiting />;
  if (found.error) {
    if (asFailure(found.error).status === 404) {
      return (
        <Empty icon={IconMovie} title={t("gone.title")}>
          {t("gone.text")}
        </Empty>
      );
    }
    return <Broken thrown={found.error} again={() => void found.refetch()} />;
  }
  return <Shown key={id} item={found.data} />;
}

function Waiting() {
  return (
    <div className={classes.page} aria-busy="true">
      <div className={classes.stage}>
        <Skeleton radius="md" style={{ aspectRatio: "16 / 9", maxHeight: "66vh" }} />
      </div>
      <div className={classes.panel}>
        <Skeleton height={32} />
        <Skeleton height={120} mt={16} />
      </div>
    </div>
  );
}

export type Way = "reuse" | "remix" | "edit" | "extend" | "frame";

/** The ways from a clip into the composer. */
function useWays(item: Detail) {
  const navigate = useNavigate();
  const go = (as: Way, file?: string, from = item.id) => void navigate({ to: "/", search: { from, as, file } as never });
  const refused = (thrown: unknown) => notifications.show({ color: "red", message: asFailure(thrown).message });
  return {
    go,
    lastFrame: () => keepLastFrame(item.id).then((kept) => go("frame", kept.file_id), refused),
    thisFrame: (grab: () => Promise<Blob>) =>
      grab()
        .then((blob) => keepPicture(blob, "frame.png"))
        .then((kept) => go("frame", kept.id), refused),
  };
}

function Shown({ item }: { item: Detail }) {
  const { t } = useTranslation("video");
  const ways = useWays(item);
  const [tab, setTab] = useState<string | null>("recipe");
  const title = item.name || item.prompt || item.id;
  const done = item.status === "completed" && Boolean(item.media.video);
  useHotkeys([["r", () => ways.go("reuse")]]);
  return (
    <div className={classes.page}>
      <div className={classes.stage}>
        <Head item={item} title={title} />
        {done ? (
          <Player
            src={item.media.video ?? ""}
            poster={item.media.poster ?? null}
            ratio={ratioOf(item)}
            label={title}
            sheet={item.media.spritesheet}
            extra={(grab) => (
              <Tooltip label={t("act.thisFrame")}>
                <ActionIcon aria-label={t("act.thisFrame")} onClick={() => void ways.thisFrame(grab)}>
                  <IconFrame size={17} />
                </ActionIcon>
              </Tooltip>
            )}
          />
        ) : (
          <Unfinished item={item} onUse={() => ways.go("reuse")} />
        )}
        {done ? <Ways ways={ways} /> : null}
      </div>
      <div className={classes.panel}>
        <Tabs value={tab} onChange={setTab} keepMounted={false}>
          <Tabs.List grow>
            <Tabs.Tab value="recipe">{t("tabs.recipe")}</Tabs.Tab>
            <Tabs.Tab value="lineage">{t("tabs.lineage")}</Tabs.Tab>
            <Tabs.Tab value="attempts">{t("tabs.attempts")}</Tabs.Tab>
            <Tabs.Tab value="share">{t("tabs.share")}</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="recipe" className={classes.tab}>
            <Recipe item={item} onUse={() => ways.go("reuse")} />
          </Tabs.Panel>
          <Tabs.Panel value="lineage" className={classes.tab}>
            <Suspense fallback={<Skeleton height={360} />}>
              <Lineage item={item} onBranch={(id) => ways.go("remix", undefined, id)} />
            </Suspense>
          </Tabs.Panel>
          <Tabs.Panel value="attempts" className={classes.tab}>
            <Attempts item={item} />
          </Tabs.Panel>
          <Tabs.Panel value="share" className={classes.tab}>
            <Sharing item={item} />
          </Tabs.Panel>
        </Tabs>
      </div>
    </div>
  );
}

function Head({ item, title }: { item: Detail; title: string }) {
  const { t } = useTranslation("video");
  const client = useQueryClient();
  const router = useRouter();
  const navigate = useNavigate();
  const back = () => (window.history.length > 1 ? router.history.back() : void navigate({ to: "/library" }));
  const address = fileAddress(item);
  const keep = async (work: () => Promise<unknown>) => {
    try {
      await work();
    } catch (thrown) {
      notifications.show({ color: "red", message: asFailure(thrown).message });
    }
    void client.invalidateQueries({ queryKey: libraryKeys.live });
    void client.resetQueries({ queryKey: libraryKeys.lists });
  };
  const heart = () =>
    keep(async () => {
      client.setQueryData(libraryKeys.item(item.id), await changeItem(item.id, { favourite: !item.favourite }));
    });
  const trash = () =>
    keep(async () => {
      await doToMany({ action: item.trashed_at ? "restore" : "trash", ids: [item.id] });
      if (!item.trashed_at) back();
    });
  useHotkeys([
    ["f", () => void heart()],
    ["Delete", () => void trash()],
    ["Escape", back],
  ]);
  return (
    <div className={classes.head}>
      <ActionIcon aria-label={t("back")} onClick={back}>
        <IconArrowLeft size={18} />
      </ActionIcon>
      <h1 title={title}>{title}</h1>
      <ActionIcon aria-label={t("favourite")} aria-pressed={item.favourite} onClick={() => void heart()}>
        {item.favourite ? <IconHeartFilled size={18} className={classes.lit} /> : <IconHeart size={18} />}
      </ActionIcon>
      {address ? (
        <Tooltip label={t("download")}>
          <ActionIcon component="a" href={address} download aria-label={t("download")}>
            <IconDownload size={18} />
          </ActionIcon>
        </Tooltip>
      ) : null}
      <Menu position="bottom-end" width={200}>
        <Menu.Target>
          <ActionIcon aria-label={t("more")}>
            <IconDots size={18} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            color={item.trashed_at ? undefined : "red"}
            leftSection={<IconTrash size={15} />}
            onClick={() => void trash()}
          >
            {t(item.trashed_at ? "restore" : "trash")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </div>
  );
}

/** What can be made of a finished clip. */
function Ways({ ways }: { ways: ReturnType<typeof useWays> }) {
  const { t } = useTranslation("video");
  const [busy, setBusy] = useState(false);
  const last = async () => {
    setBusy(true);
    await ways.lastFrame();
    setBusy(false);
  };
  return (
    <div className={classes.ways}>
      <Button leftSection={<IconArrowBackUp size={16} />} onClick={() => ways.go("reuse")}>
        {t("act.use")}
      </Button>
      <Button variant="default" leftSection={<IconRefresh size={16} />} onClick={() => ways.go("remix")}>
        {t("act.remix")}
      </Button>
      <Button variant="default" leftSection={<IconPencil size={16} />} onClick={() => ways.go("edit")}>
        {t("act.edit")}
      </Button>
      <Button variant="default" leftSection={<IconWand size={16} />} onClick={() => ways.go("extend")}>
        {t("act.extend")}
      </Button>
      <Button variant="default" loading={busy} leftSection={<IconPlayerTrackNext size={16} />} onClick={() => void last()}>
        {t("act.lastFrame")}
      </Button>
    </div>
  );
}

function Unfinished({ item, onUse }: { item: Detail; onUse: () => void }) {
  const { t } = useTranslation("video");
  const ended = item.status === "failed" || item.status === "cancelled";
  const decides = item.status === "unconfirmed";
  const stops = item.status === "queued" || item.status === "submitting" || item.status === "running";
  if (ended) return <Failed item={item} onUse={onUse} />;
  return (
    <div className={classes.waiting} style={{ aspectRatio: ratioOf(item) }}>
      {item.status === "completed" ? (
        <p>{t("noClip")}</p>
      ) : (
        <Progress
          word={item.status}
          percent={item.progress}
          sinceMs={item.started_at ?? item.created_at}
          usual={item.usual?.p50 ?? null}
        />
      )}
      {decides ? <p className={classes.hint}>{t("unconfirmed")}</p> : null}
      {decides ? <Decide item={item} /> : null}
      {stops ? <Cancel item={item} /> : null}
    </div>
  );
}
