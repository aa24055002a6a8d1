import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { register, sessionKeys } from "@/api/session";
import { AccountForm } from "./account-form";
import { Frame } from "./frame";
import { DeadLink, useLinkToken, useOpening } from "./link";

/** Somebody new, by an invitation or where registration is open to everybody. */
export function InvitePage() {
  const { t } = useTranslation(["entry", "shell"]);
  const token = useLinkToken();
  const opening = useOpening(token);
  const client = useQueryClient();
  const navigate = useNavigate();
  if (opening.error) return <DeadLink thrown={opening.error} again={() => void opening.refetch()} />;
  const found = opening.data;
  const text = found
    ? [
        t("invite.text"),
        found.role ? t("invite.role", { role: t(`shell:role.${found.role}`) }) : "",
        found.team ? t("invite.team", { team: found.team }) : "",
      ].join(" ")
    : undefined;
  return (
    <Frame title={t(token ? "invite.title" : "register.title")} text={text}>
      <AccountForm
        go={t("account.go")}
        send={async (who) => {
          await register({ ...who, invite: token || undefined });
          client.removeQueries({ queryKey: sessionKeys.me });
          await navigate({ to: "/" });
        }}
      />
    </Frame>
  );
}
