import { Badge, Popover, ScrollArea, TextInput, Tooltip, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Model } from "@/api/types";
import { IconCheck, IconChevronDown, IconSearch } from "@/components/icons";
import { duration, money } from "@/lib/format";
import classes from "./create.module.css";

type Props = { all: Model[]; model: Model; choose: (model: Model) => void };

/** The model, and on opening every other one with what it can do, costs, takes, and when it ends. */
export function ModelPicker({ all, model, choose }: Props) {
  const { t } = useTranslation("create");
  const [open, { close, toggle, open: show }] = useDisclosure(false);
  return (
    <Popover
      opened={open}
      onChange={(next) => (next ? show() : close())}
      width="target"
      position="bottom-start"
      trapFocus
      returnFocus
    >
      <Popover.Target>
        <UnstyledButton className={classes.model} onClick={toggle} aria-label={t("model.choose", { model: model.video.title })}>
          <span className={classes.modelText}>
            <span className={classes.modelName}>{model.video.title}</span>
            <Facts model={model} />
          </span>
          <Ending model={model} />
          <IconChevronDown size={16} />
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown className={classes.modelList}>
        <List
          all={all}
          model={model}
          onPick={(next) => {
            choose(next);
            close();
          }}
        />
      </Popover.Dropdown>
    </Popover>
  );
}

function List({ all, model, onPick }: { all: Model[]; model: Model; onPick: (model: Model) => void }) {
  const { t } = useTranslation("create");
  const [text, setText] = useState("");
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = all.filter((one) => {
    const name = `${one.id} ${one.video.title} ${one.owned_by}`.toLowerCase();
    return words.every((word) => name.includes(word));
  });
  return (
    <>
      <TextInput
        data-autofocus
        size="sm"
        value={text}
        placeholder={t("model.search")}
        aria-label={t("model.search")}
        leftSection={<IconSearch size={15} />}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <ScrollArea.Autosize mah={360} type="auto" className={classes.models}>
        {found.length === 0 ? <p className={classes.nothing}>{t("model.none")}</p> : null}
        {found.map((one) => (
          <UnstyledButton
            key={one.id}
            className={classes.modelRow}
            aria-current={one.id === model.id || undefined}
            disabled={one.sunset?.state === "ended"}
            onClick={() => onPick(one)}
          >
            <span className={classes.modelText}>
              <span className={classes.modelName}>
                {one.video.title}
                {one.alias_of ? <span className="faint"> {t("model.alias", { of: one.alias_of })}</span> : null}
              </span>
              <Facts model={one} />
              <Can model={one} />
            </span>
            <Ending model={one} />
            {one.id === model.id ? <IconCheck size={16} /> : null}
          </UnstyledButton>
        ))}
      </ScrollArea.Autosize>
    </>
  );
}

/** Price and usual time, as far as they are known. */
function Facts({ model }: { model: Model }) {
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

function Can({ model }: { model: Model }) {
  const { t } = useTranslation("create");
  const able = model.video;
  const parts: string[] = [];
  if (Array.isArray(able.seconds))
    parts.push(
      t("model.seconds", {
        list: able.seconds.length > 6 ? `${able.seconds[0]}–${able.seconds.at(-1)}` : able.seconds.join(", "),
      }),
    );
  else if (able.seconds) parts.push(t("model.seconds", { list: `${able.seconds.min}–${able.seconds.max}` }));
  if (able.aspect_ratios) parts.push(able.aspect_ratios.slice(0, 4).join(" "));
  if (able.inputs.first_frame) parts.push(t("model.first"));
  if (able.inputs.last_frame) parts.push(t("model.last"));
  if (able.inputs.reference) parts.push(t("model.references", { count: able.inputs.reference }));
  if (able.audio) parts.push(t("model.sound"));
  return <span className={classes.can}>{parts.join(" · ")}</span>;
}

/** When a model ends, where that is known. */
function Ending({ model }: { model: Model }) {
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
