import { Button, Modal } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Broken } from "./broken";
import classes from "./confirm.module.css";

/** Asks once more before something that cannot simply be undone; says what it will do. */
export function Confirm({
  title,
  children,
  verb,
  busy,
  thrown,
  onYes,
  onClose,
}: {
  title: string;
  children: ReactNode;
  verb: string;
  busy?: boolean;
  thrown?: unknown;
  onYes: () => void;
  onClose: () => void;
}) {
  const { t } = useTranslation("common");
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ "aria-label": t("close") }}>
      <div className={classes.effect}>{children}</div>
      {thrown ? <Broken thrown={thrown} compact /> : null}
      <div className={classes.buttons}>
        <Button variant="default" onClick={onClose} data-autofocus>
          {t("cancel")}
        </Button>
        <Button color="red" loading={busy} onClick={onYes}>
          {verb}
        </Button>
      </div>
    </Modal>
  );
}
