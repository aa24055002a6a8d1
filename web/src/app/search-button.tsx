import { UnstyledButton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { IconSearch } from "@/components/icons";
import { commandKey } from "@/lib/keyboard";
import classes from "./top.module.css";

/** Told to whoever shows the search. */
export const OPEN_SEARCH = "reelgate:search";

export function SearchButton({ small }: { small: boolean }) {
  const { t } = useTranslation("shell");
  return (
    <UnstyledButton
      className={classes.search}
      data-small={small || undefined}
      onClick={() => window.dispatchEvent(new Event(OPEN_SEARCH))}
      aria-label={small ? t("search.open") : undefined}
    >
      <IconSearch size={small ? 18 : 15} stroke={1.6} />
      {small ? null : (
        <>
          <span>{t("search.open")}</span>
          <kbd>{commandKey("K")}</kbd>
        </>
      )}
    </UnstyledButton>
  );
}
