import { Badge, Button, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { allChannels, type Channel, channelKeys, deleteChannel, tryChannel, turnChannel, type Word } from "@/api/channels";
import { useDo } from "@/api/use-do";
import { Broken } from "@/components/broken";
import { Empty } from "@/components/empty";
import { IconAlertTriangle, IconCircleCheck, IconPlug, IconPlus } from "@/components/icons";
import { useMay } from "@/lib/session";
import classes from "./channels.module.css";
import { ChannelForm } from "./form";

/** Every account clips are made with: how it stands, what it serves, and how it ends. */
export function ChannelsPage() {
  const { t } = useTranslation("channels");
  const found = useQuery(allChannels);
  const admin = useMay("admin");
  const [form, setForm] = useState<Channel | "new" | null>(null);
  const add = admin ? (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setForm("new")}>
      {t("add")}
    </Button>
  ) : null;
  return (
    <div className={classes.page}>
      <header className={classes.head}>
        <div>
          <h1 className={classes.title}>{t("title")}</h1>
          <p className="quiet">{t("text")}</p>
        </div>
        {add}
      </header>
      {found.error ? <Broken thrown={found.error} again={() => void found.refetch()} /> : null}
      {found.isPending ? <Skeleton height={140} radius={12} animate={false} /> : null}
      {found.data?.length === 0 ? (
        <Empty icon={IconPlug} title={t("none")} action={add}>
          {t("noneText")}
        </Empty>
      ) : null}
      <div className={classes.cards}>
        {found.data?.map((channel) => (
          <Card key={channel.id} channel={channel} onEdit={admin ? () => setForm(channel) : null} />
        ))}
      </div>
      {form ? <ChannelForm channel={form === "new" ? null : form} onClose={() => setForm(null)} /> : null}
    </div>
  );
}

function Card({ channel, onEdit }: { channel: Channel; onEdit: (() => void) | null }) {
  const { t } = useTranslation("channels");
  const models = Object.keys(channel.models);
  const endings = Object.entries(channel.endings);
  return (
    <article className={classes.card} aria-label={channel.name}>
      <header className={classes.top}>
        <div>
          <h2 className={classes.name}>{channel.name}</h2>
          <p className={classes.detail}>{[channel.dialect, channel.base_url].filter(Boolean).join(" · ")}</p>
        </div>
        <State channel={channel} />
      </header>
      <dl className={classes.facts}>
        <div>
          <dt>{t("facts.open")}</dt>
          <dd className="num">{t("facts.lanes", { used: channel.open_tasks, of: channel.concurrency })}</dd>
        </div>
        <div>
          <dt>{t("facts.keys")}</dt>
          <dd className="num">{channel.keys.length || (channel.has_secret ? 1 : t("facts.noKey"))}</dd>
        </div>
        <div>
          <dt>{t("facts.models")}</dt>
          <dd>{models.slice(0, 4).join(", ") + (models.length > 4 ? ` +${models.length - 4}` : "")}</dd>
        </div>
      </dl>
      {endings.map(([model, ends]) => (
        <Badge key={model} variant="outline" color={ends.state === "announced" ? "gray" : "red"}>
          {t("ends", { model, day: ends.day })}
        </Badge>
      ))}
      <Actions channel={channel} onEdit={onEdit} />
    </article>
  );
}

function State({ channel }: { channel: Channel }) {
  const { t } = useTranslation("channels");
  const word = channel.usable ? "usable" : channel.switch === "enabled" ? "resting" : channel.switch;
  return (
    <span className={classes.state} data-word={word}>
      {channel.usable ? <IconCircleCheck size={16} stroke={1.7} /> : <IconAlertTriangle size={16} stroke={1.7} />}
      {t(`state.${word}`)}
    </span>
  );
}

function Actions({ channel, onEdit }: { channel: Channel; onEdit: (() => void) | null }) {
  const { t } = useTranslation("channels");
  const turn = useDo((word: Word) => turnChannel(channel.id, word), channelKeys.all);
  const trial = useDo(() => tryChannel(channel.id), channelKeys.all);
  const remove = useDo(() => deleteChannel(channel.id), channelKeys.all);
  const [sure, setSure] = useState(false);
  const quiet = { size: "compact-sm", variant: "subtle", color: "gray" } as const;
  return (
    <footer>
      <div className={classes.actions}>
        <Button size="compact-sm" variant="default" loading={trial.isPending} onClick={() => trial.mutate()}>
          {t("test")}
        </Button>
        {onEdit ? (
          <Button {...quiet} onClick={onEdit}>
            {t("edit")}
          </Button>
        ) : null}
        {channel.switch === "enabled" ? (
          <>
            <Button {...quiet} onClick={() => turn.mutate("pause")}>
              {t("pause")}
            </Button>
            <Button {...quiet} onClick={() => turn.mutate("drain")}>
              {t("drain")}
            </Button>
          </>
        ) : (
          <Button {...quiet} onClick={() => turn.mutate("resume")}>
            {t("resume")}
          </Button>
        )}
        {onEdit && channel.switch !== "enabled" ? (
          <Button
            {...quiet}
            color="red"
            variant={sure ? "filled" : "subtle"}
            disabled={channel.open_tasks > 0}
            onClick={() => (sure ? remove.mutate() : setSure(true))}
            onBlur={() => setSure(false)}
          >
            {t(sure ? "sure" : "remove")}
          </Button>
        ) : null}
      </div>
      {trial.data ? (
        <div className={classes.trial} role="status" data-works={trial.data.works}>
          <p>{t(trial.data.works ? "trial.works" : "trial.broken")}</p>
          {(trial.data.report.missing ?? []).length > 0 ? (
            <p>{t("trial.missing", { list: (trial.data.report.missing ?? []).join(", ") })}</p>
          ) : null}
          {(trial.data.report.sealed ?? []).map((reason) => (
            <p key={reason}>{reason}</p>
          ))}
        </div>
      ) : null}
    </footer>
  );
}
