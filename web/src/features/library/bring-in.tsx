import { Button, Modal, Progress } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type DragEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Broken } from "@/components/broken";
import { IconFileImport, IconFolder } from "@/components/icons";
import { restartLists } from "./actions";
import { bringIn, filesOf, type Report } from "./bring";
import classes from "./library.module.css";

type State =
  | { at: "asking" }
  | { at: "running"; done: number; all: number }
  | { at: "done"; report: Report }
  | { at: "broken"; thrown: unknown };

/** Brings files and folders into the library, with what an earlier program's lists say of them. */
export default function BringIn({ first, onClose }: { first: File[] | null; onClose: () => void }) {
  const { t } = useTranslation(["library", "common"]);
  const client = useQueryClient();
  const [state, setState] = useState<State>({ at: "asking" });
  const [over, setOver] = useState(false);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const stop = useRef(new AbortController());
  useEffect(() => () => stop.current.abort(), []);
  const run = async (list: File[]) => {
    if (list.length === 0) return;
    stop.current = new AbortController();
    setState({ at: "running", done: 0, all: list.length });
    try {
      const told = (done: number, all: number) => setState({ at: "running", done, all });
      setState({ at: "done", report: await bringIn(list, told, stop.current.signal) });
    } catch (thrown) {
      setState({ at: "broken", thrown });
    }
    restartLists(client);
  };
  const begun = useRef(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was dropped is brought once
  useEffect(() => {
    if (!first || begun.current) return;
    begun.current = true;
    void run(first);
  }, [first]);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    event.stopPropagation();
    setOver(false);
    void filesOf(event.dataTransfer).then(run);
  };
  return (
    <Modal
      opened
      size="lg"
      onClose={onClose}
      closeOnClickOutside={state.at !== "running"}
      title={t("bring.title")}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      {state.at === "asking" || state.at === "broken" ? (
        <>
          {state.at === "broken" ? <Broken thrown={state.thrown} compact /> : null}
          {/* biome-ignore lint/a11y/noStaticElementInteractions: the buttons inside do the same by keys */}
          <div
            className={classes.dropArea}
            data-over={over || undefined}
            onDragOver={(event) => {
              event.preventDefault();
              event.stopPropagation();
              setOver(true);
            }}
            onDragLeave={() => setOver(false)}
            onDrop={drop}
          >
            <IconFileImport size={28} stroke={1.4} aria-hidden="true" />
            <p>{t("bring.text")}</p>
            <div className={classes.buttons}>
              <Button leftSection={<IconFileImport size={15} />} onClick={() => files.current?.click()}>
                {t("bring.files")}
              </Button>
              <Button variant="default" leftSection={<IconFolder size={15} />} onClick={() => folder.current?.click()}>
                {t("bring.folder")}
              </Button>
            </div>
          </div>
          <p className={classes.modalText}>{t("bring.lists")}</p>
          <input
            ref={files}
            type="file"
            multiple
            hidden
            accept="video/*,image/png,image/jpeg,image/webp,.json"
            aria-label={t("bring.files")}
            onChange={(event) => void run([...(event.currentTarget.files ?? [])])}
          />
          <input
            ref={folder}
            type="file"
            multiple
            hidden
            // React's types do not know it; browsers let a whole folder be chosen by it.
            {...{ webkitdirectory: "" }}
            aria-label={t("bring.folder")}
            onChange={(event) => void run([...(event.currentTarget.files ?? [])])}
          />
        </>
      ) : null}
      {state.at === "running" ? (
        <div className={classes.bringing} role="status">
          <p>{t("bring.running", { done: state.done, all: state.all })}</p>
          <Progress value={state.all > 0 ? (state.done / state.all) * 100 : 0} aria-label={t("bring.title")} />
          <Button variant="default" onClick={onClose}>
            {t("common:cancel")}
          </Button>
        </div>
      ) : null}
      {state.at === "done" ? <Done report={state.report} onClose={onClose} /> : null}
    </Modal>
  );
}

function Done({ report, onClose }: { report: Report; onClose: () => void }) {
  const { t } = useTranslation(["library", "common"]);
  return (
    <div className={classes.bringing} role="status">
      <p>{t("bring.done", { count: report.items.size })}</p>
      {report.known > 0 ? <p className={classes.modalText}>{t("bring.known", { count: report.known })}</p> : null}
      {report.characters > 0 ? <p className={classes.modalText}>{t("bring.characters", { count: report.characters })}</p> : null}
      {report.left.length > 0 ? (
        <>
          <p>{t("bring.left", { count: report.left.length })}</p>
          <ul className={classes.leftOut}>
            {report.left.map((one, n) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a report never changes
              <li key={n}>
                <b>{one.what}</b> <span>{one.why ? t(`bring.why.${one.why}`) : one.said}</span>
              </li>
            ))}
          </ul>
        </>
      ) : null}
      <Button onClick={onClose}>{t("common:close")}</Button>
    </div>
  );
}
