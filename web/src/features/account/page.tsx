import { Button, PasswordInput, Select, TextInput, useMantineColorScheme } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  accountKeys,
  changePassword,
  describe,
  EXPORT,
  endOtherSessions,
  endSession,
  LIBRARY_EXPORT,
  ownSessions,
} from "@/api/account";
import { prefer } from "@/api/preferences";
import { sessionKeys } from "@/api/session";
import { useDo } from "@/api/use-do";
import { Broken } from "@/components/broken";
import { IconArchive, IconDownload } from "@/components/icons";
import { NoticeWishes } from "@/components/notice-wishes";
import { Line, Lines, Panel } from "@/components/panel";
import { ago } from "@/lib/format";
import { chooseLanguage, type Language } from "@/lib/i18n";
import { useSession } from "@/lib/session";
import classes from "./account.module.css";
import { Hooks } from "./hooks";
import { Keys } from "./keys";

/** What belongs to the person who is signed in. */
export function AccountPage() {
  const { t } = useTranslation("account");
  const who = useSession();
  return (
    <div className={classes.page}>
      <h1 className={classes.title}>{t("title")}</h1>
      <Profile />
      <Look />
      <Keys />
      <Hooks />
      <Panel title={t("notices.title")} text={t("notices.text")}>
        <NoticeWishes mails />
      </Panel>
      <Sessions />
      {who.user.hasPassword ? <Password /> : null}
      <Panel title={t("export.title")} text={t("export.text")}>
        <div className={classes.exports}>
          <Button variant="default" component="a" href={EXPORT} download leftSection={<IconDownload size={15} />}>
            {t("export.go")}
          </Button>
          <Button variant="default" component="a" href={LIBRARY_EXPORT} download leftSection={<IconArchive size={15} />}>
            {t("export.library")}
          </Button>
        </div>
      </Panel>
    </div>
  );
}

function Profile() {
  const { t } = useTranslation("account");
  const who = useSession();
  const [name, setName] = useState(who.user.name);
  const [email, setEmail] = useState(who.user.email ?? "");
  const save = useDo(() => describe({ name: name.trim(), email: email.trim() }), sessionKeys.me, t("saved"));
  return (
    <Panel title={t("profile.title")} text={t("profile.text", { username: who.user.username })}>
      <form
        className={classes.fields}
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <TextInput label={t("profile.name")} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <TextInput
          label={t("profile.email")}
          type="email"
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" loading={save.isPending} disabled={name.trim() === ""}>
          {t("save")}
        </Button>
      </form>
    </Panel>
  );
}

/** How the studio looks and speaks, on this machine. */
function Look() {
  const { t, i18n } = useTranslation(["account", "shell"]);
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const client = useQueryClient();
  const keep = useDo((language: Language) => prefer(client, { language }), []);
  return (
    <Panel title={t("look.title")} text={t("look.text")}>
      <div className={classes.fields}>
        <Select
          label={t("shell:language")}
          value={i18n.language}
          allowDeselect={false}
          onChange={(value) => {
            if (!value) return;
            void chooseLanguage(value as Language);
            keep.mutate(value as Language);
          }}
          data={[
            { value: "en", label: t("shell:languages.en") },
            { value: "zh-CN", label: t("shell:languages.zh") },
          ]}
        />
        <Select
          label={t("shell:theme.label")}
          value={colorScheme}
          allowDeselect={false}
          onChange={(value) => value && setColorScheme(value as "auto" | "dark" | "light")}
          data={(["auto", "dark", "light"] as const).map((value) => ({ value, label: t(`shell:theme.${value}`) }))}
        />
      </div>
    </Panel>
  );
}

function Sessions() {
  const { t, i18n } = useTranslation("account");
  const found = useQuery(ownSessions);
  const end = useDo(endSession, accountKeys.sessions);
  const others = useDo(endOtherSessions, accountKeys.sessions, t("sessions.ended"));
  const many = (found.data?.length ?? 0) > 1;
  return (
    <Panel
      title={t("sessions.title")}
      text={t("sessions.text")}
      action={
        many ? (
          <Button variant="default" onClick={() => others.mutate()}>
            {t("sessions.others")}
          </Button>
        ) : null
      }
    >
      {found.error ? <Broken thrown={found.error} again={() => void found.refetch()} compact /> : null}
      <Lines>
        {found.data?.map((one) => (
          <Line
            key={one.id}
            title={one.current ? t("sessions.current") : browserOf(one.agent) || t(`sessions.${one.kind}`)}
            detail={[
              one.address,
              one.seenAt ? t("sessions.seen", { when: ago(Date.parse(one.seenAt), Date.now(), i18n.language) }) : "",
            ].join(" · ")}
            actions={
              one.current ? null : (
                <Button size="compact-sm" variant="subtle" color="red" onClick={() => end.mutate(one.id)}>
                  {t("sessions.end")}
                </Button>
              )
            }
          />
        ))}
      </Lines>
    </Panel>
  );
}

/** The browser behind a user agent, as people call it. */
export function browserOf(agent: string): string {
  const names = ["Edg", "OPR", "Firefox", "Chrome", "Safari"];
  const found = names.find((name) => agent.includes(`${name}/`));
  const system = /\(([^;)]+)/.exec(agent)?.[1] ?? "";
  return found ? [{ Edg: "Edge", OPR: "Opera" }[found] ?? found, system].filter(Boolean).join(", ") : agent.slice(0, 60);
}

function Password() {
  const { t } = useTranslation("account");
  const [now, setNow] = useState("");
  const [next, setNext] = useState("");
  const change = useDo(() => changePassword(now, next), accountKeys.sessions, t("password.done"));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate(undefined, {
      onSuccess: () => {
        setNow("");
        setNext("");
      },
    });
  };
  return (
    <Panel title={t("password.title")} text={t("password.text")}>
      <form className={classes.fields} onSubmit={submit}>
        <PasswordInput
          label={t("password.now")}
          autoComplete="current-password"
          value={now}
          onChange={(event) => setNow(event.currentTarget.value)}
        />
        <PasswordInput
          label={t("password.next")}
          autoComplete="new-password"
          value={next}
          onChange={(event) => setNext(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" loading={change.isPending} disabled={now === "" || next === ""}>
          {t("password.go")}
        </Button>
      </form>
    </Panel>
  );
}
