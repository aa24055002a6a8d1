import { Button, Modal, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Doubt, decideAnybodys, deskKeys, type Verdict } from "@/api/desk";
import { useDo } from "@/api/use-do";
import { Broken } from "@/components/broken";
import { Line, Lines, Panel } from "@/components/panel";
import { ago, money } from "@/lib/format";
import classes from "./desk.module.css";

/** What waits for somebody's word. */
export function Doubts({ found }: { found: Doubt[] }) {
  const { t, i18n } = useTranslation("desk");
  const [at, setAt] = useState<Doubt | null>(null);
  const detail = (one: Doubt) =>
    [
      one.model,
      t("doubts.was", { channel: one.channel ?? t("why.gone"), when: ago(one.created_at * 1000, Date.now(), i18n.language) }),
      t("held", { amount: money(one.held, one.currency, i18n.language) }),
      one.ref ? t("ref", { ref: one.ref }) : null,
      one.disputed ? t("doubts.over") : null,
    ]
      .filter(Boolean)
      .join(" · ");
  return (
    <div className={classes.doubts}>
      <Panel title={t("doubts.title")} text={t("doubts.text")}>
        <Lines>
          {found.map((one) => (
            <Line
              key={one.id}
              title={one.prompt ?? <code>{one.id}</code>}
              detail={detail(one)}
              actions={
                <Button size="compact-sm" onClick={() => setAt(one)}>
                  {t("doubts.decide")}
                </Button>
              }
            />
          ))}
        </Lines>
      </Panel>
      {at ? <Decide doubt={at} onClose={() => setAt(null)} /> : null}
    </div>
  );
}

function Decide({ doubt, onClose }: { doubt: Doubt; onClose: () => void }) {
  const { t } = useTranslation(["queue", "desk", "common"]);
  const [ref, setRef] = useState(doubt.ref ?? "");
  const decide = useDo(
    (wish: { decision: Verdict; ref?: string }) => decideAnybodys(doubt.id, wish.decision, wish.ref),
    deskKeys.all,
    t("queue:decide.said"),
    true,
  );
  const go = (decision: Verdict, upstream?: string) => decide.mutate({ decision, ref: upstream }, { onSuccess: onClose });
  const may = (decision: Verdict) => doubt.decisions.includes(decision);
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={doubt.disputed ? t("desk:doubts.releaseTitle") : t("queue:decide.title")}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <p className={classes.detail}>
        <code>{doubt.id}</code>
      </p>
      {doubt.disputed ? null : <p>{t("queue:decide.text")}</p>}
      {decide.error ? <Broken thrown={decide.error} compact /> : null}
      <div className={classes.choices}>
        {may("exists") ? (
          <div className={classes.choice}>
            <div>
              <h3>{t("queue:decide.exists.title")}</h3>
              <p>{t("queue:decide.exists.text")}</p>
              <TextInput
                label={t("queue:decide.exists.ref")}
                value={ref}
                onChange={(event) => setRef(event.currentTarget.value.trim())}
              />
            </div>
            <Button variant="default" disabled={ref === ""} onClick={() => go("exists", ref)}>
              {t("queue:decide.exists.go")}
            </Button>
          </div>
        ) : null}
        {may("resend") ? (
          <Choice
            title={t("queue:decide.resend.title")}
            text={t("queue:decide.resend.text")}
            word={t("queue:decide.resend.go")}
            onGo={() => go("resend")}
          />
        ) : null}
        {may("give_up") ? (
          <Choice
            title={doubt.disputed ? t("desk:doubts.releaseTitle") : t("queue:decide.giveUp.title")}
            text={doubt.disputed ? t("desk:doubts.releaseText") : t("queue:decide.giveUp.text")}
            word={doubt.disputed ? t("desk:doubts.release") : t("queue:decide.giveUp.go")}
            onGo={() => go("give_up")}
          />
        ) : null}
      </div>
    </Modal>
  );
}

function Choice({ title, text, word, onGo }: { title: string; text: string; word: string; onGo: () => void }) {
  return (
    <div className={classes.choice}>
      <div>
        <h3>{title}</h3>
        <p>{text}</p>
      </div>
      <Button variant="default" onClick={onGo}>
        {word}
      </Button>
    </div>
  );
}
