import { Button, Drawer, Select } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { closeProject, peopleKeys, putMember, removeMember, removeTeam, type Team } from "@/api/people";
import { useDo } from "@/api/use-do";
import { Confirm } from "@/components/confirm";
import { Line, Lines, Panel } from "@/components/panel";
import { UserPick } from "@/components/user-pick";
import { ShareProject } from "./share";
import classes from "./teams.module.css";

const ROLES = ["member", "viewer"] as const;
type Role = (typeof ROLES)[number];
type Asked = { title: string; verb: string; effect: string; work: () => Promise<void>; after?: () => void };

/** Who is in a team, what it shares, and its end. */
export function TeamPanel({ team, onClose }: { team: Team; onClose: () => void }) {
  const { t } = useTranslation(["teams", "common"]);
  const [asked, setAsked] = useState<Asked | null>(null);
  const sure = useDo((work: () => Promise<void>) => work(), peopleKeys.teams, undefined, true);
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="lg"
      title={team.name}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <div className={classes.parts}>
        <Members team={team} onAsk={setAsked} />
        <Projects team={team} onAsk={setAsked} />
        <div>
          <Button
            variant="subtle"
            color="red"
            onClick={() =>
              setAsked({
                title: t("remove.title", { name: team.name }),
                verb: t("remove.verb"),
                effect: t("remove.effect"),
                work: () => removeTeam(team.id),
                after: onClose,
              })
            }
          >
            {t("remove.verb")}
          </Button>
        </div>
      </div>
      {asked ? (
        <Confirm
          title={asked.title}
          verb={asked.verb}
          busy={sure.isPending}
          thrown={sure.error}
          onYes={() =>
            sure.mutate(asked.work, {
              onSuccess: () => {
                setAsked(null);
                asked.after?.();
              },
            })
          }
          onClose={() => {
            sure.reset();
            setAsked(null);
          }}
        >
          <p>{asked.effect}</p>
        </Confirm>
      ) : null}
    </Drawer>
  );
}

function Members({ team, onAsk }: { team: Team; onAsk: (asked: Asked) => void }) {
  const { t } = useTranslation(["teams", "shell"]);
  const [chosen, setChosen] = useState<string | null>(null);
  const put = useDo(({ id, role }: { id: string; role: Role }) => putMember(team.id, id, role), peopleKeys.teams);
  const roles = ROLES.map((role) => ({ value: role, label: t(`shell:role.${role}`) }));
  return (
    <Panel title={t("members.title")} text={t("members.text")}>
      {team.members.length === 0 ? <p className={classes.none}>{t("nobody")}</p> : null}
      <Lines>
        {team.members.map((one) => (
          <Line
            key={one.userId}
            title={one.name || one.userId}
            state={
              <Select
                aria-label={t("members.role", { name: one.name })}
                w={120}
                allowDeselect={false}
                value={one.role}
                data={roles}
                onChange={(role) => put.mutate({ id: one.userId, role: (role ?? "member") as Role })}
              />
            }
            actions={
              <Button
                size="compact-sm"
                variant="subtle"
                color="red"
                onClick={() =>
                  onAsk({
                    title: t("members.outTitle", { name: one.name, team: team.name }),
                    verb: t("members.out"),
                    effect: t("members.outEffect"),
                    work: () => removeMember(team.id, one.userId),
                  })
                }
              >
                {t("members.out")}
              </Button>
            }
          />
        ))}
      </Lines>
      <form
        className={classes.add}
        onSubmit={(event) => {
          event.preventDefault();
          if (chosen) put.mutate({ id: chosen, role: "member" }, { onSuccess: () => setChosen(null) });
        }}
      >
        <UserPick label={t("members.add")} value={chosen} without={team.members.map((one) => one.userId)} onChange={setChosen} />
        <Button type="submit" variant="default" loading={put.isPending} disabled={chosen === null}>
          {t("members.addGo")}
        </Button>
      </form>
    </Panel>
  );
}

function Projects({ team, onAsk }: { team: Team; onAsk: (asked: Asked) => void }) {
  const { t } = useTranslation("teams");
  const [sharing, setSharing] = useState(false);
  return (
    <Panel
      title={t("projects.title")}
      text={t("projects.text")}
      action={
        <Button variant="default" size="compact-sm" onClick={() => setSharing(true)}>
          {t("projects.add")}
        </Button>
      }
    >
      {team.projects.length === 0 ? <p className={classes.none}>{t("noProject")}</p> : null}
      <Lines>
        {team.projects.map((one) => (
          <Line
            key={one.id}
            title={one.name}
            actions={
              <Button
                size="compact-sm"
                variant="subtle"
                color="red"
                onClick={() =>
                  onAsk({
                    title: t("projects.backTitle", { name: one.name }),
                    verb: t("projects.back"),
                    effect: t("projects.backEffect"),
                    work: () => closeProject(team.id, one.id),
                  })
                }
              >
                {t("projects.back")}
              </Button>
            }
          />
        ))}
      </Lines>
      {sharing ? <ShareProject team={team} onClose={() => setSharing(false)} /> : null}
    </Panel>
  );
}
