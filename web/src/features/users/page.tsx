import { Button, SegmentedControl, Skeleton, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { usersSought } from "@/api/people";
import { Broken } from "@/components/broken";
import { Empty } from "@/components/empty";
import { IconSearch, IconUser, IconUserPlus } from "@/components/icons";
import { Page } from "@/components/page";
import { useSession } from "@/lib/session";
import { UserPanel } from "./about";
import { Invites } from "./invites";
import { NewUserForm } from "./maker";
import { ROLES, RoleFilter } from "./role";
import { UserTable } from "./table";
import classes from "./users.module.css";

type Sought = { q?: string; role?: string; state?: string; user?: string };

/** Who has an account, what each may do, and who is asked to come. */
export function UsersPage() {
  const { t } = useTranslation("users");
  const { registration } = useSession();
  const sought: Sought = useSearch({ strict: false });
  const navigate = useNavigate();
  const [making, setMaking] = useState(false);
  const seek = (part: Sought) =>
    void navigate({ to: ".", search: ((before: Sought) => ({ ...before, ...part })) as never, replace: !("user" in part) });
  const found = useInfiniteQuery(usersSought({ search: sought.q, role: sought.role, state: sought.state }));
  const users = found.data?.pages.flatMap((page) => page.data) ?? [];
  const filtered = Boolean(sought.q || sought.role || sought.state);
  return (
    <Page
      title={t("title")}
      text={t(`registration.${registration}`)}
      action={
        <Button variant="default" leftSection={<IconUserPlus size={16} />} onClick={() => setMaking(true)}>
          {t("new")}
        </Button>
      }
    >
      <Filters sought={sought} onSeek={seek} />
      {found.error ? <Broken thrown={found.error} again={() => void found.refetch()} /> : null}
      {found.isPending ? <Skeleton height={240} radius={12} animate={false} /> : null}
      {found.data && users.length === 0 ? (
        <Empty
          icon={IconUser}
          title={t(filtered ? "nobody" : "none")}
          action={
            filtered ? (
              <Button variant="default" onClick={() => seek({ q: undefined, role: undefined, state: undefined })}>
                {t("clear")}
              </Button>
            ) : null
          }
        />
      ) : null}
      {users.length > 0 ? <UserTable users={users} chosen={sought.user} onChoose={(user) => seek({ user })} /> : null}
      {found.hasNextPage ? (
        <Button variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          {t("more")}
        </Button>
      ) : null}
      <Invites />
      {making ? <NewUserForm onClose={() => setMaking(false)} /> : null}
      {sought.user ? <UserPanel key={sought.user} id={sought.user} onClose={() => seek({ user: undefined })} /> : null}
    </Page>
  );
}

function Filters({ sought, onSeek }: { sought: Sought; onSeek: (part: Sought) => void }) {
  const { t } = useTranslation("users");
  const [typed, setTyped] = useState(sought.q ?? "");
  const later = useDebouncedCallback((q: string) => onSeek({ q: q.trim() || undefined }), 250);
  return (
    <search className={classes.filters}>
      <TextInput
        className={classes.words}
        aria-label={t("search")}
        placeholder={t("search")}
        leftSection={<IconSearch size={15} />}
        value={typed}
        onChange={(event) => {
          setTyped(event.currentTarget.value);
          later(event.currentTarget.value);
        }}
      />
      <RoleFilter value={ROLES.find((role) => role === sought.role)} onChange={(role) => onSeek({ role })} />
      <SegmentedControl
        aria-label={t("state.label")}
        value={sought.state === "active" || sought.state === "disabled" ? sought.state : ""}
        onChange={(state) => onSeek({ state: state || undefined })}
        data={[
          { value: "", label: t("state.all") },
          { value: "active", label: t("state.active") },
          { value: "disabled", label: t("state.disabled") },
        ]}
      />
    </search>
  );
}
