import { Alert, Button, Modal, Select, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { type Alias, type Heir, heirsOf, type OperatedModel, operatedKeys, putAlias, removeAlias } from "@/api/operated";
import { useDo } from "@/api/use-do";
import { Broken } from "@/components/broken";
import { Confirm } from "@/components/confirm";
import { IconAlertTriangle, IconPlus } from "@/components/icons";
import { Line, Lines, Panel } from "@/components/panel";
import { lackWord } from "./facts";
import classes from "./models.module.css";
import { Sunset } from "./sunset";

export type Draft = { name: string; model: string; fixed: boolean };
export const NOTHING: Draft = { name: "", model: "", fixed: false };

type Props = { aliases: Alias[]; models: OperatedModel[]; onEdit: (draft: Draft) => void };

/** Names that stand for models, and whether they still lead somewhere. */
export function Aliases({ aliases, models, onEdit }: Props) {
  const { t } = useTranslation("models");
  const [going, setGoing] = useState<Alias | null>(null);
  return (
    <Panel
      title={t("aliases.title")}
      text={t("aliases.text")}
      action={
        <Button
          variant="default"
          leftSection={<IconPlus size={15} />}
          disabled={models.length === 0}
          onClick={() => onEdit(NOTHING)}
        >
          {t("aliases.new")}
        </Button>
      }
    >
      {aliases.length === 0 ? <p className="quiet">{t("aliases.none")}</p> : null}
      <Lines>
        {aliases.map((alias) => (
          <Line
            key={alias.name}
            title={
              <span className={classes.pair}>
                <span className={classes.id}>{alias.name}</span>
                <span className="quiet">{t("aliases.leads", { model: alias.model })}</span>
              </span>
            }
            detail={alias.served ? (alias.own ? t("aliases.own") : null) : t("aliases.deadText", { model: alias.model })}
            state={
              alias.served ? (
                alias.sunset ? (
                  <Sunset ends={alias.sunset} />
                ) : null
              ) : (
                <span className={classes.sunset} data-state="ended">
                  <IconAlertTriangle size={14} stroke={1.7} aria-hidden="true" />
                  {t("aliases.dead")}
                </span>
              )
            }
            actions={
              <>
                <Button
                  size="compact-sm"
                  variant="default"
                  onClick={() => onEdit({ name: alias.name, model: alias.model, fixed: true })}
                >
                  {t("aliases.edit")}
                </Button>
                <Button size="compact-sm" variant="subtle" color="red" onClick={() => setGoing(alias)}>
                  {t("aliases.remove")}
                </Button>
              </>
            }
          />
        ))}
      </Lines>
      {going ? <Remove alias={going} onClose={() => setGoing(null)} /> : null}
    </Panel>
  );
}

function Remove({ alias, onClose }: { alias: Alias; onClose: () => void }) {
  const { t } = useTranslation("models");
  const remove = useDo(() => removeAlias(alias.name), operatedKeys.all, t("aliases.removed", { name: alias.name }), true);
  return (
    <Confirm
      title={t("aliases.removeTitle", { name: alias.name })}
      verb={t("aliases.remove")}
      busy={remove.isPending}
      thrown={remove.error}
      onYes={() => remove.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    >
      <p>{t(alias.own ? "aliases.removeOwn" : "aliases.removeText", { name: alias.name })}</p>
    </Confirm>
  );
}

/** Lets a name stand for a living model; warns of one that is about to end. */
export function AliasForm({ draft, models, onClose }: { draft: Draft; models: OperatedModel[]; onClose: () => void }) {
  const { t } = useTranslation(["models", "common"]);
  const [name, setName] = useState(draft.name);
  const [model, setModel] = useState(draft.model);
  const [asked] = useDebouncedValue(name.trim(), 300);
  const heirs = useQuery(heirsOf(asked));
  const save = useDo(
    () => putAlias(name.trim(), model),
    operatedKeys.all,
    t("aliases.saved", { name: name.trim(), model }),
    true,
  );
  const own = models.filter((one) => one.alias_of === null);
  const chosen = own.find((one) => one.id === model);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate(undefined, { onSuccess: onClose });
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={draft.fixed ? t("form.edit", { name: draft.name }) : t("form.new")}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <form className={classes.form} onSubmit={submit}>
        <TextInput
          label={t("form.name")}
          description={t("form.nameHint")}
          required
          data-autofocus={draft.fixed ? undefined : true}
          disabled={draft.fixed}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Select
          label={t("form.model")}
          required
          searchable
          value={model || null}
          onChange={(value) => setModel(value ?? "")}
          data={own.map((one) => ({ value: one.id, label: one.id, disabled: one.id === name.trim() }))}
        />
        {chosen?.sunset ? (
          <Alert color="yellow" icon={<IconAlertTriangle size={18} />} role="alert">
            {t(chosen.sunset.state === "ended" ? "form.warnEnded" : "form.warnEnding", {
              model: chosen.id,
              day: chosen.sunset.day,
            })}
          </Alert>
        ) : null}
        {heirs.data && heirs.data.length > 0 ? <Fitting heirs={heirs.data} onUse={setModel} /> : null}
        {save.error ? <Broken thrown={save.error} compact /> : null}
        <div className={classes.buttons}>
          <Button variant="default" onClick={onClose}>
            {t("common:cancel")}
          </Button>
          <Button
            type="submit"
            loading={save.isPending}
            disabled={name.trim() === "" || model === "" || chosen?.sunset?.state === "ended"}
          >
            {t("form.go")}
          </Button>
        </div>
      </form>
    </Modal>
  );
}

function Fitting({ heirs, onUse }: { heirs: Heir[]; onUse: (model: string) => void }) {
  const { t } = useTranslation("models");
  return (
    <div>
      <p className={classes.label}>{t("form.heirs")}</p>
      <HeirList heirs={heirs} word={(model) => t("form.use", { model })} onUse={onUse} />
    </div>
  );
}

/** Living models that could take a name's place, with what they cannot do. */
export function HeirList({
  heirs,
  word,
  onUse,
}: {
  heirs: readonly Heir[];
  word: (model: string) => string;
  onUse: (model: string) => void;
}) {
  const { t, i18n } = useTranslation("models");
  const join = new Intl.ListFormat(i18n.language, { type: "conjunction" });
  const said = (lack: string) => {
    const word = lackWord(lack);
    const seconds = /^(\d+) s$/.exec(lack);
    return word ? t(word) : seconds ? t("lack.seconds", { count: Number(seconds[1]) }) : lack;
  };
  return (
    <ul className={classes.heirs}>
      {heirs.map((heir) => (
        <li key={heir.model}>
          <span className={classes.id}>{heir.model}</span>
          <span className={classes.detail}>
            {[
              t("score", { percent: Math.round(heir.score * 100) }),
              (heir.lacks ?? []).length > 0 ? t("lacks", { list: join.format((heir.lacks ?? []).map(said)) }) : null,
            ]
              .filter(Boolean)
              .join(", ")}
          </span>
          <Button size="compact-sm" variant="default" onClick={() => onUse(heir.model)}>
            {word(heir.model)}
          </Button>
        </li>
      ))}
    </ul>
  );
}
