import { Button, Modal, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { makeProject, renameProject } from "@/api/library";
import { type Place, sessionKeys } from "@/api/session";
import { Broken } from "@/components/broken";

type Props = { current: Place | null; onClose: () => void; onMade: (id: string) => void };

/** Names a project: a new one to work in, or the one there is. */
export default function ProjectName({ current, onClose, onMade }: Props) {
  const { t } = useTranslation(["shell", "common"]);
  const client = useQueryClient();
  const [name, setName] = useState(current?.name ?? "");
  const [state, setState] = useState<{ busy: boolean; thrown: unknown }>({ busy: false, thrown: null });
  const go = async (event: FormEvent) => {
    event.preventDefault();
    const called = name.trim();
    if (!called) return;
    setState({ busy: true, thrown: null });
    try {
      const made = current ? await renameProject(current.id, called) : await makeProject(called);
      onClose();
      if (made) onMade(made);
      else await client.invalidateQueries({ queryKey: sessionKeys.me });
    } catch (thrown) {
      setState({ busy: false, thrown });
    }
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={t(current ? "project.rename" : "project.new")}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <form onSubmit={(event) => void go(event)}>
        <TextInput
          label={t("project.name")}
          data-autofocus
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {state.thrown ? <Broken thrown={state.thrown} compact /> : null}
        <Button type="submit" mt="md" loading={state.busy} disabled={!name.trim() || name.trim() === current?.name}>
          {t("common:save")}
        </Button>
      </form>
    </Modal>
  );
}
