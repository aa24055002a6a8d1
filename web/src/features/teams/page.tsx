import { Button, Modal, Skeleton, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { allTeams, makeTeam, peopleKeys, type Team } from "@/api/people";
import { useDo } from "@/api/use-do";
import { Broken } from "@/components/broken";
import { Empty } from "@/components/empty";
import { IconPlus, IconUsersGroup } from "@/components/icons";
import { Page } from "@/components/page";
import { TeamPanel } from "./about";
import classes from "./teams.module.css";

/** People who share projects. */
export function TeamsPage() {
  const { t } = useTranslation("teams");
  const found = useQuery(allTeams);
  const { team }: { team?: string } = useSearch({ strict: false });
  const navigate = useNavigate();
  const [making, setMaking] = useState(false);
  const open = (id: string | undefined) => void navigate({ to: ".", search: { team: id } as never });
  const chosen = found.data?.find((one) => one.id === team);
  const add = (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setMaking(true)}>
      {t("new")}
    </Button>
  );
  return (
    <Page title={t("title")} text={t("text")} action={found.data?.length ? add : null}>
      {found.error ? <Broken thrown={found.error} again={() => void found.refetch()} /> : null}
      {found.isPending ? <Skeleton height={140} radius={12} animate={false} /> : null}
      {found.data?.length === 0 ? (
        <Empty icon={IconUsersGroup} title={t("none")} action={add}>
          {t("noneText")}
        </Empty>
      ) : null}
      <div className={classes.cards}>
        {found.data?.map((one) => (
          <Card key={one.id} team={one} onOpen={() => open(one.id)} />
        ))}
      </div>
      {making ? <NewTeam onClose={() => setMaking(false)} /> : null}
      {chosen ? <TeamPanel team={chosen} onClose={() => open(undefined)} /> : null}
    </Page>
  );
}

const NAMES_SHOWN = 4;

function Card({ team, onOpen }: { team: Team; onOpen: () => void }) {
  const { t } = useTranslation("teams");
  const names = team.members.map((one) => one.name);
  const more = names.length > NAMES_SHOWN ? ` +${names.length - NAMES_SHOWN}` : "";
  return (
    <button type="button" className={classes.card} onClick={onOpen}>
      <span className={classes.name}>{team.name}</span>
      <span className={classes.line}>{names.slice(0, NAMES_SHOWN).join(", ") + more || t("nobody")}</span>
      <span className={classes.line}>
        {team.projects.length > 0 ? t("shares", { list: team.projects.map((one) => one.name).join(", ") }) : t("noProject")}
      </span>
    </button>
  );
}

function NewTeam({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation(["teams", "common"]);
  const [name, setName] = useState("");
  const make = useDo(() => makeTeam(name.trim()), peopleKeys.teams, t("made"), true);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate(undefined, { onSuccess: onClose });
  };
  return (
    <Modal opened onClose={onClose} title={t("new")} closeButtonProps={{ "aria-label": t("common:close") }}>
      <form className={classes.stack} onSubmit={submit}>
        <TextInput
          label={t("name")}
          description={t("nameHint")}
          required
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {make.error ? <Broken thrown={make.error} compact /> : null}
        <Button type="submit" loading={make.isPending} disabled={name.trim() === ""}>
          {t("make")}
        </Button>
      </form>
    </Modal>
  );
}
