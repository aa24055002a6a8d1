import { Button, Skeleton, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { allAliases, operatedModels } from "@/api/operated";
import { Broken } from "@/components/broken";
import { Empty } from "@/components/empty";
import { IconMovie, IconSearch } from "@/components/icons";
import { Page } from "@/components/page";
import { Panel } from "@/components/panel";
import { Aliases, AliasForm, type Draft } from "./aliases";
import { Doctor } from "./doctor";
import { Endings } from "./endings";
import { matches } from "./facts";
import classes from "./models.module.css";
import { Models } from "./table";

/** What public names lead to, when they end, and which names stand for others. */
export function ModelsPage() {
  const { t } = useTranslation("models");
  const found = useQuery(operatedModels);
  const aliases = useQuery(allAliases);
  const search: { q?: string } = useSearch({ strict: false });
  const navigate = useNavigate();
  const [draft, setDraft] = useState<Draft | null>(null);
  const typed = search.q ?? "";
  const models = found.data?.data ?? [];
  const shown = models.filter((model) => matches(model, typed));
  const look = (text: string) =>
    void navigate({ to: ".", search: (before: object) => ({ ...before, q: text || undefined }), replace: true } as never);
  return (
    <Page title={t("title")} text={t("text")}>
      {found.error ? <Broken thrown={found.error} again={() => void found.refetch()} /> : null}
      {found.isPending ? <Skeleton height={220} radius={12} animate={false} /> : null}
      {found.data && models.length === 0 ? (
        <Empty
          icon={IconMovie}
          title={t("none")}
          action={
            <Button component={Link} to="/admin/channels">
              {t("toChannels")}
            </Button>
          }
        >
          {t("noneText")}
        </Empty>
      ) : null}
      {found.data ? <Endings endings={found.data.endings} onEdit={setDraft} /> : null}
      {models.length > 0 ? (
        <Panel
          title={t("list")}
          action={
            <TextInput
              className={classes.filter}
              aria-label={t("filter")}
              placeholder={t("filter")}
              leftSection={<IconSearch size={15} />}
              defaultValue={typed}
              onChange={(event) => look(event.currentTarget.value)}
            />
          }
        >
          {shown.length === 0 ? <p className="quiet">{t("nothing")}</p> : <Models models={shown} />}
        </Panel>
      ) : null}
      {aliases.error ? <Broken thrown={aliases.error} again={() => void aliases.refetch()} compact /> : null}
      {aliases.data ? <Aliases aliases={aliases.data} models={models} onEdit={setDraft} /> : null}
      {models.length > 0 ? <Doctor /> : null}
      {draft ? <AliasForm draft={draft} models={models} onClose={() => setDraft(null)} /> : null}
    </Page>
  );
}
