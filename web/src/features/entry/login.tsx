import { Anchor, Button, PasswordInput, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { entryState, forgotPassword, sessionKeys, signIn } from "@/api/session";
import { Broken } from "@/components/broken";
import { asFailure, type Failure } from "@/lib/failure";
import classes from "./entry.module.css";
import { Frame } from "./frame";

/** Where somebody comes in. */
export function LoginPage() {
  const { t } = useTranslation("entry");
  const state = useQuery(entryState);
  if (state.data?.firstRun) {
    return (
      <Frame title={t("login.title")}>
        <div className={classes.note}>
          <p>{t("login.firstRun")}</p>
          <p>{t("login.firstRunAgain")}</p>
        </div>
      </Frame>
    );
  }
  return (
    <Frame title={t("login.title")}>
      {state.error ? <Broken thrown={state.error} again={() => void state.refetch()} compact /> : null}
      <LoginForm resets={state.data?.resets ?? false} />
      <div className={classes.or}>
        {state.data?.oidc.map((gate) => (
          <Button key={gate.id} variant="default" component="a" href={gate.url}>
            {t("login.with", { name: gate.name })}
          </Button>
        ))}
        {state.data?.registration === "open" ? (
          <Anchor component={Link} to="/invite">
            {t("login.register")}
          </Anchor>
        ) : null}
      </div>
    </Frame>
  );
}

/** Only addresses of our own pages are gone to after the sign-in. */
export function safeNext(next: string | undefined): string {
  return next && /^\/(?![/\\])/.test(next) ? next : "/";
}

function LoginForm({ resets }: { resets: boolean }) {
  const { t } = useTranslation("entry");
  const client = useQueryClient();
  const navigate = useNavigate();
  const { next } = useSearch({ strict: false });
  const [who, setWho] = useState({ username: "", password: "" });
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const [told, setTold] = useState<"forgotWho" | "forgotSent" | null>(null);
  const forgot = async () => {
    setFailure(null);
    setTold(who.username.trim() ? null : "forgotWho");
    if (!who.username.trim()) return;
    try {
      await forgotPassword(who.username.trim());
      setTold("forgotSent");
    } catch (thrown) {
      setFailure(asFailure(thrown));
    }
  };
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setFailure(null);
    try {
      await signIn(who);
      client.removeQueries({ queryKey: sessionKeys.me });
      await navigate({ href: safeNext(next) });
    } catch (thrown) {
      setFailure(asFailure(thrown));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form className={classes.form} onSubmit={(event) => void submit(event)}>
      <TextInput
        label={t("login.username")}
        required
        autoFocus
        autoComplete="username"
        value={who.username}
        onChange={(event) => setWho({ ...who, username: event.currentTarget.value })}
      />
      <PasswordInput
        label={t("login.password")}
        required
        autoComplete="current-password"
        value={who.password}
        onChange={(event) => setWho({ ...who, password: event.currentTarget.value })}
      />
      {failure ? (
        <p className={classes.wrong} role="alert">
          {failure.status === 401 ? t("login.wrong") : failure.message}
        </p>
      ) : null}
      <Button type="submit" loading={busy}>
        {t("login.go")}
      </Button>
      {resets ? (
        <Anchor component="button" type="button" size="sm" c="var(--rg-text-2)" onClick={() => void forgot()}>
          {t("login.forgot")}
        </Anchor>
      ) : null}
      {told ? (
        <p className={classes.note} role="status">
          {t(`login.${told}`)}
        </p>
      ) : null}
    </form>
  );
}
