import { Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { ask } from "@/api/client";
import { Broken } from "@/components/broken";
import { Page } from "@/components/page";
import { Builder } from "./builder";
import type { Document } from "./document";
import { LivePane } from "./live-pane";

type Search = { op?: string; pane?: string };

/** Sends requests of the API by hand and shows events as they come. */
export function ConsolePage() {
  const { t } = useTranslation("console");
  const search: Search = useSearch({ strict: false });
  const navigate = useNavigate();
  const document = useQuery({
    queryKey: ["openapi"],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: () => ask<Document>("GET", "/openapi.json"),
  });
  const go = (part: Search) =>
    void navigate({ to: ".", search: (before: Search) => ({ ...before, ...part }), replace: true } as never);
  return (
    <Page title={t("title")} text={t("text")}>
      <Tabs value={search.pane === "live" ? "live" : "request"} onChange={(pane) => go({ pane: pane ?? undefined })} keepMounted>
        <Tabs.List>
          <Tabs.Tab value="request">{t("request")}</Tabs.Tab>
          <Tabs.Tab value="live">{t("live.title")}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="request" pt="md">
          {document.error ? <Broken thrown={document.error} again={() => void document.refetch()} /> : null}
          {document.data ? <Builder document={document.data} chosen={search.op ?? null} onChoose={(op) => go({ op })} /> : null}
        </Tabs.Panel>
        <Tabs.Panel value="live" pt="md">
          <LivePane />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
