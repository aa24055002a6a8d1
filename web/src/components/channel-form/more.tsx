import { NumberInput, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import classes from "./channel-form.module.css";
import type { Draft } from "./draft";
import { modelsOf } from "./settings";

type Props = { draft: Draft; set: (part: Partial<Draft>) => void; wrong: (name: string) => string | undefined };

/** What is rarely changed about a channel: whose turn it is, how often it is asked, what it costs here. */
export function More({ draft, set, wrong }: Props) {
  const { t } = useTranslation("channels");
  const price = (model: string, part: "per_second" | "per_clip", value: string) => {
    const before = draft.prices[model] ?? { per_second: "", per_clip: "" };
    set({ prices: { ...draft.prices, [model]: { ...before, [part]: value } } });
  };
  const models = Object.keys(modelsOf(draft.models));
  return (
    <>
      <div className={classes.two}>
        <NumberInput
          label={t("form.priority")}
          description={t("form.priorityHint")}
          value={draft.priority}
          error={wrong("priority")}
          onChange={(value) => set({ priority: Number(value) || 0 })}
        />
        <NumberInput
          label={t("form.weight")}
          description={t("form.weightHint")}
          min={0}
          value={draft.weight}
          error={wrong("weight")}
          onChange={(value) => set({ weight: Number(value) || 0 })}
        />
        <TextInput
          label={t("form.pollPolicy")}
          description={t("form.pollPolicyHint")}
          value={draft.poll_policy}
          error={wrong("poll_policy")}
          onChange={(event) => set({ poll_policy: event.currentTarget.value })}
        />
        <NumberInput
          label={t("form.pollSeconds")}
          description={t("form.pollSecondsHint")}
          min={0.1}
          max={3600}
          value={draft.poll_seconds ?? ""}
          error={wrong("poll_seconds")}
          onChange={(value) => set({ poll_seconds: value === "" ? null : Number(value) })}
        />
      </div>
      {models.length > 0 && models.length <= 40 ? (
        <fieldset className={classes.prices}>
          <legend>{t("form.prices")}</legend>
          <p className="quiet">{t("form.pricesHint")}</p>
          {models.map((model) => (
            <div key={model} className={classes.price}>
              <span>{model}</span>
              <TextInput
                aria-label={t("form.perSecondOf", { model })}
                placeholder={t("form.perSecond")}
                inputMode="decimal"
                value={draft.prices[model]?.per_second ?? ""}
                error={wrong(`prices.${model}.per_second`)}
                onChange={(event) => price(model, "per_second", event.currentTarget.value)}
              />
              <TextInput
                aria-label={t("form.perClipOf", { model })}
                placeholder={t("form.perClip")}
                inputMode="decimal"
                value={draft.prices[model]?.per_clip ?? ""}
                error={wrong(`prices.${model}.per_clip`)}
                onChange={(event) => price(model, "per_clip", event.currentTarget.value)}
              />
            </div>
          ))}
        </fieldset>
      ) : null}
    </>
  );
}
