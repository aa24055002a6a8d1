import { useTranslation } from "react-i18next";
import type { OperatedModel } from "@/api/operated";
import { duration, money } from "@/lib/format";
import { isFree, spanned } from "./facts";
import classes from "./models.module.css";
import { Sunset } from "./sunset";

/** Every model in one row: where it leads, what it can do, costs and takes. */
export function Models({ models }: { models: OperatedModel[] }) {
  const { t } = useTranslation("models");
  return (
    <table className={classes.table}>
      <thead>
        <tr>
          <th scope="col">{t("head.model")}</th>
          <th scope="col">{t("head.leads")}</th>
          <th scope="col">{t("head.can")}</th>
          <th scope="col">{t("head.price")}</th>
          <th scope="col">{t("head.usual")}</th>
        </tr>
      </thead>
      <tbody>
        {models.map((model) => (
          <Row key={model.id} model={model} />
        ))}
      </tbody>
    </table>
  );
}

function Row({ model }: { model: OperatedModel }) {
  const { t } = useTranslation("models");
  const { video } = model;
  return (
    <tr>
      <th scope="row">
        <span className={classes.id}>{model.id}</span>
        {video.title === model.id ? null : <span className={classes.detail}>{video.title}</span>}
        {model.sunset ? <Sunset ends={model.sunset} /> : null}
      </th>
      <td data-label={t("head.leads")}>
        {model.alias_of ? <span className={classes.alias}>{t("standsFor", { model: model.alias_of })}</span> : null}
        <span className={classes.detail}>{model.channels.join(", ")}</span>
      </td>
      <td data-label={t("head.can")}>
        <Abilities model={model} />
      </td>
      <td data-label={t("head.price")} className="num">
        <Price model={model} />
      </td>
      <td data-label={t("head.usual")} className="num">
        <Usual model={model} />
      </td>
    </tr>
  );
}

function Abilities({ model }: { model: OperatedModel }) {
  const { t } = useTranslation("models");
  const { video } = model;
  const seconds = spanned(video.seconds);
  const verbs = video.verbs.filter((verb): verb is "create" | "remix" | "edit" | "extend" =>
    ["create", "remix", "edit", "extend"].includes(verb),
  );
  const roles = (["first_frame", "last_frame", "reference", "source_video", "audio"] as const).filter(
    (role) => (video.inputs[role] ?? 0) > 0,
  );
  const said = [
    ...verbs.map((verb) => t(`verbs.${verb}`)),
    ...roles.map((role) => t(`roles.${role}`)),
    video.audio ? t("audio") : null,
    video.seed ? t("seed") : null,
    video.characters > 0 ? t("characters") : null,
    video.generative ? null : t("still"),
  ].filter((word) => word !== null);
  const lengths = seconds === null ? null : "list" in seconds ? seconds.list : t("range", seconds);
  return (
    <>
      <span className={classes.chips}>
        {said.map((word) => (
          <span key={word} className={classes.chip}>
            {word}
          </span>
        ))}
      </span>
      <span className={classes.detail}>
        {[lengths ? t("seconds", { list: lengths }) : null, video.aspect_ratios?.join(" ")].filter(Boolean).join(" · ")}
      </span>
    </>
  );
}

function Price({ model }: { model: OperatedModel }) {
  const { t, i18n } = useTranslation("models");
  const { price } = model.video;
  if (!price) return <span className="faint">{t("noPrice")}</span>;
  if (isFree(price)) return <div>{t("free")}</div>;
  const parts = [
    Number(price.per_second) > 0 ? t("perSecond", { amount: money(price.per_second, price.currency, i18n.language) }) : null,
    Number(price.per_clip) > 0 ? t("perClip", { amount: money(price.per_clip, price.currency, i18n.language) }) : null,
  ];
  return (
    <>
      {parts.filter(Boolean).map((part) => (
        <div key={part}>{part}</div>
      ))}
    </>
  );
}

function Usual({ model }: { model: OperatedModel }) {
  const { t, i18n } = useTranslation("models");
  const { usual } = model.video;
  if (!usual) return null;
  const written = (seconds: number) => duration(seconds, i18n.language);
  return (
    <>
      <div>
        {usual.p90 === null
          ? t("usualHalf", { p50: written(usual.p50) })
          : t("usual", { p50: written(usual.p50), p90: written(usual.p90) })}
      </div>
      <span className={classes.detail}>{usual.source === "measured" ? t("measured", { count: usual.clips }) : t("profile")}</span>
    </>
  );
}
