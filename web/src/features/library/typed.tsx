import { Button, Modal, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { Broken } from "@/components/broken";
import classes from "./library.module.css";

type Props = {
  title: string;
  text: string;
  word: string;
  label: string;
  act: (typed: string) => Promise<void>;
  onClose: () => void;
};

/** Asks for a name to be typed before something that is easily regretted. */
export function Typed({ title, text, word, label, act, onClose }: Props) {
  const { t } = useTranslation("library");
  const { t: common } = useTranslation("common");
  const [typed, setTyped] = useState("");
  const [state, setState] = useState<{ busy: boolean; thrown: unknown }>({ busy: false, thrown: null });
  const right = typed.trim() === word.trim();
  const go = async () => {
    if (!right) return;
    setState({ busy: true, thrown: null });
    try {
      await act(typed.trim());
      onClose();
    } catch (thrown) {
      setState({ busy: false, thrown });
    }
  };
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ "aria-label": common("close") }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void go();
        }}
      >
        <p className={classes.modalText}>{text}</p>
        <TextInput
          label={t("typed.label", { word })}
          value={typed}
          autoComplete="off"
          data-autofocus
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        {state.thrown ? <Broken thrown={state.thrown} compact /> : null}
        <div className={classes.buttons}>
          <Button type="submit" color="red" disabled={!right} loading={state.busy}>
            {label}
          </Button>
          <Button variant="default" onClick={onClose}>
            {common("cancel")}
          </Button>
        </div>
      </form>
    </Modal>
  );
}
