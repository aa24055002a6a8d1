import { Button } from "@mantine/core";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { IconDownload } from "@/components/icons";
import { bytes } from "@/lib/format";
import classes from "./console.module.css";
import type { Answered } from "./request";

const SHOWN = 200_000;

/** What came back: how it ended, its headers and its body. */
export function AnswerView({ got, thrown }: { got: Answered | null; thrown: string | null }) {
  const { t, i18n } = useTranslation("console");
  if (thrown !== null)
    return (
      <p role="alert" className={classes.failed}>
        {t("failed", { reason: thrown })}
      </p>
    );
  if (!got) return <p className="quiet">{t("noAnswer")}</p>;
  const size = bytes(got.size, i18n.language);
  return (
    <div role="status">
      <p className={classes.status} data-good={got.status < 400}>
        {t("status", { status: got.status, ms: got.ms, size })}
      </p>
      <details className={classes.headers}>
        <summary>{t("headers")}</summary>
        <dl>
          {got.headers.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </details>
      {got.text === null ? (
        <Binary got={got} />
      ) : got.size === 0 ? (
        <p className="quiet">{t("emptyBody")}</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
        <section className={classes.text} aria-label={t("answer")} tabIndex={0}>
          <pre>{got.text}</pre>
        </section>
      )}
      {got.cut && got.text !== null ? <p className="quiet">{t("cutAt", { size: bytes(SHOWN, i18n.language) })}</p> : null}
    </div>
  );
}

function Binary({ got }: { got: Answered }) {
  const { t, i18n } = useTranslation("console");
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    const made = URL.createObjectURL(got.blob);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [got]);
  return (
    <>
      <p className="quiet">{t("binary", { type: got.type, size: bytes(got.size, i18n.language) })}</p>
      {url ? (
        <Button component="a" href={url} download variant="default" leftSection={<IconDownload size={15} />}>
          {t("download")}
        </Button>
      ) : null}
    </>
  );
}
