import { ActionIcon, Modal, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { allFolders, allTags, makeFolder, removeFolder, removeTag, renameFolder, renameTag } from "@/api/library";
import { Broken } from "@/components/broken";
import { IconFolder, IconFolderPlus, IconTag, IconTrash } from "@/components/icons";
import { refreshLibrary, restartLists } from "./actions";
import classes from "./library.module.css";

type Named = { id: string; name: string; items?: number };

/** Does one thing and has names and counts asked again. */
function useRun(after: typeof refreshLibrary) {
  const client = useQueryClient();
  const [thrown, setThrown] = useState<unknown>(null);
  const run = async (act: () => Promise<unknown>) => {
    try {
      setThrown(null);
      await act();
      after(client);
    } catch (wrong) {
      setThrown(wrong);
    }
  };
  return { thrown, run };
}

/** Folders, to be made, named and taken away. What lies in one that goes stays in the library. */
export function Folders({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("library");
  const folders = useQuery(allFolders);
  const [fresh, setFresh] = useState("");
  const { thrown, run } = useRun(refreshLibrary);
  const make = (event: FormEvent) => {
    event.preventDefault();
    const name = fresh.trim();
    if (name) void run(() => makeFolder(name)).then(() => setFresh(""));
  };
  return (
    <Names
      title={t("folders")}
      text={t("foldersText")}
      icon={<IconFolder size={16} aria-hidden="true" />}
      found={folders}
      thrown={thrown}
      said={{ name: "folderName", remove: "folderRemove" }}
      onName={(id, name) => void run(() => renameFolder(id, name))}
      onRemove={(id) => void run(() => removeFolder(id))}
      onClose={onClose}
    >
      <form className={classes.fresh} onSubmit={make}>
        <TextInput
          size="sm"
          maxLength={60}
          data-autofocus
          placeholder={t("folderNew")}
          aria-label={t("folderNew")}
          value={fresh}
          onChange={(event) => setFresh(event.currentTarget.value)}
        />
        <ActionIcon type="submit" aria-label={t("folderMake")} disabled={!fresh.trim()}>
          <IconFolderPlus size={18} />
        </ActionIcon>
      </form>
    </Names>
  );
}

/** Tags, to be named otherwise and taken off everything. */
export function Tags({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("library");
  const tags = useQuery(allTags);
  const { thrown, run } = useRun(restartLists);
  return (
    <Names
      title={t("tags")}
      text={t(tags.data?.length === 0 ? "tagsNone" : "tagsText")}
      icon={<IconTag size={16} aria-hidden="true" />}
      found={tags}
      thrown={thrown}
      said={{ name: "tagName", remove: "tagRemove" }}
      onName={(id, name) => void run(() => renameTag(id, name))}
      onRemove={(id) => void run(() => removeTag(id))}
      onClose={onClose}
    />
  );
}

type Said = { name: "folderName" | "tagName"; remove: "folderRemove" | "tagRemove" };
type Props = {
  title: string;
  text: string;
  icon: ReactNode;
  found: { data?: Named[]; error: unknown; refetch: () => unknown };
  thrown: unknown;
  said: Said;
  onName: (id: string, name: string) => void;
  onRemove: (id: string) => void;
  onClose: () => void;
  children?: ReactNode;
};

function Names({ title, text, icon, found, thrown, said, onName, onRemove, onClose, children }: Props) {
  const { t } = useTranslation("common");
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ "aria-label": t("close") }}>
      {found.error ? <Broken thrown={found.error} again={() => void found.refetch()} compact /> : null}
      {thrown ? <Broken thrown={thrown} compact /> : null}
      <p className={classes.modalText}>{text}</p>
      <div className={classes.folderList}>
        {found.data?.map((one) => (
          <Line
            key={one.id}
            one={one}
            icon={icon}
            said={said}
            onName={(name) => onName(one.id, name)}
            onRemove={() => onRemove(one.id)}
          />
        ))}
      </div>
      {children}
    </Modal>
  );
}

type LineProps = { one: Named; icon: ReactNode; said: Said; onName: (name: string) => void; onRemove: () => void };

function Line({ one, icon, said, onName, onRemove }: LineProps) {
  const { t } = useTranslation("library");
  const [name, setName] = useState(one.name);
  const keep = () => {
    if (name.trim() && name.trim() !== one.name) onName(name.trim());
    else setName(one.name);
  };
  return (
    <div className={classes.folderLine}>
      {icon}
      <TextInput
        variant="unstyled"
        size="sm"
        maxLength={60}
        aria-label={t(said.name, { name: one.name })}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        onBlur={keep}
        onKeyDown={(event) => event.key === "Enter" && keep()}
      />
      <span className={classes.count}>{one.items}</span>
      <ActionIcon aria-label={t(said.remove, { name: one.name })} onClick={onRemove}>
        <IconTrash size={16} />
      </ActionIcon>
    </div>
  );
}
