import { TextInput, Tooltip, UnstyledButton } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { Model } from "@/api/types";
import { aspectOf, sides } from "@/lib/format";
import classes from "./create.module.css";
import type { Draft } from "./draft";
import { aspectChoices, resolutionOf, secondsChoices, sizeFor, sizesOf } from "./fit";
import type { Change } from "./state";

type Props = { draft: Draft; change: Change; all: Model[]; model: Model };

/** What the model can be told about the clip, drawn from what it says it can do. */
export function Options({ draft, change, all, model }: Props) {
  const { t } = useTranslation("create");
  const able = model.video;
  const seconds = draft.seconds ?? able.seconds_default;
  const size = draft.size ?? able.size_default;
  const aspect = aspectOf(size);
  const ownSizes = sizesOf(able).filter((one) => aspectOf(one) === aspect);
  const span = able.seconds !== null && !Array.isArray(able.seconds) ? able.seconds : null;
  const many = Array.isArray(able.seconds) && able.seconds.length > 12 ? able.seconds : null;
  return (
    <div className={classes.options}>
      <Row label={t("options.seconds")}>
        {secondsChoices(able, all).map(({ value, possible }) => (
          <Chip
            key={value}
            on={value === seconds}
            impossible={possible ? null : t("options.noSeconds", { model: able.title })}
            onPick={() => change({ seconds: value })}
          >
            {t("options.s", { count: value })}
          </Chip>
        ))}
        {span || many ? (
          <TextInput
            size="xs"
            w={84}
            type="number"
            aria-label={t("options.seconds")}
            min={span?.min ?? many?.[0]}
            max={span?.max ?? many?.at(-1)}
            value={seconds}
            onChange={(event) => change({ seconds: Number(event.currentTarget.value) || null })}
          />
        ) : null}
      </Row>
      <Row label={t("options.aspect")}>
        {aspectChoices(able).map(({ value, possible }) => (
          <Chip
            key={value}
            on={value === aspect}
            impossible={possible ? null : t("options.noAspect", { model: able.title })}
            onPick={() => change({ size: sizeFor(able, value, size) })}
          >
            <Shape aspect={value} />
            {value}
          </Chip>
        ))}
      </Row>
      {ownSizes.length > 1 ? (
        <Row label={t("options.size")}>
          {ownSizes.map((one) => (
            <Chip
              key={one}
              on={one === size}
              impossible={null}
              hint={one.replace("x", " × ")}
              onPick={() => change({ size: one })}
            >
              {resolutionOf(one)}
            </Chip>
          ))}
        </Row>
      ) : null}
      <Row label={t("options.variations")}>
        {[1, 2, 3, 4].map((count) => (
          <Chip key={count} on={count === draft.variations} impossible={null} onPick={() => change({ variations: count })}>
            {count}
          </Chip>
        ))}
      </Row>
    </div>
  );
}

function Row({ label, children }: { label: string; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out as a grid row everywhere
    <div className={classes.row} role="group" aria-label={label}>
      <span className={classes.label}>{label}</span>
      <div className={classes.chips}>{children}</div>
    </div>
  );
}

type ChipProps = { on: boolean; impossible: string | null; hint?: string; onPick: () => void; children: ReactNode };

/** One value to pick; one that cannot be had stays to be seen, struck, and says why. */
export function Chip({ on, impossible, hint, onPick, children }: ChipProps) {
  return (
    <Tooltip label={impossible ?? hint} disabled={!impossible && !hint} multiline maw={260}>
      <UnstyledButton
        className={classes.chip}
        aria-pressed={on}
        aria-disabled={impossible !== null || undefined}
        data-struck={impossible !== null || undefined}
        onClick={() => {
          if (impossible === null) onPick();
        }}
      >
        {children}
      </UnstyledButton>
    </Tooltip>
  );
}

function Shape({ aspect }: { aspect: string }) {
  const found = sides(aspect.replace(":", "x")) ?? { width: 16, height: 9 };
  const scale = 12 / Math.max(found.width, found.height);
  return (
    <span className={classes.shape} style={{ width: found.width * scale, height: found.height * scale }} aria-hidden="true" />
  );
}
