import { useTranslation } from "react-i18next";
import { IconAlertTriangle, IconMail } from "./icons";
import classes from "./mailed.module.css";

type Mail = { address: string; sent: boolean; reason: string | null };

/** Whether a link went out by mail; nothing where nobody was written to. */
export function Mailed({ mail }: { mail: Mail | null | undefined }) {
  const { t } = useTranslation("users");
  if (!mail) return null;
  return (
    <p className={classes.mail} data-sent={mail.sent} role="status">
      {mail.sent ? <IconMail size={16} stroke={1.7} /> : <IconAlertTriangle size={16} stroke={1.7} />}
      {mail.sent
        ? t("mail.sent", { address: mail.address })
        : t("mail.unsent", { address: mail.address, reason: mail.reason ?? "" })}
    </p>
  );
}
