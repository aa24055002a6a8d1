import { Button, PasswordInput, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Credentials } from "@/api/session";
import { asFailure, type Failure } from "@/lib/failure";
import classes from "./entry.module.css";

type Props = {
  /** Whose password it is, where that is already known. */
  username?: string | null;
  go: string;
  send: (who: Credentials & { name?: string }) => Promise<void>;
};

/** A name and a password, typed twice; what the server objects to stands at the field it is about. */
export function AccountForm({ username, go, send }: Props) {
  const { t } = useTranslation("entry");
  const [who, setWho] = useState({ username: username ?? "", name: "", password: "", again: "" });
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const differ = who.again !== "" && who.again !== who.password;
  const set = (part: Partial<typeof who>) => setWho((before) => ({ ...before, ...part }));
  const at = (param: string) => (failure?.param === param ? failure.message : undefined);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (who.again !== who.password) return;
    setBusy(true);
    setFailure(null);
    try {
      await send({ username: who.username.trim(), password: who.password, name: who.name.trim() || undefined });
    } catch (thrown) {
      setFailure(asFailure(thrown));
    } finally {
      setBusy(false);
    }
  };
  const elsewhere = failure && !["username", "password", "name"].includes(failure.param ?? "");
  return (
    <form className={classes.form} onSubmit={(event) => void submit(event)}>
      {username ? null : (
        <>
          <TextInput
            label={t("account.username")}
            required
            autoFocus
            autoComplete="username"
            value={who.username}
            error={at("username")}
            onChange={(event) => set({ username: event.currentTarget.value })}
          />
          <TextInput
            label={t("account.name")}
            autoComplete="name"
            value={who.name}
            error={at("name")}
            onChange={(event) => set({ name: event.currentTarget.value })}
          />
        </>
      )}
      <PasswordInput
        label={t("account.password")}
        description={t("account.passwordHint")}
        required
        autoComplete="new-password"
        value={who.password}
        error={at("password")}
        onChange={(event) => set({ password: event.currentTarget.value })}
      />
      <PasswordInput
        label={t("account.again")}
        required
        autoComplete="new-password"
        value={who.again}
        error={differ ? t("account.differ") : undefined}
        onChange={(event) => set({ again: event.currentTarget.value })}
      />
      {elsewhere ? (
        <p className={classes.wrong} role="alert">
          {failure.message}
        </p>
      ) : null}
      <Button type="submit" loading={busy} disabled={differ}>
        {go}
      </Button>
    </form>
  );
}
