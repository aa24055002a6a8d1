import { Button, Modal, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { closeUserKey, keysOf, makeUserKey, type NewUserKey, peopleKeys, type UserKey, type Whole } from "@/api/people";
import { useDo } from "@/api/use-do";
import { Broken } from "@/components/broken";
import { Confirm } from "@/components/confirm";
import { IconPlus } from "@/components/icons";
import { Once } from "@/components/once";
import { Line, Lines, Panel } from "@/components/panel";
import { ago, money } from "@/lib/format";
import classes from "./users.module.css";

/** The keys of somebody: what each may spend, what it spent, and how it is closed. */
export function UserKeys({ whole }: { whole: Whole }) {
  const { t } = useTranslation("users");
  const found = useQuery(keysOf(whole.user.id));
  const [making, setMaking] = useState(false);
  const living = found.data?.filter((key) => key.revokedAt === null) ?? [];
  return (
    <Panel
      title={t("keys.title")}
      text={t("keys.text")}
      action={
        whole.projects.length > 0 ? (
          <Button variant="default" size="compact-sm" leftSection={<IconPlus size={15} />} onClick={() => setMaking(true)}>
            {t("keys.new")}
          </Button>
        ) : null
      }
    >
      {found.error ? <Broken thrown={found.error} again={() => void found.refetch()} compact /> : null}
      {found.data && living.length === 0 ? <p className={classes.none}>{t("keys.none")}</p> : null}
      <Lines>
        {living.map((key) => (
          <KeyLine key={key.id} one={key} />
        ))}
      </Lines>
      {making ? <NewKeyForm whole={whole} onClose={() => setMaking(false)} /> : null}
    </Panel>
  );
}

function KeyLine({ one }: { one: UserKey }) {
  const { t, i18n } = useTranslation("users");
  const [sure, setSure] = useState(false);
  const close = useDo(() => closeUserKey(one.id), peopleKeys.users, t("keys.closed"), true);
  const when = (text: string | null) => (text ? ago(Date.parse(text), Date.now(), i18n.language) : "");
  const parts = [
    `…${one.hint}`,
    one.lastUsedAt ? t("keys.used", { when: when(one.lastUsedAt) }) : t("keys.unused"),
    one.expiresAt ? t("keys.expires", { when: when(one.expiresAt) }) : null,
    one.budget && one.currency
      ? t(`keys.budget.${one.window ?? "total"}`, {
          spent: money(one.spent ?? "0", one.currency, i18n.language),
          of: money(one.budget, one.currency, i18n.language),
        })
      : t("keys.noBudget"),
  ];
  return (
    <>
      <Line
        title={one.name}
        detail={parts.filter(Boolean).join(" · ")}
        actions={
          <Button size="compact-sm" variant="subtle" color="red" onClick={() => setSure(true)}>
            {t("keys.close")}
          </Button>
        }
      />
      {sure ? (
        <Confirm
          title={t("keys.closeNamed", { name: one.name })}
          verb={t("keys.close")}
          busy={close.isPending}
          thrown={close.error}
          onYes={() => close.mutate(undefined, { onSuccess: () => setSure(false) })}
          onClose={() => setSure(false)}
        >
          <p>{t("keys.closeEffect")}</p>
        </Confirm>
      ) : null}
    </>
  );
}

function NewKeyForm({ whole, onClose }: { whole: Whole; onClose: () => void }) {
  const { t } = useTranslation(["users", "common"]);
  const [name, setName] = useState("");
  const [projectId, setProjectId] = useState(whole.projects[0]?.id ?? "");
  const [budget, setBudget] = useState("");
  const [window, setWindow] = useState<"day" | "month" | "total">("month");
  const [days, setDays] = useState("");
  const make = useDo((body: NewUserKey) => makeUserKey(body), peopleKeys.users, undefined, true);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const limits = { budget: budget.trim() || null, window, days: days ? Number(days) : null };
    make.mutate({ name: name.trim(), userId: whole.user.id, projectId, ...limits });
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("keys.newFor", { name: whole.user.name })}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      {make.data ? (
        <Once text={t("keys.once")} secret={make.data.key} />
      ) : (
        <form className={classes.stack} onSubmit={submit}>
          <TextInput
            label={t("keys.name")}
            required
            data-autofocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Select
            label={t("keys.project")}
            allowDeselect={false}
            value={projectId}
            onChange={(value) => setProjectId(value ?? projectId)}
            data={whole.projects.map((one) => ({ value: one.id, label: one.name }))}
          />
          <div className={classes.two}>
            <TextInput
              label={t("keys.most")}
              description={t("keys.mostHint")}
              inputMode="decimal"
              value={budget}
              onChange={(event) => setBudget(event.currentTarget.value)}
            />
            <Select
              label={t("keys.windowLabel")}
              description={t("keys.windowHint")}
              allowDeselect={false}
              value={window}
              onChange={(value) => setWindow(value ?? "month")}
              data={(["day", "month", "total"] as const).map((value) => ({ value, label: t(`keys.window.${value}`) }))}
            />
          </div>
          <Select
            label={t("keys.days")}
            allowDeselect={false}
            value={days}
            onChange={(value) => setDays(value ?? "")}
            data={[
              { value: "", label: t("keys.always") },
              ...(["7", "30", "90", "365"] as const).map((value) => ({ value, label: t(`invites.lasts.d${value}`) })),
            ]}
          />
          {make.error ? <Broken thrown={make.error} compact /> : null}
          <Button type="submit" loading={make.isPending} disabled={name.trim() === ""}>
            {t("keys.make")}
          </Button>
        </form>
      )}
    </Modal>
  );
}
