import { Button, Drawer, Skeleton, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { changeUser, livingAdmins, oneUser, peopleKeys, type UserChange, type Whole } from "@/api/people";
import { useDo } from "@/api/use-do";
import { Broken } from "@/components/broken";
import { moment } from "@/lib/format";
import { useSession } from "@/lib/session";
import { Entrance } from "./entrance";
import { UserKeys } from "./keys";
import { RoleSelect } from "./role";
import { SignIns } from "./sign-ins";
import { State } from "./table";
import classes from "./users.module.css";

/** Everything about one user, beside the list. */
export function UserPanel({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation(["users", "common"]);
  const found = useQuery(oneUser(id));
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="lg"
      title={found.data?.user.name ?? t("title")}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      {found.error ? <Broken thrown={found.error} again={() => void found.refetch()} compact /> : null}
      {found.isPending ? <Skeleton height={260} radius={12} animate={false} /> : null}
      {found.data ? <About whole={found.data} /> : null}
    </Drawer>
  );
}

function About({ whole }: { whole: Whole }) {
  const { t, i18n } = useTranslation("users");
  const admins = useQuery(livingAdmins);
  const { user } = whole;
  const alone = admins.data?.length === 1 && admins.data[0]?.id === user.id;
  const self = useSession().user.id === user.id;
  return (
    <div className={classes.parts}>
      <p className={classes.facts}>
        <State user={user} />
        <span>{user.username}</span>
        {user.createdAt ? <span>{t("about.since", { when: moment(Date.parse(user.createdAt), i18n.language) })}</span> : null}
        {self ? <span>{t("about.self")}</span> : null}
      </p>
      <Details key={`${user.role}-${user.name}-${user.email}`} whole={whole} alone={alone} />
      <Places whole={whole} />
      <SignIns user={user} />
      <UserKeys whole={whole} />
      <Entrance user={user} alone={alone} self={self} />
    </div>
  );
}

function Details({ whole, alone }: { whole: Whole; alone: boolean }) {
  const { t } = useTranslation(["users", "common"]);
  const { user } = whole;
  const [name, setName] = useState(user.name);
  const [email, setEmail] = useState(user.email ?? "");
  const [role, setRole] = useState(user.role);
  const save = useDo((body: UserChange) => changeUser(user.id, body), peopleKeys.users, t("saved"), true);
  const changed = name.trim() !== user.name || email.trim() !== (user.email ?? "") || role !== user.role;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({
      name: name.trim() !== user.name ? name.trim() : null,
      email: email.trim() !== (user.email ?? "") ? email.trim() : null,
      role: role !== user.role ? role : null,
    });
  };
  return (
    <form className={classes.stack} onSubmit={submit}>
      <div className={classes.two}>
        <TextInput label={t("about.name")} required value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <TextInput
          label={t("about.email")}
          type="email"
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
      </div>
      <RoleSelect value={role} onChange={setRole} why={alone ? t("about.alone") : null} />
      {save.error ? <Broken thrown={save.error} compact /> : null}
      <div>
        <Button type="submit" loading={save.isPending} disabled={!changed || name.trim() === ""}>
          {t("common:save")}
        </Button>
      </div>
    </form>
  );
}

function Places({ whole }: { whole: Whole }) {
  const { t } = useTranslation(["users", "shell"]);
  const own = whole.projects.filter((one) => one.teamId === null).map((one) => one.name);
  const teams = whole.teams.map((one) => `${one.name} (${t(`shell:role.${one.role}`)})`);
  return (
    <dl className={classes.places}>
      <dt>{t("about.projects")}</dt>
      <dd>{own.join(", ") || t("about.noneOf")}</dd>
      <dt>{t("about.teams")}</dt>
      <dd>{teams.join(", ") || t("about.noneOf")}</dd>
      {whole.providers.length > 0 ? (
        <>
          <dt>{t("about.providers")}</dt>
          <dd>{whole.providers.join(", ")}</dd>
        </>
      ) : null}
    </dl>
  );
}
