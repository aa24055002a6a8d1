import { Menu, UnstyledButton } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { chooseProject } from "@/api/session";
import { IconCheck, IconChevronDown, IconPencil, IconPlus, IconStack2, IconUsers } from "@/components/icons";
import { useSession } from "@/lib/session";
import classes from "./top.module.css";

const ProjectName = lazy(() => import("./project-name"));

/** Which project everything on the page belongs to. */
export function ProjectSwitcher() {
  const { t } = useTranslation("shell");
  const who = useSession();
  const client = useQueryClient();
  const current = who.projects.find((place) => place.id === who.projectId);
  const [naming, setNaming] = useState<"new" | "name" | null>(null);
  const choose = (id: string) => {
    chooseProject(id);
    void client.resetQueries();
  };
  return (
    <>
      <Menu position="bottom-start" width={260}>
        <Menu.Target>
          <UnstyledButton className={classes.project} aria-label={t("project.choose", { name: current?.name ?? "" })}>
            <IconStack2 size={17} stroke={1.6} />
            <span className={classes.name}>{current?.name ?? t("project.none")}</span>
            <IconChevronDown size={14} />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{t("project.label")}</Menu.Label>
          {who.projects.map((place) => (
            <Menu.Item
              key={place.id}
              leftSection={place.teamId ? <IconUsers size={16} stroke={1.6} /> : <IconStack2 size={16} stroke={1.6} />}
              rightSection={place.id === who.projectId ? <IconCheck size={16} /> : null}
              onClick={() => choose(place.id)}
            >
              {place.name}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Item leftSection={<IconPlus size={16} stroke={1.6} />} onClick={() => setNaming("new")}>
            {t("project.new")}
          </Menu.Item>
          {current && current.teamId === null ? (
            <Menu.Item leftSection={<IconPencil size={16} stroke={1.6} />} onClick={() => setNaming("name")}>
              {t("project.rename")}
            </Menu.Item>
          ) : null}
        </Menu.Dropdown>
      </Menu>
      <Suspense>
        {naming ? (
          <ProjectName current={naming === "name" ? (current ?? null) : null} onClose={() => setNaming(null)} onMade={choose} />
        ) : null}
      </Suspense>
    </>
  );
}
