import { Menu, UnstyledButton } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { signOut } from "@/api/session";
import { IconKeyboard, IconLogout, IconUser } from "@/components/icons";
import { forgetDrafts } from "@/features/create/draft";
import { useSession } from "@/lib/session";
import classes from "./top.module.css";

const Choices = lazy(() => import("./choices"));

/** Who is signed in, how the studio looks to them, and the way out. */
export function AccountMenu({ onKeys }: { onKeys: () => void }) {
  const { t } = useTranslation("shell");
  const who = useSession();
  const client = useQueryClient();
  const navigate = useNavigate();
  const leave = async () => {
    await signOut();
    client.clear();
    await navigate({ to: "/login" });
    forgetDrafts();
  };
  return (
    <Menu position="bottom-end" width={260} closeOnItemClick>
      <Menu.Target>
        <UnstyledButton className={classes.person} aria-label={t("account.menu", { name: who.user.name })}>
          <span className={classes.initial} aria-hidden="true">
            {[...who.user.name][0]?.toUpperCase() ?? ""}
          </span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <div className={classes.who}>
          <div>{who.user.name}</div>
          <div className="faint">{t(`role.${who.role}`)}</div>
        </div>
        <Menu.Divider />
        <Suspense fallback={<div className={classes.choices} />}>
          <Choices />
        </Suspense>
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
