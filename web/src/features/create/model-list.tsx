import { ScrollArea, TextInput, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Model } from "@/api/types";
import { IconCheck, IconSearch } from "@/components/icons";
import classes from "./create.module.css";
import { Ending, Facts } from "./model-facts";

/** Every model with what it can do, costs, takes, and when it ends. */
export default function List({ all, model, onPick }: { all: Model[]; model: Model; onPick: (model: Model) => void }) {
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
        autoFocus
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
