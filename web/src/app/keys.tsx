import { Modal } from "@mantine/core";
import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import { commandKey } from "@/lib/keyboard";
import classes from "./keys.module.css";

const GROUPS = [
  {
    name: "everywhere",
    keys: [
      ["search", commandKey("K")],
      ["keys", "?"],
      ["close", "Esc"],
    ],
  },
  {
    name: "go",
    keys: [
      ["create", "G C"],
      ["library", "G L"],
      ["queue", "G Q"],
      ["characters", "G P"],
    ],
  },
  {
    name: "library",
    keys: [
      ["next", "J"],
      ["previous", "K"],
      ["favourite", "F"],
      ["use", "R"],
      ["remix", "⇧ R"],
      ["pick", "X"],
      ["trash", "Del"],
    ],
  },
  {
    name: "video",
    keys: [
      ["play", "␣"],
      ["frames", ", ."],
      ["shuttle", "J K L"],
      ["loop", "O"],
      ["mute", "M"],
      ["favourite", "F"],
      ["use", "R"],
    ],
  },
  {
    name: "create",
    keys: [
      ["generate", commandKey("↵")],
      ["name", "@"],
      ["paste", commandKey("V")],
    ],
  },
] as const;

/** All keys there are. */
export default function Keys({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation("shell");
  return (
    <Modal opened onClose={onClose} title={t("keys.title")} size="md" closeButtonProps={{ "aria-label": t("close") }}>
      <div className={classes.keys}>
        {GROUPS.map((group) => (
          <section key={group.name}>
            <h3 className={classes.group}>{t(`keys.groups.${group.name}`)}</h3>
            <dl className={classes.list}>
              {group.keys.map(([word, keys]) => (
                <Fragment key={word}>
                  <dt>{t(`keys.words.${word}`)}</dt>
                  <dd>
                    {keys.split(" ").map((key) => (
                      <kbd key={key}>{key}</kbd>
                    ))}
                  </dd>
                </Fragment>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}
