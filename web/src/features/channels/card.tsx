import { Badge, Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Channel, channelKeys, deleteChannel, tryChannel, turnChannel, type Word } from "@/api/channels";
import { useDo } from "@/api/use-do";
import { TrialReport } from "@/components/channel-form/trial";
import { Confirm } from "@/components/confirm";
import { IconAlertTriangle, IconCircleCheck } from "@/components/icons";
import classes from "./channels.module.css";
import { Health } from "./health";

type Props = { channel: Channel; onEdit: (() => void) | null; onKeys: () => void };

/** One account: how it stands, why, and what can be done about it. */
export function Card({ channel, onEdit, onKeys }: Props) {
  const { t } = useTranslation("channels");
  const models = Object.keys(channel.models);
  const endings = Object.entries(channel.endings);
  const down = channel.keys.filter((key) => key.enabled && (!key.readable || key.health.state !== "well"));
  return (
    <article className={classes.card} aria-label={channel.name}>
      <header className={classes.top}>
        <div>
          <h2 className={classes.name}>{channel.name}</h2>
          <p className={classes.detail}>{[channel.dialect, channel.base_url].filter(Boolean).join(" · ")}</p>
        </div>
        <State channel={channel} />
      </header>
      {channel.health.state === "well" ? null : <Health health={channel.health} />}
      <dl className={classes.facts}>
        <div>
          <dt>{t("facts.open")}</dt>
          <dd className="num">{t("facts.lanes", { used: channel.open_tasks, of: channel.concurrency })}</dd>
        </div>
        <div>
          <dt>{t("facts.keys")}</dt>
          <dd className="num">
            {channel.keys.length || (channel.has_secret ? 1 : t("facts.noKey"))}
            {down.length > 0 ? <span className={classes.warn}> {t("facts.keysDown", { count: down.length })}</span> : null}
          </dd>
        </div>
        <div>
          <dt>{t("facts.models")}</dt>
          <dd>{models.slice(0, 4).join(", ") + (models.length > 4 ? ` +${models.length - 4}` : "")}</dd>
        </div>
      </dl>
      {endings.map(([model, ends]) => (
        <Badge key={model} variant="outline" tt="none" fw={500} color={ends.state === "announced" ? "gray" : "red"}>
          {t(ends.state === "ended" ? "ended" : "ends", { model, day: ends.day })}
        </Badge>
      ))}
      <Actions channel={channel} onEdit={onEdit} onKeys={onKeys} />
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

type Asked = "pause" | "remove";

function Actions({ channel, onEdit, onKeys }: Props) {
  const { t } = useTranslation("channels");
  const turn = useDo((word: Word) => turnChannel(channel.id, word), channelKeys.all);
  const trial = useDo(() => tryChannel(channel.id), channelKeys.all);
  const remove = useDo(() => deleteChannel(channel.id), channelKeys.all, t("removed", { name: channel.name }), true);
  const [asked, setAsked] = useState<Asked | null>(null);
  const close = () => setAsked(null);
  const quiet = { size: "compact-sm", variant: "subtle", color: "gray" } as const;
  // Without work of its own nothing is lost by pausing, and it is taken back by one click.
  const pause = () => (channel.open_tasks > 0 ? setAsked("pause") : turn.mutate("pause"));
  return (
    <footer>
      <div className={classes.actions}>
        <Button size="compact-sm" variant="default" loading={trial.isPending} onClick={() => trial.mutate()}>
          {t("test")}
        </Button>
        <Button {...quiet} onClick={onKeys}>
          {t("keys.open")}
        </Button>
        {onEdit ? (
          <Button {...quiet} onClick={onEdit}>
            {t("edit")}
          </Button>
        ) : null}
        {channel.switch === "enabled" ? (
          <>
            <Button {...quiet} onClick={pause}>
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
        {channel.switch === "enabled" && !channel.usable ? (
          <Button {...quiet} onClick={() => turn.mutate("resume")}>
            {t("retry")}
          </Button>
        ) : null}
        {onEdit && channel.switch !== "enabled" ? (
          <Button {...quiet} color="red" disabled={channel.open_tasks > 0} onClick={() => setAsked("remove")}>
            {t("remove")}
          </Button>
        ) : null}
      </div>
      {trial.data ? <TrialReport trial={trial.data} /> : null}
      {asked === "pause" ? (
        <Confirm
          title={t("pauseTitle", { name: channel.name })}
          verb={t("pause")}
          onYes={() => {
            close();
            turn.mutate("pause");
          }}
          onClose={close}
        >
          <p>{t("pauseText", { count: channel.open_tasks })}</p>
        </Confirm>
      ) : null}
      {asked === "remove" ? (
        <Confirm
          title={t("removeTitle", { name: channel.name })}
          verb={t("sure")}
          busy={remove.isPending}
          thrown={remove.error}
          onYes={() => remove.mutate(undefined, { onSuccess: close })}
          onClose={close}
        >
          <p>{t("removeText", { models: Object.keys(channel.models).join(", ") })}</p>
        </Confirm>
      ) : null}
    </footer>
  );
}
