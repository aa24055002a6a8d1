import { SegmentedControl, Skeleton, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { fixedSettings, type Tuned, tunedSettings } from "@/api/installation";
import { Broken } from "@/components/broken";
import { Empty } from "@/components/empty";
import { IconAdjustments, IconSearch } from "@/components/icons";
import { Page } from "@/components/page";
import { Panel } from "@/components/panel";
import { FixedList } from "./fixed";
import { Setting } from "./setting";
import classes from "./settings.module.css";

type Sought = { q?: string; show?: string };
const GROUPS = ["intake", "polling", "submitting", "retention", "fairness", "alerts"] as const;

/** Every setting: what can be changed now, and what another start needs. */
export function SettingsPage() {
  const { t, i18n } = useTranslation("settings");
  const sought: Sought = useSearch({ strict: false });
  const navigate = useNavigate();
  const tuned = useQuery(tunedSettings);
  const fixed = useQuery(fixedSettings);
  const seek = (part: Sought) => void navigate({ to: ".", search: { ...sought, ...part } as never, replace: true });
  const words = (sought.q ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const helpOf = (help: { en: string; zh: string }) => (i18n.language.startsWith("zh") ? help.zh : help.en);
  const fits = (text: string) => words.every((word) => text.toLowerCase().includes(word));
  const changeable = tuned.data?.filter(
    (one) => fits(`${one.key} ${helpOf(one.help)} ${t(`group.${one.group}`)}`) && (sought.show !== "changed" || one.is_set),
  );
  const still =
    sought.show === "changed" ? [] : fixed.data?.filter((one) => fits(`${one.name} ${one.variable} ${helpOf(one.help)}`));
  const nothing = changeable?.length === 0 && still?.length === 0;
  return (
    <Page title={t("title")} text={t("text")}>
      <search className={classes.filters}>
        <TextInput
          className={classes.words}
          aria-label={t("search")}
          placeholder={t("search")}
          leftSection={<IconSearch size={15} />}
          value={sought.q ?? ""}
          onChange={(event) => seek({ q: event.currentTarget.value || undefined })}
        />
        <SegmentedControl
          aria-label={t("show.label")}
          value={sought.show === "changed" ? "changed" : ""}
          onChange={(show) => seek({ show: show || undefined })}
          data={[
            { value: "", label: t("show.all") },
            { value: "changed", label: t("show.changed") },
          ]}
        />
      </search>
      {tuned.error ? <Broken thrown={tuned.error} again={() => void tuned.refetch()} /> : null}
      {tuned.isPending ? <Skeleton height={260} radius={12} animate={false} /> : null}
      {nothing ? <Empty icon={IconAdjustments} title={t("nothing")} /> : null}
      {GROUPS.map((group) => (
        <Section key={group} group={group} settings={changeable?.filter((one) => one.group === group) ?? []} />
      ))}
      {fixed.error ? <Broken thrown={fixed.error} again={() => void fixed.refetch()} /> : null}
      {still && still.length > 0 ? <FixedList settings={still} /> : null}
    </Page>
  );
}

function Section({ group, settings }: { group: (typeof GROUPS)[number]; settings: Tuned[] }) {
  const { t } = useTranslation("settings");
  if (settings.length === 0) return null;
  return (
    <Panel title={t(`group.${group}`)} text={t(`about.${group}`)}>
      <ul className={classes.list}>
        {settings.map((one) => (
          <Setting key={one.key} one={one} />
        ))}
      </ul>
    </Panel>
  );
}
