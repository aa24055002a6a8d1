import { Button, Checkbox, CopyButton, Modal, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { accountKeys, type Key, kindsOfKeys, makeKey, type NewKey, ownKeys, revokeKey } from "@/api/account";
import { useDo } from "@/api/use-do";
import { Broken } from "@/components/broken";
import { IconCheck, IconCopy, IconPlus } from "@/components/icons";
import { Line, Lines, Panel } from "@/components/panel";
import { ago, money } from "@/lib/format";
import classes from "./account.module.css";

/** Keys for programs: what each may do and what it spent. */
export function Keys() {
  const { t } = useTranslation("account");
  const found = useQuery(ownKeys);
  const [open, setOpen] = useState(false);
  const living = found.data?.filter((key) => key.revokedAt === null) ?? [];
  return (
    <Panel
      title={t("keys.title")}
      text={t("keys.text")}
      action={
        <Button variant="default" leftSection={<IconPlus size={15} />} onClick={() => setOpen(true)}>
          {t("keys.new")}
        </Button>
      }
    >
      {found.error ? <Broken thrown={found.error} again={() => void found.refetch()} compact /> : null}
      {found.data && living.length === 0 ? <p className={classes.none}>{t("keys.none")}</p> : null}
      <Lines>
        {living.map((key) => (
          <KeyLine key={key.id} one={key} />
        ))}
      </Lines>
      {open ? <NewKeyForm onClose={() => setOpen(false)} /> : null}
    </Panel>
  );
}

function KeyLine({ one }: { one: Key }) {
  const { t, i18n } = useTranslation("account");
  const revoke = useDo(revokeKey, accountKeys.keys, t("keys.revoked"));
  const [sure, setSure] = useState(false);
  const when = (text: string | null) => (text ? ago(Date.parse(text), Date.now(), i18n.language) : null);
  const parts = [
    `…${one.hint}`,
    one.scopes.join(", "),
    one.models ? t("keys.models", { list: one.models.join(", ") }) : null,
    t("keys.usage", { count: one.usage.videos }),
    ...one.usage.charged.map(({ currency, amount }) => money(amount, currency, i18n.language)),
    one.lastUsedAt ? t("keys.used", { when: when(one.lastUsedAt) }) : t("keys.unused"),
    one.expiresAt ? t("keys.expires", { when: when(one.expiresAt) }) : null,
    one.budget && one.currency
      ? t("keys.budget", {
          spent: money(one.spent ?? "0", one.currency, i18n.language),
          of: money(one.budget, one.currency, i18n.language),
        })
      : null,
  ];
  return (
    <Line
      title={one.name}
      detail={parts.filter(Boolean).join(" · ")}
      actions={
        <Button
          size="compact-sm"
          variant={sure ? "filled" : "subtle"}
          color="red"
          onClick={() => (sure ? revoke.mutate(one.id) : setSure(true))}
          onBlur={() => setSure(false)}
        >
          {t(sure ? "keys.sure" : "keys.revoke")}
        </Button>
      }
    />
  );
}

function NewKeyForm({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation(["account", "common"]);
  const kinds = useQuery(kindsOfKeys);
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<string[] | null>(null);
  const [days, setDays] = useState<string>("");
  const [budget, setBudget] = useState("");
  const make = useDo((body: NewKey) => makeKey(body), accountKeys.keys);
  const chosen = scopes ?? kinds.data?.usual ?? [];
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate({
      name: name.trim(),
      scopes: chosen,
      days: days ? Number(days) : null,
      budget: budget.trim() || null,
      window: "month",
    });
  };
  return (
    <Modal opened onClose={onClose} title={t("keys.new")} closeButtonProps={{ "aria-label": t("common:close") }}>
      {make.data ? (
        <div className={classes.stack}>
          <p className={classes.once}>{t("keys.once")}</p>
          <code className={classes.secret}>{make.data}</code>
          <CopyButton value={make.data}>
            {({ copied, copy }) => (
              <Button leftSection={copied ? <IconCheck size={15} /> : <IconCopy size={15} />} onClick={copy}>
                {t(copied ? "common:copied" : "common:copy")}
              </Button>
            )}
          </CopyButton>
        </div>
      ) : (
        <form className={classes.stack} onSubmit={submit}>
          <TextInput
            label={t("keys.name")}
            required
            data-autofocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <Checkbox.Group label={t("keys.scopes")} value={chosen} onChange={setScopes}>
            <div className={classes.scopes}>
              {kinds.data?.scopes.map((scope) => (
                <Checkbox key={scope} size="xs" value={scope} label={scope} />
              ))}
            </div>
          </Checkbox.Group>
          <div className={classes.two}>
            <Select
              label={t("keys.days")}
              value={days}
              onChange={(value) => setDays(value ?? "")}
              data={[
                { value: "", label: t("keys.never") },
                ...["7", "30", "90", "365"].map((value) => ({ value, label: t("keys.inDays", { count: Number(value) }) })),
              ]}
            />
            <TextInput
              label={t("keys.month")}
              inputMode="decimal"
              value={budget}
              onChange={(event) => setBudget(event.currentTarget.value)}
            />
          </div>
          <Button type="submit" loading={make.isPending} disabled={name.trim() === "" || chosen.length === 0}>
            {t("keys.make")}
          </Button>
        </form>
      )}
    </Modal>
  );
}
