import { Button, Modal, Select } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { oneUser, openProject, peopleKeys, type Team } from "@/api/people";
import { useDo } from "@/api/use-do";
import { Broken } from "@/components/broken";
import { UserPick } from "@/components/user-pick";
import classes from "./teams.module.css";

/** Opens a project of somebody to a team. */
export function ShareProject({ team, onClose }: { team: Team; onClose: () => void }) {
  const { t } = useTranslation(["teams", "common"]);
  const [owner, setOwner] = useState<string | null>(null);
  const [project, setProject] = useState<string | null>(null);
  const who = useQuery({ ...oneUser(owner ?? ""), enabled: owner !== null });
  const theirs = who.data?.projects.filter((one) => one.teamId === null) ?? [];
  const share = useDo(() => openProject(team.id, project ?? ""), peopleKeys.teams, t("projects.shared"), true);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    share.mutate(undefined, { onSuccess: onClose });
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("projects.addTo", { team: team.name })}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <form className={classes.stack} onSubmit={submit}>
        <UserPick
          label={t("projects.owner")}
          value={owner}
          onChange={(id) => {
            setOwner(id);
            setProject(null);
          }}
        />
        <Select
          label={t("projects.which")}
          description={t("projects.whichHint")}
          disabled={theirs.length === 0}
          value={project}
          onChange={setProject}
          data={theirs.map((one) => ({ value: one.id, label: one.name }))}
        />
        {share.error ? <Broken thrown={share.error} compact /> : null}
        <Button type="submit" loading={share.isPending} disabled={project === null}>
          {t("projects.add")}
        </Button>
      </form>
    </Modal>
  );
}
