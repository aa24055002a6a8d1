import { Button, CopyButton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { IconCheck, IconCopy } from "./icons";
import classes from "./once.module.css";

/** Something secret that is shown this once, with what to do with it. */
export function Once({ text, secret }: { text: string; secret: string }) {
  const { t } = useTranslation("common");
  return (
    <div className={classes.once} role="status">
      <p className={classes.text}>{text}</p>
      <code className={classes.secret}>{secret}</code>
      <CopyButton value={secret}>
        {({ copied, copy }) => (
          <Button leftSection={copied ? <IconCheck size={15} /> : <IconCopy size={15} />} onClick={copy}>
            {t(copied ? "copied" : "copy")}
          </Button>
        )}
      </CopyButton>
    </div>
  );
}
