import { SegmentedControl, useMantineColorScheme } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { prefer } from "@/api/preferences";
import { IconDeviceDesktop, IconMoon, IconSun } from "@/components/icons";
import { chooseLanguage, type Language } from "@/lib/i18n";
import classes from "./top.module.css";

/** Theme and language, chosen in the menu of the account. */
export default function Choices() {
  const { t, i18n } = useTranslation("shell");
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const client = useQueryClient();
  const speak = async (language: Language) => {
    await chooseLanguage(language);
    // The page speaks it already; where the account cannot keep it, this browser does.
    await prefer(client, { language }).catch(() => {});
  };
  const icon = (Icon: typeof IconSun, word: string) => <Icon size={16} stroke={1.6} aria-label={word} />;
  return (
    <>
      <div className={classes.label}>{t("theme.label")}</div>
      <div className={classes.choice}>
        <SegmentedControl
          fullWidth
          size="xs"
          value={colorScheme}
          onChange={(value) => setColorScheme(value as "auto" | "dark" | "light")}
          aria-label={t("theme.label")}
          data={[
            { value: "auto", label: icon(IconDeviceDesktop, t("theme.auto")) },
            { value: "dark", label: icon(IconMoon, t("theme.dark")) },
            { value: "light", label: icon(IconSun, t("theme.light")) },
          ]}
        />
      </div>
      <div className={classes.label}>{t("language")}</div>
      <div className={classes.choice}>
        <SegmentedControl
          fullWidth
          size="xs"
          value={i18n.language}
          onChange={(value) => void speak(value as Language)}
          aria-label={t("language")}
          data={[
            { value: "en", label: t("languages.en") },
            { value: "zh-CN", label: t("languages.zh") },
          ]}
        />
      </div>
    </>
  );
}
