import { Spotlight, type SpotlightActionData, spotlight } from "@mantine/spotlight";
import "@mantine/spotlight/styles.css";
import { useNavigate } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { IconSearch } from "@/components/icons";
import type { Entry } from "./nav";
import { OPEN_SEARCH } from "./search-button";

/** Ctrl/Cmd+K: every page and action by its name. */
export default function Search({ entries }: { entries: Entry[] }) {
  const { t } = useTranslation("shell");
  const navigate = useNavigate();
  useEffect(() => {
    const open = () => spotlight.open();
    window.addEventListener(OPEN_SEARCH, open);
    return () => window.removeEventListener(OPEN_SEARCH, open);
  }, []);
  const actions: SpotlightActionData[] = entries.map((entry) => ({
    id: entry.to,
    label: t(`nav.${entry.word}`),
    leftSection: <entry.icon size={18} stroke={1.6} />,
    onClick: () => void navigate({ to: entry.to }),
  }));
  return (
    <Spotlight
      actions={actions}
      shortcut={["mod + K"]}
      nothingFound={t("search.nothing")}
      searchProps={{ leftSection: <IconSearch size={18} />, placeholder: t("search.hint"), "aria-label": t("search.open") }}
    />
  );
}
