import { UnstyledButton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { User } from "@/api/people";
import { IconBan, IconCircleCheck, IconClock } from "@/components/icons";
import { ago, whole } from "@/lib/format";
import classes from "./users.module.css";

/** Users, one a line; choosing one opens what can be done about them. */
export function UserTable({
  users,
  chosen,
  onChoose,
}: {
  users: User[];
  chosen: string | undefined;
  onChoose: (id: string) => void;
}) {
  const { t } = useTranslation("users");
  return (
    <div className={classes.tableBox}>
      <table className={classes.table}>
        <thead>
          <tr>
            <th scope="col">{t("column.name")}</th>
            <th scope="col">{t("column.role")}</th>
            <th scope="col">{t("column.state")}</th>
            <th scope="col">{t("column.seen")}</th>
            <th scope="col" className={classes.right}>
              {t("column.signIns")}
            </th>
          </tr>
        </thead>
        <tbody>
          {users.map((user) => (
            <Row key={user.id} user={user} chosen={user.id === chosen} onChoose={() => onChoose(user.id)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ user, chosen, onChoose }: { user: User; chosen: boolean; onChoose: () => void }) {
  const { t, i18n } = useTranslation(["users", "shell"]);
  const seen = user.seenAt ?? user.lastLoginAt;
  return (
    <tr data-chosen={chosen || undefined} onClick={onChoose}>
      <td>
        <UnstyledButton
          className={classes.who}
          onClick={(event) => {
            event.stopPropagation();
            onChoose();
          }}
        >
          <span className={classes.initial} aria-hidden="true">
            {[...user.name][0]?.toUpperCase() ?? ""}
          </span>
          <span className={classes.names}>
            <span className={classes.name}>{user.name}</span>
            <span className={classes.login}>{[user.username, user.email].filter(Boolean).join(" · ")}</span>
          </span>
        </UnstyledButton>
      </td>
      <td>{t(`shell:role.${user.role}`)}</td>
      <td>
        <State user={user} />
      </td>
      <td className="num">{seen ? ago(Date.parse(seen), Date.now(), i18n.language) : t("never")}</td>
      <td className={`num ${classes.right}`} data-label={t("column.signIns")}>
        {whole(user.signIns, i18n.language)}
      </td>
    </tr>
  );
}

/** Whether somebody may come in. */
export function State({ user }: { user: { disabled: boolean; hasPassword: boolean; lastLoginAt: string | null } }) {
  const { t } = useTranslation("users");
  const word = user.disabled ? "disabled" : user.hasPassword || user.lastLoginAt ? "active" : "waiting";
  const Icon = { disabled: IconBan, active: IconCircleCheck, waiting: IconClock }[word];
  return (
    <span className={classes.state} data-word={word}>
      <Icon size={15} stroke={1.7} />
      {t(`state.${word}`)}
    </span>
  );
}
