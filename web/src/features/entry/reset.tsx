import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { resetPassword } from "@/api/session";
import { AccountForm } from "./account-form";
import { Frame } from "./frame";
import { DeadLink, useLinkToken, useOpening } from "./link";

/** Another password, by a link somebody was given. */
export function ResetPage() {
  const { t } = useTranslation("entry");
  const token = useLinkToken();
  const opening = useOpening(token);
  const [done, setDone] = useState(false);
  if (done) {
    return (
      <Frame title={t("reset.title")} text={t("reset.done")}>
        <Anchor component={Link} to="/login">
          {t("dead.login")}
        </Anchor>
      </Frame>
    );
  }
  if (token === "" || opening.error) {
    return <DeadLink thrown={opening.error} again={() => void opening.refetch()} />;
  }
  const username = opening.data?.username ?? " ";
  return (
    <Frame title={t("reset.title")} text={t("reset.for", { username })}>
      <AccountForm
        username={username}
        go={t("reset.go")}
        send={async ({ password }) => {
          await resetPassword(token, password);
          setDone(true);
        }}
      />
    </Frame>
  );
}
