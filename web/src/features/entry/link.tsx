import { Anchor } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { lookAtLink } from "@/api/session";
import { Broken } from "@/components/broken";
import { Failure } from "@/lib/failure";
import { Frame } from "./frame";

/** The secret of the link this page was opened with. It stands behind `#`, so no server and no log sees it. */
export function useLinkToken(): string {
  const [token] = useState(() => window.location.hash.slice(1));
  return token;
}

/** What the link opens, without using it. */
export function useOpening(token: string) {
  return useQuery({
    queryKey: ["link", token],
    enabled: token !== "",
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () => lookAtLink(token),
  });
}

/** Says that a link is good no more, or what kept it from being looked at. */
export function DeadLink({ thrown, again }: { thrown: unknown; again: () => void }) {
  const { t } = useTranslation("entry");
  const gone = thrown === null || (thrown instanceof Failure && thrown.status === 404);
  if (!gone) {
    return (
      <Frame title={t("login.title")}>
        <Broken thrown={thrown} again={again} compact />
      </Frame>
    );
  }
  return (
    <Frame title={t("dead.title")} text={t("dead.text")}>
      <Anchor component={Link} to="/login">
        {t("dead.login")}
      </Anchor>
    </Frame>
  );
}
