import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { installationKeys, setSetting, type Tuned } from "@/api/installation";
import { useDo } from "@/api/use-do";
import { Broken } from "@/components/broken";
import { Editor } from "./editor";
import { SettingHistory } from "./history";
import { useSaid } from "./said";
import classes from "./settings.module.css";

/** One setting: what it does, how it stands, how it came to that, and how it is changed. */
export function Setting({ one }: { one: Tuned }) {
  const { t, i18n } = useTranslation(["settings", "common"]);
  const said = useSaid(one);
  const [open, setOpen] = useState<"edit" | "history" | null>(null);
  const put = useDo((value: unknown) => setSetting(one.key, value), installationKeys.settings, t("saved"), true);
  const close = () => {
    put.reset();
    setOpen(null);
  };
  const save = (value: unknown) => put.mutate(value, { onSuccess: close });
  return (
    <li className={classes.setting}>
      <div className={classes.line}>
        <div className={classes.what}>
          <code className={classes.key}>{one.key}</code>
          <p className={classes.help}>{i18n.language.startsWith("zh") ? one.help.zh : one.help.en}</p>
        </div>
        <div className={classes.value}>
          <span className={`num ${classes.now}`}>{said(one.value)}</span>
          {one.is_set ? (
            <span className={classes.default}>
              <span className={classes.changed}>{t("changed")}</span>
              {t("default", { value: said(one.default) })}
            </span>
          ) : null}
        </div>
        <div className={classes.actions}>
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => setOpen("edit")}
            aria-label={t("changeNamed", { key: one.key })}
          >
            {t("change")}
          </Button>
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            aria-expanded={open === "history"}
            aria-label={t("historyNamed", { key: one.key })}
            onClick={() => setOpen(open === "history" ? null : "history")}
          >
            {t("history")}
          </Button>
        </div>
      </div>
      {open === "edit" ? (
        <div className={classes.open}>
          <Editor one={one} busy={put.isPending} onSave={save} onClose={close} />
          {put.error ? <Broken thrown={put.error} compact /> : null}
        </div>
      ) : null}
      {open === "history" ? (
        <div className={classes.open}>
          <SettingHistory one={one} busy={put.isPending} onBack={(value) => put.mutate(value)} />
          {put.error ? <Broken thrown={put.error} compact /> : null}
        </div>
      ) : null}
    </li>
  );
}
