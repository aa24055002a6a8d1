import { Spotlight, type SpotlightActionData, spotlight } from "@mantine/spotlight";
import "@mantine/spotlight/styles.css";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { IconSearch } from "@/components/icons";
import { withWords } from "@/lib/i18n";
import { useSession } from "@/lib/session";
import { pagesFor } from "./administration/nav";
import type { Entry } from "./nav";
import { OPEN_SEARCH } from "./search-button";

/** Ctrl/Cmd+K: every page and action by its name. */
export default function Search({ entries }: { entries: Entry[] }) {
  const { t } = useTranslation(["shell", "admin"]);
  const { permissions } = useSession();
  const navigate = useNavigate();
  const [words, setWords] = useState(false);
  useEffect(() => {
    const open = () => spotlight.open();
    window.addEventListener(OPEN_SEARCH, open);
    return () => window.removeEventListener(OPEN_SEARCH, open);
  }, []);
  const action = (to: string, label: string, Icon: Entry["icon"]): SpotlightActionData => ({
    id: to,
    label,
    leftSection: <Icon size={18} stroke={1.6} />,
    onClick: () => void navigate({ to }),
  });
  const further = words ? pagesFor(permissions).map((page) => action(page.to, t(`admin:pages.${page.word}`), page.icon)) : [];
  return (
    <Spotlight
      actions={[...entries.map((entry) => action(entry.to, t(`nav.${entry.word}`), entry.icon)), ...further]}
      onSpotlightOpen={() => void withWords(Promise.resolve()).then(() => setWords(true))}
      shortcut={["mod + K"]}
      attributes={{ content: { "aria-label": t("search.open") } }}
      nothingFound={t("search.nothing")}
      searchProps={{ leftSection: <IconSearch size={18} />, placeholder: t("search.hint"), "aria-label": t("search.open") }}
    />
  );
}
