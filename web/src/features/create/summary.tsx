import { useTranslation } from "react-i18next";
import type { Model } from "@/api/types";
import { aspectOf, duration, money } from "@/lib/format";
import classes from "./create.module.css";
import type { Draft } from "./draft";
import type { Preview } from "./effective";

/** The wish in one line: model, length, shape, price, usual time. */
export function Summary({ draft, model, preview }: { draft: Draft; model: Model; preview: Preview }) {
  const { t, i18n } = useTranslation("create");
  const able = model.video;
  const seconds = draft.seconds ?? able.seconds_default;
  const size = draft.size ?? able.size_default;
  const parts = [able.title, t("options.s", { count: seconds }), aspectOf(size) ?? size];
  const price = preview.looked ? Number(preview.looked.quote.amount) : guess(model, seconds);
  const currency = preview.looked?.quote.currency ?? able.price?.currency ?? "USD";
  if (!able.generative) parts.push(t("summary.free"));
  else if (price !== null && price > 0) {
    parts.push(
      t("summary.about", {
        price: money(String(price * draft.variations * (1 + (draft.source?.others?.length ?? 0))), currency, i18n.language),
      }),
    );
  }
  const usual = preview.looked?.usual ?? able.usual;
  if (usual) parts.push(t("summary.usually", { time: duration(usual.p50, i18n.language) }));
  if (usual?.p90) parts.push(t("summary.most", { time: duration(usual.p90, i18n.language) }));
  return (
    <div>
      <p className={classes.summary}>{parts.join(" · ")}</p>
      {preview.failure ? (
        <p className={classes.refused} role="status">
          {preview.failure.message}
        </p>
      ) : null}
    </div>
  );
}

function guess(model: Model, seconds: number): number | null {
  const price = model.video.price;
  return price === null ? null : Number(price.per_second) * seconds + Number(price.per_clip);
}
