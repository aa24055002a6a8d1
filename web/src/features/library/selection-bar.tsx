import { ActionIcon, Button, Menu, Popover, TextInput, Tooltip } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { allFolders, type Item, makeFolder } from "@/api/library";
import {
  IconArrowBackUp,
  IconDownload,
  IconFolder,
  IconFolderPlus,
  IconHeart,
  IconRefresh,
  IconStar,
  IconStarFilled,
  IconTag,
  IconTrash,
  IconX,
} from "@/components/icons";
import { useSession } from "@/lib/session";
import { type Actions, refreshLibrary } from "./actions";
import classes from "./library.module.css";

type Props = {
  items: Item[];
  trashed: boolean;
  actions: Actions;
  onClear: () => void;
  onRemix: (items: Item[]) => void;
  onDownload: (items: Item[]) => void;
};

/** More clips at once are made from by a program. */
const REMIXED_MOST = 20;

/** What can be done to everything that is selected. */
export function SelectionBar({ items, trashed, actions, onClear, onRemix, onDownload }: Props) {
  const { t } = useTranslation("library");
  const ids = items.map((item) => item.id);
  const made = items.filter((item) => item.kind === "task" && item.status === "completed");
  const button = (label: string, icon: React.ReactNode, act: () => void) => (
    <Tooltip label={label}>
      <ActionIcon aria-label={label} onClick={act}>
        {icon}
      </ActionIcon>
    </Tooltip>
  );
  return (
    <div className={classes.selection} role="toolbar" aria-label={t("selection")}>
      <span className={classes.selectedCount}>{t("selected", { count: items.length })}</span>
      {trashed ? (
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconArrowBackUp size={15} />}
          onClick={() => void actions.restore(ids).then(onClear)}
        >
          {t("act.restore")}
        </Button>
      ) : (
        <>
          {button(t("act.favourite"), <IconHeart size={17} />, () => void actions.favourite(items))}
          {made.length > 0 && made.length <= REMIXED_MOST
            ? button(t(made.length > 1 ? "act.remixMany" : "act.remix"), <IconRefresh size={17} />, () => onRemix(made))
            : null}
          <RateMenu ids={ids} actions={actions} />
          <MoveMenu ids={ids} actions={actions} />
          <TagPopover ids={ids} actions={actions} />
          {button(t("act.download"), <IconDownload size={17} />, () => onDownload(items))}
          {button(t("act.trash"), <IconTrash size={17} />, () => {
            void actions.trash(ids);
            onClear();
          })}
        </>
      )}
      {button(t("act.clear"), <IconX size={17} />, onClear)}
    </div>
  );
}

function RateMenu({ ids, actions }: { ids: string[]; actions: Actions }) {
  const { t } = useTranslation("library");
  const rate = (rating: number) => void actions.many({ action: "rate", ids, value: rating }, (item) => ({ ...item, rating }));
  return (
    <Menu position="top" width={150}>
      <Menu.Target>
        <Tooltip label={t("act.rate")}>
          <ActionIcon aria-label={t("act.rate")}>
            <IconStar size={17} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {[5, 4, 3, 2, 1].map((stars) => (
          <Menu.Item key={stars} onClick={() => rate(stars)}>
            <span className={classes.stars} role="img" aria-label={t("ratingOf", { count: stars })}>
              {Array.from({ length: stars }, (_, n) => n).map((n) => (
                <IconStarFilled key={n} size={13} />
              ))}
            </span>
          </Menu.Item>
        ))}
        <Menu.Item onClick={() => rate(0)}>{t("ratingNone")}</Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function MoveMenu({ ids, actions }: { ids: string[]; actions: Actions }) {
  const { t } = useTranslation("library");
  const folders = useQuery(allFolders);
  const who = useSession();
  const client = useQueryClient();
  const [opened, setOpened] = useState(false);
  const [fresh, setFresh] = useState("");
  const into = (folder: string | null) =>
    actions.many({ action: "folder", ids, value: folder }, (item) => ({ ...item, folder_id: folder }));
  const others = who.projects.filter((one) => one.id !== who.projectId);
  const make = async () => {
    const name = fresh.trim();
    if (!name) return;
    const folder = await makeFolder(name);
    // The button that was pressed is no use any more and loses the focus: Escape would drop what is selected.
    setOpened(false);
    setFresh("");
    await into(folder.id);
    refreshLibrary(client);
  };
  return (
    <Menu opened={opened} onChange={setOpened} position="top" width={240} trapFocus={false}>
      <Menu.Target>
        <Tooltip label={t("act.move")}>
          <ActionIcon aria-label={t("act.move")}>
            <IconFolder size={17} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown className={classes.values}>
        <Menu.Label>{t("folders")}</Menu.Label>
        {folders.data?.map((folder) => (
          <Menu.Item key={folder.id} leftSection={<IconFolder size={15} />} onClick={() => void into(folder.id)}>
            <span className={classes.value}>{folder.name}</span>
          </Menu.Item>
        ))}
        <Menu.Item onClick={() => void into(null)}>{t("noFolder")}</Menu.Item>
        <form
          className={classes.fresh}
          onSubmit={(event) => {
            event.preventDefault();
            void make();
          }}
        >
          <TextInput
            size="xs"
            maxLength={60}
            placeholder={t("folderNew")}
            aria-label={t("folderNew")}
            value={fresh}
            onChange={(event) => setFresh(event.currentTarget.value)}
            onKeyDown={(event) => event.stopPropagation()}
          />
          <ActionIcon type="submit" aria-label={t("folderMake")} disabled={!fresh.trim()}>
            <IconFolderPlus size={16} />
          </ActionIcon>
        </form>
        {others.length > 0 ? <Menu.Label>{t("projects")}</Menu.Label> : null}
        {others.map((project) => (
          <Menu.Item
            key={project.id}
            onClick={() => void actions.many({ action: "project", ids, value: project.id }, () => null)}
          >
            <span className={classes.value}>{project.name}</span>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function TagPopover({ ids, actions }: { ids: string[]; actions: Actions }) {
  const { t } = useTranslation("library");
  const [text, setText] = useState("");
  const names = text
    .split(/[,，、]/)
    .map((one) => one.trim())
    .filter(Boolean);
  const send = (action: "add_tags" | "remove_tags") => {
    if (names.length === 0) return;
    void actions.many({ action, ids, value: names }, (item) => item);
    setText("");
  };
  return (
    <Popover position="top" width={260} trapFocus>
      <Popover.Target>
        <Tooltip label={t("act.tag")}>
          <ActionIcon aria-label={t("act.tag")}>
            <IconTag size={17} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown>
        <form
          onSubmit={(event) => {
            event.preventDefault();
            send("add_tags");
          }}
        >
          <TextInput
            size="xs"
            label={t("tags")}
            placeholder={t("tagsHint")}
            value={text}
            data-autofocus
            onChange={(event) => setText(event.currentTarget.value)}
          />
          <div className={classes.buttons}>
            <Button size="compact-sm" type="submit">
              {t("tagsAdd")}
            </Button>
            <Button size="compact-sm" variant="default" onClick={() => send("remove_tags")}>
              {t("tagsRemove")}
            </Button>
          </div>
        </form>
      </Popover.Dropdown>
    </Popover>
  );
}
