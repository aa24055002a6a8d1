import { ActionIcon, Button, Checkbox, CopyButton, PasswordInput, Select, Skeleton } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Detail } from "@/api/library";
import { endShare, makeShare, type Share, sharesOf } from "@/api/shares";
import { Broken } from "@/components/broken";
import { IconCheck, IconCopy, IconLock, IconTrash } from "@/components/icons";
import { moment } from "@/lib/format";
import classes from "./video.module.css";

const DAY_MS = 86_400_000;
const DAYS = ["1", "7", "30", "never"] as const;

/** Links that show the clip to people without an account. */
export function Sharing({ item }: { item: Detail }) {
  const { t } = useTranslation("video");
  const client = useQueryClient();
  const shares = useQuery(sharesOf(item.id));
  const [made, setMade] = useState<Share | null>(null);
  const [thrown, setThrown] = useState<unknown>(null);
  const refresh = () => void client.invalidateQueries({ queryKey: sharesOf(item.id).queryKey });
  const end = async (id: string) => {
    try {
      await endShare(item.id, id);
      if (made?.id === id) setMade(null);
    } catch (wrong) {
      setThrown(wrong);
    }
    refresh();
  };
  if (item.status !== "completed") return <p className={classes.hint}>{t("share.notYet")}</p>;
  const open = shares.data?.filter((one) => one.revoked_at === null) ?? [];
  return (
    <>
      <p className={classes.hint}>{t("share.text")}</p>
      <NewLink
        id={item.id}
        onMade={(share) => {
          setMade(share);
          refresh();
        }}
      />
      {made?.path ? <Told path={made.path} /> : null}
      {thrown ? <Broken thrown={thrown} compact /> : null}
      {shares.error ? <Broken thrown={shares.error} again={() => void shares.refetch()} compact /> : null}
      {shares.isPending ? <Skeleton height={48} /> : null}
      {open.length > 0 ? <h2>{t("share.open")}</h2> : null}
      {open.map((share) => (
        <Line key={share.id} share={share} onEnd={() => void end(share.id)} />
      ))}
    </>
  );
}

function NewLink({ id, onMade }: { id: string; onMade: (share: Share) => void }) {
  const { t } = useTranslation("video");
  const [days, setDays] = useState<(typeof DAYS)[number]>("7");
  const [password, setPassword] = useState("");
  const [hidden, setHidden] = useState(false);
  const [state, setState] = useState<{ busy: boolean; thrown: unknown }>({ busy: false, thrown: null });
  const make = async () => {
    setState({ busy: true, thrown: null });
    try {
      const until = days === "never" ? null : Date.now() + Number(days) * DAY_MS;
      onMade(await makeShare(id, { expires_at: until, password: password || null, hide_prompt: hidden }));
      setPassword("");
      setState({ busy: false, thrown: null });
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
      <Select
        label={t("share.expiry")}
        data={DAYS.map((value) => ({ value, label: t(`share.days.${value}`) }))}
        value={days}
        allowDeselect={false}
        onChange={(value) => setDays((value ?? "7") as (typeof DAYS)[number])}
      />
      <PasswordInput
        label={t("share.password")}
        placeholder={t("share.noPassword")}
        autoComplete="new-password"
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <Checkbox label={t("share.hide")} checked={hidden} onChange={(event) => setHidden(event.currentTarget.checked)} />
      {state.thrown ? <Broken thrown={state.thrown} compact /> : null}
      <Button type="submit" loading={state.busy}>
        {t("share.make")}
      </Button>
    </form>
  );
}

function Told({ path }: { path: string }) {
  const { t } = useTranslation("video");
  const link = new URL(path, window.location.origin).href;
  return (
    <div className={classes.told} role="status">
      <p>{t("share.once")}</p>
      <div className={classes.link}>
        <code>{link}</code>
        <CopyButton value={link}>
          {({ copied, copy }) => (
            <Button
              size="compact-sm"
              variant="default"
              leftSection={copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
              onClick={copy}
            >
              {t(copied ? "copied" : "copy")}
            </Button>
          )}
        </CopyButton>
      </div>
    </div>
  );
}

function Line({ share, onEnd }: { share: Share; onEnd: () => void }) {
  const { t, i18n } = useTranslation("video");
  const ended = share.expires_at !== null && share.expires_at < Date.now();
  const until = share.expires_at === null ? t("share.never") : moment(share.expires_at, i18n.language);
  return (
    <div className={classes.share}>
      <div>
        <div>{t(ended ? "share.ended" : "share.until", { until })}</div>
        <div className={classes.hint}>
          {share.has_password ? <IconLock size={12} aria-label={t("share.locked")} /> : null}{" "}
          {t("share.opened", { count: share.opened })}
          {share.hide_prompt ? ` · ${t("share.hidden")}` : ""}
        </div>
      </div>
      <ActionIcon aria-label={t("share.end")} title={t("share.end")} onClick={onEnd}>
        <IconTrash size={16} />
      </ActionIcon>
    </div>
  );
}
