import { Button, Modal } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { changeUser, peopleKeys, resetLink, type Whole } from "@/api/people";
import { useDo } from "@/api/use-do";
import { Confirm } from "@/components/confirm";
import { Mailed } from "@/components/mailed";
import { Once } from "@/components/once";
import { Line, Lines, Panel } from "@/components/panel";

/** How somebody gets in again, and how they are shut out. */
export function Entrance({ user, alone, self }: { user: Whole["user"]; alone: boolean; self: boolean }) {
  const { t } = useTranslation(["users", "common"]);
  const [sure, setSure] = useState<"reset" | "disable" | null>(null);
  const link = useDo(() => resetLink(user.id), peopleKeys.users, undefined, true);
  const turn = useDo((disabled: boolean) => changeUser(user.id, { disabled }), peopleKeys.users, t("saved"), true);
  const close = () => setSure(null);
  return (
    <Panel title={t("entrance.title")}>
      <Lines>
        <Line
          title={t("entrance.reset")}
          detail={t("entrance.resetText")}
          actions={
            <Button variant="default" size="compact-sm" onClick={() => setSure("reset")}>
              {t("entrance.resetGo")}
            </Button>
          }
        />
        <Line
          title={t(user.disabled ? "entrance.enable" : "entrance.disable")}
          detail={t(user.disabled ? "entrance.enableText" : alone ? "about.alone" : "entrance.disableText")}
          actions={
            user.disabled ? (
              <Button variant="default" size="compact-sm" loading={turn.isPending} onClick={() => turn.mutate(false)}>
                {t("entrance.enable")}
              </Button>
            ) : (
              <Button variant="subtle" color="red" size="compact-sm" disabled={alone} onClick={() => setSure("disable")}>
                {t("entrance.disable")}
              </Button>
            )
          }
        />
      </Lines>
      {sure === "disable" ? (
        <Confirm
          title={t("entrance.disableNamed", { name: user.name })}
          verb={t("entrance.disable")}
          busy={turn.isPending}
          thrown={turn.error}
          onYes={() => turn.mutate(true, { onSuccess: close })}
          onClose={close}
        >
          <p>{t("entrance.disableText")}</p>
          {self ? <p>{t("entrance.disableSelf")}</p> : null}
        </Confirm>
      ) : null}
      {sure === "reset" && !link.data ? (
        <Confirm
          title={t("entrance.reset")}
          verb={t("entrance.resetGo")}
          busy={link.isPending}
          thrown={link.error}
          onYes={() => link.mutate()}
          onClose={close}
        >
          <p>{t("entrance.resetText")}</p>
        </Confirm>
      ) : null}
      {link.data && sure === "reset" ? (
        <Modal
          opened
          onClose={() => {
            link.reset();
            close();
          }}
          title={t("entrance.reset")}
          closeButtonProps={{ "aria-label": t("common:close") }}
        >
          <Once text={t("entrance.once", { name: user.name })} secret={link.data.url} />
          <Mailed mail={link.data.mail} />
        </Modal>
      ) : null}
    </Panel>
  );
}
