import { Popover, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
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
  const [open, { toggle, close }] = useDisclosure(false);
  const leave = async () => {
    await signOut();
    client.clear();
    await navigate({ to: "/login" });
    forgetDrafts();
  };
  return (
    <Popover position="bottom-end" width={260} opened={open} onDismiss={close} trapFocus returnFocus>
      <Popover.Target>
        <UnstyledButton className={classes.person} aria-label={t("account.menu", { name: who.user.name })} onClick={toggle}>
          <span className={classes.initial} aria-hidden="true">
            {[...who.user.name][0]?.toUpperCase() ?? ""}
          </span>
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown p={4}>
        <div className={classes.who}>
          <div>{who.user.name}</div>
          <div className="faint">{t(`role.${who.role}`)}</div>
        </div>
        <hr className={classes.rule} />
        <Suspense fallback={<div className={classes.choices} />}>
          <Choices />
        </Suspense>
        <hr className={classes.rule} />
        <UnstyledButton
          className={classes.act}
          onClick={() => {
            close();
            onKeys();
          }}
        >
          <IconKeyboard size={16} stroke={1.6} />
          {t("keys.title")}
          <kbd>{"?"}</kbd>
        </UnstyledButton>
        <Link to="/account" className={classes.act} onClick={close}>
          <IconUser size={16} stroke={1.6} />
          {t("account.page")}
        </Link>
        <UnstyledButton className={classes.act} onClick={() => void leave()}>
          <IconLogout size={16} stroke={1.6} />
          {t("account.leave")}
        </UnstyledButton>
      </Popover.Dropdown>
    </Popover>
  );
}
