import { Button, Modal, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Item } from "@/api/library";
import { Broken } from "@/components/broken";
import classes from "./characters.module.css";

type Props = { item: Item; onClose: () => void; onRemove: () => Promise<void> };

/** Asks for the name of a character before it goes. */
export default function Remove({ item, onClose, onRemove }: Props) {
  const { t } = useTranslation("characters");
  const { t: common } = useTranslation("common");
  const name = item.name ?? item.id;
  const [typed, setTyped] = useState("");
  const [state, setState] = useState<{ busy: boolean; thrown: unknown }>({ busy: false, thrown: null });
  const right = typed.trim().replace(/^@/, "") === name.trim();
  const go = async () => {
    if (!right) return;
    setState({ busy: true, thrown: null });
    try {
      await onRemove();
      onClose();
    } catch (thrown) {
      setState({ busy: false, thrown });
    }
  };
  return (
    <Modal opened onClose={onClose} title={t("removeTitle", { name })} closeButtonProps={{ "aria-label": common("close") }}>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          void go();
        }}
      >
        <p className={classes.hint}>{t("removeText")}</p>
        <TextInput
          label={t("removeLabel", { name })}
          value={typed}
          autoComplete="off"
          data-autofocus
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        {state.thrown ? <Broken thrown={state.thrown} compact /> : null}
        <div className={classes.buttons}>
          <Button type="submit" color="red" disabled={!right} loading={state.busy}>
            {t("removeAct")}
          </Button>
          <Button variant="default" onClick={onClose}>
            {common("cancel")}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
