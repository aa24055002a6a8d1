import { useTranslation } from "react-i18next";
import type { Detail } from "@/api/library";
import { duration, moment } from "@/lib/format";
import { Copy } from "./recipe";
import classes from "./video.module.css";

/** Every paid submission of a clip, and by which ids it is known on either side. */
export function Attempts({ item }: { item: Detail }) {
  const { t, i18n } = useTranslation("video");
  return (
    <>
      <section>
        <h2>{t("attempts.ids")}</h2>
        <Id name={t("attempts.ours")} value={item.id} />
        {item.upstream_id ? <Id name={t("attempts.theirs")} value={item.upstream_id} /> : null}
      </section>
      {item.attempts.length === 0 ? <p className={classes.hint}>{t("attempts.none")}</p> : null}
      {item.attempts.map((one) => {
        const from = one.submitted_at ?? one.created_at;
        return (
          <section key={one.id} className={classes.attempt}>
            <div className={classes.sectionHead}>
              <h2>{t("attempts.number", { number: one.number })}</h2>
              <span className={classes.state} data-state={one.state}>
                {t(`attempts.states.${one.state}`)}
              </span>
            </div>
            <dl className={classes.facts}>
              {one.provider ? <Fact name={t("attempts.provider")} value={one.provider} /> : null}
              {one.channel ? <Fact name={t("attempts.channel")} value={one.channel} /> : null}
              <Fact name={t("attempts.model")} value={one.upstream_model} />
              <Fact name={t("attempts.sent")} value={moment(from, i18n.language)} />
              {one.ended_at ? (
                <Fact name={t("attempts.took")} value={duration((one.ended_at - from) / 1000, i18n.language)} />
              ) : null}
            </dl>
            {one.upstream_id && one.upstream_id !== item.upstream_id ? (
              <Id name={t("attempts.theirs")} value={one.upstream_id} />
            ) : null}
            {one.error ? <p className={classes.error}>{one.error.message}</p> : null}
          </section>
        );
      })}
    </>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Id({ name, value }: { name: string; value: string }) {
  return (
    <div className={classes.id}>
      <span>{name}</span>
      <code>{value}</code>
      <Copy text={value} />
    </div>
  );
}
