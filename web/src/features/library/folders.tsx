import { ActionIcon, Modal, TextInput } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { allFolders, type Folder, makeFolder, removeFolder, renameFolder } from "@/api/library";
import { Broken } from "@/components/broken";
import { IconFolder, IconFolderPlus, IconTrash } from "@/components/icons";
import { refreshLibrary } from "./actions";
import classes from "./library.module.css";

/** Folders, to be made, named and taken away. What lies in one that goes stays in the library. */
export function Folders({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("library");
  const { t: common } = useTranslation("common");
  const client = useQueryClient();
  const folders = useQuery(allFolders);
  const [fresh, setFresh] = useState("");
  const [thrown, setThrown] = useState<unknown>(null);
  const run = async (act: () => Promise<unknown>) => {
    try {
      setThrown(null);
      await act();
      refreshLibrary(client);
    } catch (wrong) {
      setThrown(wrong);
    }
  };
  return (
    <Modal opened onClose={onClose} title={t("folders")} closeButtonProps={{ "aria-label": common("close") }}>
      {folders.error ? <Broken thrown={folders.error} again={() => void folders.refetch()} compact /> : null}
      {thrown ? <Broken thrown={thrown} compact /> : null}
      <p className={classes.modalText}>{t("foldersText")}</p>
      <div className={classes.folderList}>
        {folders.data?.map((folder) => (
          <Line
            key={folder.id}
            folder={folder}
            onName={(name) => void run(() => renameFolder(folder.id, name))}
            onRemove={() => void run(() => removeFolder(folder.id))}
          />
        ))}
      </div>
      <form
        className={classes.fresh}
        onSubmit={(event) => {
          event.preventDefault();
          const name = fresh.trim();
          if (name) void run(() => makeFolder(name)).then(() => setFresh(""));
        }}
      >
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
    </Modal>
  );
}

function Line({ folder, onName, onRemove }: { folder: Folder; onName: (name: string) => void; onRemove: () => void }) {
  const { t } = useTranslation("library");
  const [name, setName] = useState(folder.name);
  const keep = () => {
    if (name.trim() && name.trim() !== folder.name) onName(name.trim());
    else setName(folder.name);
  };
  return (
    <div className={classes.folderLine}>
      <IconFolder size={16} aria-hidden="true" />
      <TextInput
        variant="unstyled"
        size="sm"
        maxLength={60}
        aria-label={t("folderName", { name: folder.name })}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        onBlur={keep}
        onKeyDown={(event) => event.key === "Enter" && keep()}
      />
      <span className={classes.count}>{folder.items}</span>
      <ActionIcon aria-label={t("folderRemove", { name: folder.name })} onClick={onRemove}>
        <IconTrash size={16} />
      </ActionIcon>
    </div>
  );
}
