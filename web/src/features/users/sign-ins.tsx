import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { endSessionOf, peopleKeys, sessionsOf, signOutEverywhere, type Whole } from "@/api/people";
import { useDo } from "@/api/use-do";
import { Broken } from "@/components/broken";
import { Confirm } from "@/components/confirm";
import { Line, Lines, Panel } from "@/components/panel";
import { ago } from "@/lib/format";
import classes from "./users.module.css";

/** Where somebody is signed in, and how to end that. */
export function SignIns({ user }: { user: Whole["user"] }) {
  const { t, i18n } = useTranslation("users");
  const found = useQuery(sessionsOf(user.id));
  const [sure, setSure] = useState(false);
  const one = useDo(endSessionOf, peopleKeys.users);
  const all = useDo(() => signOutEverywhere(user.id), peopleKeys.users, t("signIns.ended", { name: user.name }), true);
  const many = found.data?.length ?? 0;
  return (
    <Panel
      title={t("signIns.title")}
      action={
        many > 0 ? (
          <Button variant="default" size="compact-sm" onClick={() => setSure(true)}>
            {t("signIns.all")}
          </Button>
        ) : null
      }
    >
      {found.error ? <Broken thrown={found.error} again={() => void found.refetch()} compact /> : null}
      {found.data && many === 0 ? <p className={classes.none}>{t("signIns.none")}</p> : null}
      <Lines>
        {found.data?.map((session) => (
          <Line
            key={session.id}
            title={browserOf(session.agent) || t(`signIns.kind.${session.kind}`)}
            detail={[
              session.address,
              session.seenAt ? t("signIns.seen", { when: ago(Date.parse(session.seenAt), Date.now(), i18n.language) }) : null,
              session.current ? t("signIns.current") : null,
            ]
              .filter(Boolean)
              .join(" · ")}
            actions={
              <Button size="compact-sm" variant="subtle" color="red" onClick={() => one.mutate(session.id)}>
                {t("signIns.end")}
              </Button>
            }
          />
        ))}
      </Lines>
      {sure ? (
        <Confirm
          title={t("signIns.all")}
          verb={t("signIns.all")}
          busy={all.isPending}
          thrown={all.error}
          onYes={() => all.mutate(undefined, { onSuccess: () => setSure(false) })}
          onClose={() => setSure(false)}
        >
          <p>{t("signIns.effect", { name: user.name, count: many })}</p>
        </Confirm>
      ) : null}
    </Panel>
  );
}

function browserOf(agent: string): string {
  const found = ["Edg", "OPR", "Firefox", "Chrome", "Safari"].find((name) => agent.includes(`${name}/`));
  const system = /\(([^;)]+)/.exec(agent)?.[1] ?? "";
  return found ? [{ Edg: "Edge", OPR: "Opera" }[found] ?? found, system].filter(Boolean).join(", ") : agent.slice(0, 60);
}
