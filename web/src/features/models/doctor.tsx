import { Button, Checkbox, Skeleton } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { examine, type Finding, operatedKeys } from "@/api/operated";
import { useDo } from "@/api/use-do";
import { Broken } from "@/components/broken";
import { IconAlertTriangle, IconCircleCheck } from "@/components/icons";
import { Panel } from "@/components/panel";
import classes from "./models.module.css";

const SHOWN = 12;

/** Asks every provider for its own list of models and says where it differs from what is set up here. */
export function Doctor() {
  const { t } = useTranslation("models");
  const [learn, setLearn] = useState(false);
  const look = useDo((keep: boolean) => examine(keep), operatedKeys.models, undefined, true);
  return (
    <Panel
      title={t("doctor.title")}
      action={
        <Button variant="default" loading={look.isPending} onClick={() => look.mutate(learn)}>
          {t(look.data ? "doctor.again" : "doctor.open")}
        </Button>
      }
    >
      <Checkbox size="xs" label={t("doctor.learn")} checked={learn} onChange={(event) => setLearn(event.currentTarget.checked)} />
      {look.error ? <Broken thrown={look.error} again={() => look.mutate(learn)} compact /> : null}
      {look.isPending ? (
        <div role="status">
          <p className="quiet">{t("doctor.running")}</p>
          <Skeleton height={52} radius={8} animate={false} />
        </div>
      ) : null}
      {look.data ? (
        <div className={classes.findings} role="status">
          <p className={classes.verdict} data-sound={look.data.sound}>
            {look.data.sound ? <IconCircleCheck size={17} stroke={1.7} /> : <IconAlertTriangle size={17} stroke={1.7} />}
            {t(look.data.sound ? "doctor.sound" : "doctor.unsound")}
          </p>
          {look.data.channels.map((one) => (
            <OfChannel key={one.channel} one={one} />
          ))}
        </div>
      ) : null}
    </Panel>
  );
}

function OfChannel({ one }: { one: Finding }) {
  const { t, i18n } = useTranslation("models");
  const differences = one.differences ?? [];
  const learned = one.learned ?? [];
  const said =
    one.state === "compared" ? t("doctor.states.compared", { count: one.listed ?? 0 }) : t(`doctor.states.${one.state}`);
  return (
    <section className={classes.finding} aria-label={one.channel}>
      <h3>
        {one.channel} <span className={classes.detail}>{one.dialect}</span>
      </h3>
      <p className={classes.detail}>
        {said} {one.state === "compared" && differences.length === 0 ? t("doctor.same") : null}
      </p>
      <ul className={classes.differences}>
        {differences.slice(0, SHOWN).map((found) => (
          <li key={`${found.kind} ${found.model} ${found.what ?? ""}`} data-kind={found.kind}>
            <span className={classes.id}>{found.model}</span> <span>{t(`doctor.kinds.${found.kind}`)}</span>
            {found.what ? (
              <span className={classes.detail}>
                {" "}
                {t("doctor.differs", { what: found.what, here: found.here ?? "", there: found.there ?? "" })}
              </span>
            ) : null}
          </li>
        ))}
      </ul>
      {differences.length > SHOWN ? (
        <p className={classes.detail}>{t("doctor.more", { count: differences.length - SHOWN })}</p>
      ) : null}
      {learned.length > 0 ? (
        <p className={classes.detail}>{t("doctor.learned", { list: new Intl.ListFormat(i18n.language).format(learned) })}</p>
      ) : null}
    </section>
  );
}
