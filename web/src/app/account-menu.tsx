import { Menu, SegmentedControl, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { signOut } from "@/api/session";
import { IconDeviceDesktop, IconKeyboard, IconLogout, IconMoon, IconSun, IconUser } from "@/components/icons";
import { forgetDrafts } from "@/features/create/draft";
import { chooseLanguage, type Language } from "@/lib/i18n";
import { useSession } from "@/lib/session";
import classes from "./top.module.css";

/** Who is signed in, how the studio looks to them, and the way out. */
export function AccountMenu({ onKeys }: { onKeys: () => void }) {
  const { t, i18n } = useTranslation("shell");
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const who = useSession();
  const client = useQueryClient();
  const navigate = useNavigate();
  const leave = async () => {
    await signOut();
    client.clear();
    await navigate({ to: "/login" });
    forgetDrafts();
  };
  const icon = (Icon: typeof IconSun, word: string) => <Icon size={16} stroke={1.6} aria-label={word} />;
  return (
    <Menu position="bottom-end" width={260} closeOnItemClick>
      <Menu.Target>
        <UnstyledButton className={classes.person} aria-label={t("account.menu", { name: who.user.name })}>
          <span className={classes.initial}>{[...who.user.name][0]?.toUpperCase() ?? ""}</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <div className={classes.who}>
          <div>{who.user.name}</div>
          <div className="faint">{t(`role.${who.role}`)}</div>
        </div>
        <Menu.Divider />
        <Menu.Label>{t("theme.label")}</Menu.Label>
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
        <Menu.Label>{t("language")}</Menu.Label>
        <div className={classes.choice}>
          <SegmentedControl
            fullWidth
            size="xs"
            value={i18n.language}
            onChange={(value) => void chooseLanguage(value as Language)}
            aria-label={t("language")}
            data={[
              { value: "en", label: t("languages.en") },
              { value: "zh-CN", label: t("languages.zh") },
            ]}
          />
        </div>
        <Menu.Divider />
        <Menu.Item leftSection={<IconKeyboard size={16} stroke={1.6} />} rightSection={<kbd>{"?"}</kbd>} onClick={onKeys}>
          {t("keys.title")}
        </Menu.Item>
        <Menu.Item leftSection={<IconUser size={16} stroke={1.6} />} component={Link} to="/account">
          {t("account.page")}
        </Menu.Item>
        <Menu.Item leftSection={<IconLogout size={16} stroke={1.6} />} onClick={() => void leave()}>
          {t("account.leave")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
