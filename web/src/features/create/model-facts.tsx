import { Badge, Tooltip } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Model } from "@/api/types";
import { duration, money } from "@/lib/format";
import classes from "./create.module.css";

/** Price and usual time, as far as they are known. */
export function Facts({ model }: { model: Model }) {
  const { t, i18n } = useTranslation("create");
  const parts: string[] = [];
  const { price, usual, generative } = model.video;
  if (!generative) parts.push(t("model.draws"));
  else if (price && Number(price.per_second) > 0) {
    parts.push(t("model.perSecond", { price: money(price.per_second, price.currency, i18n.language) }));
  } else if (price && Number(price.per_clip) > 0) {
    parts.push(t("model.perClip", { price: money(price.per_clip, price.currency, i18n.language) }));
  } else parts.push(t("model.noPrice"));
  if (usual) {
    const time = duration(usual.p50, i18n.language);
    parts.push(usual.source === "measured" ? t("model.usually", { time }) : t("model.said", { time }));
  }
  return <span className={classes.facts}>{parts.join(" · ")}</span>;
}

/** When a model ends, where that is known. */
export function Ending({ model }: { model: Model }) {
  const { t } = useTranslation("create");
  const ends = model.sunset;
  if (!ends) return null;
  return (
    <Tooltip label={t("model.endsHint", { day: ends.day })}>
      <Badge size="sm" variant="outline" color={ends.state === "announced" ? "gray" : "red"}>
        {ends.state === "ended" ? t("model.ended") : t("model.ends", { count: ends.days_left })}
      </Badge>
    </Tooltip>
  );
}
