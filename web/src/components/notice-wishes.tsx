import { Popover, Switch, UnstyledButton } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { askForNotices, storeWishes, type Wishes, wishes } from "@/lib/notices";
import { IconBell } from "./icons";
import classes from "./notice-wishes.module.css";

/** Who wants to be told of an ending, and how. Nothing is asked of the browser before somebody wants it. */
export function NoticeWishes() {
  const { t } = useTranslation("queue");
  const [now, setNow] = useState<Wishes>(wishes);
  const [denied, setDenied] = useState(false);
  const set = (part: Partial<Wishes>) => {
    const next = { ...now, ...part };
    setNow(next);
    storeWishes(next);
  };
  const notices = async (on: boolean) => {
    const granted = on ? await askForNotices() : false;
    setDenied(on && !granted);
    set({ notices: granted });
  };
  return (
    <div className={classes.tell}>
      <Switch
        size="sm"
        label={t("tell.toast")}
        checked={now.toast}
        onChange={(event) => set({ toast: event.currentTarget.checked })}
      />
      <Switch
        size="sm"
        label={t("tell.sound")}
        checked={now.sound}
        onChange={(event) => set({ sound: event.currentTarget.checked })}
      />
      <Switch
        size="sm"
        label={t("tell.notices")}
        description={denied ? t("tell.denied") : undefined}
        checked={now.notices}
        onChange={(event) => void notices(event.currentTarget.checked)}
      />
    </div>
  );
}

/** The same behind a bell. */
export function Bell() {
  const { t } = useTranslation("queue");
  return (
    <Popover position="bottom-end" width={280} trapFocus returnFocus>
      <Popover.Target>
        <UnstyledButton className={classes.bell}>
          <IconBell size={16} stroke={1.6} />
          {t("tell.open")}
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown>
        <NoticeWishes />
      </Popover.Dropdown>
    </Popover>
  );
}
