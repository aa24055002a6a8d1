import { Collapse, SegmentedControl, TextInput, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import type { Model } from "@/api/types";
import { IconChevronRight } from "@/components/icons";
import classes from "./create.module.css";
import type { Draft } from "./draft";
import type { Change } from "./state";

type Props = { draft: Draft; change: Change; model: Model };

/** What few people touch. What this model does not take is shown with the reason. */
export function Advanced({ draft, change, model }: Props) {
  const { t } = useTranslation("create");
  const able = model.video;
  const set = Boolean(draft.seed || draft.negative) || draft.audio !== null || draft.watermark !== null;
  const [open, { toggle }] = useDisclosure(set);
  const title = able.title;
  return (
    <div>
      <UnstyledButton className={classes.disclose} onClick={toggle} aria-expanded={open}>
        <IconChevronRight size={15} className={open ? classes.turned : undefined} />
        {t("advanced.title")}
      </UnstyledButton>
      <Collapse expanded={open}>
        <div className={classes.advanced}>
          <TextInput
            size="xs"
            label={t("advanced.seed")}
            placeholder={t("advanced.seedHint")}
            inputMode="numeric"
            disabled={!able.seed}
            description={able.seed ? undefined : t("advanced.not", { model: title })}
            error={draft.seed !== "" && !/^\d+$/.test(draft.seed) ? t("advanced.seedWrong") : undefined}
            value={draft.seed}
            onChange={(event) => change({ seed: event.currentTarget.value.trim() })}
          />
          <TextInput
            size="xs"
            label={t("advanced.negative")}
            placeholder={t("advanced.negativeHint")}
            disabled={!able.negative_prompt}
            description={able.negative_prompt ? undefined : t("advanced.not", { model: title })}
            value={draft.negative}
            onChange={(event) => change({ negative: event.currentTarget.value })}
          />
          <Switch
            label={t("advanced.audio")}
            offered={able.audio_switch}
            why={
              able.audio === null
                ? t("advanced.not", { model: title })
                : t(able.audio ? "advanced.always" : "advanced.silent", { model: title })
            }
            value={draft.audio}
            onChange={(audio) => change({ audio })}
          />
          <Switch
            label={t("advanced.watermark")}
            offered={able.watermark}
            why={t("advanced.not", { model: title })}
            value={draft.watermark}
            onChange={(watermark) => change({ watermark })}
          />
        </div>
      </Collapse>
    </div>
  );
}

type SwitchProps = {
  label: string;
  offered: boolean;
  why: string;
  value: boolean | null;
  onChange: (value: boolean | null) => void;
};

function Switch({ label, offered, why, value, onChange }: SwitchProps) {
  const { t } = useTranslation("create");
  return (
    <div>
      <div className={classes.switchLabel}>{label}</div>
      {offered ? (
        <SegmentedControl
          size="xs"
          aria-label={label}
          value={value === null ? "auto" : value ? "on" : "off"}
          onChange={(next) => onChange(next === "auto" ? null : next === "on")}
          data={[
            { value: "auto", label: t("advanced.auto") },
            { value: "on", label: t("advanced.on") },
            { value: "off", label: t("advanced.off") },
          ]}
        />
      ) : (
        <div className={classes.why}>{why}</div>
      )}
    </div>
  );
}
