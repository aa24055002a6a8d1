import { Button, Modal, Select, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { allInvites, allTeams, type Invite, makeInvite, type NewInvite, peopleKeys, voidInvite } from "@/api/people";
import type { Role } from "@/api/session";
import { useDo } from "@/api/use-do";
import { Broken } from "@/components/broken";
import { Confirm } from "@/components/confirm";
import { IconMail } from "@/components/icons";
import { Mailed } from "@/components/mailed";
import { Once } from "@/components/once";
import { Line, Lines, Panel } from "@/components/panel";
import { ago } from "@/lib/format";
import { useSession } from "@/lib/session";
import { RoleSelect } from "./role";
import classes from "./users.module.css";

const SHOWN = 8;

/** Who was asked to come, and whether they came. */
export function Invites() {
  const { t } = useTranslation("users");
  const { registration } = useSession();
  const found = useQuery(allInvites);
  const [making, setMaking] = useState(false);
  const [all, setAll] = useState(false);
  const shown = all ? found.data : found.data?.slice(0, SHOWN);
  const closed = registration === "closed";
  return (
    <Panel
      id="invites"
      title={t("invites.title")}
      text={t(closed ? "invites.closed" : "invites.text")}
      action={
        closed ? null : (
          <Button leftSection={<IconMail size={16} />} onClick={() => setMaking(true)}>
            {t("invites.new")}
          </Button>
        )
      }
    >
      {found.error ? <Broken thrown={found.error} again={() => void found.refetch()} compact /> : null}
      {found.data?.length === 0 ? <p className={classes.none}>{t("invites.none")}</p> : null}
      <Lines>
        {shown?.map((one) => (
          <InviteLine key={one.id} one={one} />
        ))}
      </Lines>
      {!all && (found.data?.length ?? 0) > SHOWN ? (
        <Button variant="subtle" color="gray" size="compact-sm" onClick={() => setAll(true)}>
          {t("more")}
        </Button>
      ) : null}
      {making ? <NewInviteForm onClose={() => setMaking(false)} /> : null}
    </Panel>
  );
}

function stateOf(one: Invite, now: number): "used" | "revoked" | "over" | "open" {
  if (one.usedAt) return "used";
  if (one.revokedAt) return "revoked";
  return one.expiresAt && Date.parse(one.expiresAt) <= now ? "over" : "open";
}

function InviteLine({ one }: { one: Invite }) {
  const { t, i18n } = useTranslation(["users", "shell"]);
  const teams = useQuery({ ...allTeams, enabled: one.teamId !== null });
  const [sure, setSure] = useState(false);
  const now = Date.now();
  const state = stateOf(one, now);
  const away = useDo(() => voidInvite(one.id), peopleKeys.invites, t("invites.voided"), true);
  const when = { used: one.usedAt, revoked: one.revokedAt, over: one.expiresAt, open: one.expiresAt }[state];
  const team = teams.data?.find((found) => found.id === one.teamId)?.name;
  return (
    <>
      <Line
        title={one.note || t("invites.somebody")}
        detail={[
          one.role ? t(`shell:role.${one.role}`) : null,
          team,
          t(`invites.state.${state}`, { when: when ? ago(Date.parse(when), now, i18n.language) : "" }),
        ]
          .filter(Boolean)
          .join(" · ")}
        actions={
          state === "open" ? (
            <Button size="compact-sm" variant="subtle" color="red" onClick={() => setSure(true)}>
              {t("invites.void")}
            </Button>
          ) : null
        }
      />
      {sure ? (
        <Confirm
          title={t("invites.void")}
          verb={t("invites.void")}
          busy={away.isPending}
          thrown={away.error}
          onYes={() => away.mutate(undefined, { onSuccess: () => setSure(false) })}
          onClose={() => setSure(false)}
        >
          <p>{t("invites.voidEffect")}</p>
        </Confirm>
      ) : null}
    </>
  );
}

function NewInviteForm({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation(["users", "common"]);
  const teams = useQuery(allTeams);
  const [note, setNote] = useState("");
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("member");
  const [teamId, setTeamId] = useState("");
  const [days, setDays] = useState("7");
  const make = useDo((body: NewInvite) => makeInvite(body), peopleKeys.invites, undefined, true);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate({ note: note.trim(), email: email.trim() || null, role, teamId: teamId || null, days: Number(days) });
  };
  return (
    <Modal opened onClose={onClose} title={t("invites.new")} closeButtonProps={{ "aria-label": t("common:close") }}>
      {make.data ? (
        <>
          <Once text={t("invites.once")} secret={make.data.link.url} />
          <Mailed mail={make.data.link.mail} />
        </>
      ) : (
        <form className={classes.stack} onSubmit={submit}>
          <TextInput
            label={t("invites.note")}
            description={t("invites.noteHint")}
            data-autofocus
            maxLength={200}
            value={note}
            onChange={(event) => setNote(event.currentTarget.value)}
          />
          <TextInput
            label={t("invites.email")}
            description={t("invites.emailHint")}
            type="email"
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <RoleSelect value={role} onChange={setRole} />
          <Select
            label={t("invites.team")}
            allowDeselect={false}
            value={teamId}
            onChange={(value) => setTeamId(value ?? "")}
            data={[
              { value: "", label: t("invites.noTeam") },
              ...(teams.data ?? []).map((one) => ({ value: one.id, label: one.name })),
            ]}
          />
          <Select
            label={t("invites.days")}
            allowDeselect={false}
            value={days}
            onChange={(value) => setDays(value ?? "7")}
            data={(["1", "7", "30", "90"] as const).map((value) => ({ value, label: t(`invites.lasts.d${value}`) }))}
          />
          {make.error ? <Broken thrown={make.error} compact /> : null}
          <Button type="submit" loading={make.isPending}>
            {t("invites.make")}
          </Button>
        </form>
      )}
    </Modal>
  );
}
