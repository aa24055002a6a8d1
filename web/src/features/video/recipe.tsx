import { Button, CopyButton } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Detail } from "@/api/library";
import { IconArrowBackUp, IconCheck, IconCopy } from "@/components/icons";
import { bytes, duration, moment, money } from "@/lib/format";
import classes from "./video.module.css";

type Told = Record<string, unknown>;

/** What made the clip, whole, to be read, copied and used again. */
export function Recipe({ item, onUse }: { item: Detail; onUse: () => void }) {
  const { t } = useTranslation("video");
  return (
    <>
      <section>
        <div className={classes.sectionHead}>
          <h2>{t("recipe.prompt")}</h2>
          <Copy text={item.prompt ?? ""} />
        </div>
        <p className={classes.prompt}>{item.prompt ?? t("recipe.noPrompt")}</p>
        <Negative item={item} />
      </section>
      <Inputs item={item} />
      <Facts item={item} />
      <Adapted item={item} />
      {item.notes ? (
        <section>
          <h2>{t("recipe.notes")}</h2>
          <p className={classes.prompt}>{item.notes}</p>
        </section>
      ) : null}
      <Button fullWidth variant="default" leftSection={<IconArrowBackUp size={16} />} onClick={onUse}>
        {t("recipe.use")}
      </Button>
    </>
  );
}

export function Copy({ text, label }: { text: string; label?: string }) {
  const { t } = useTranslation("video");
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          leftSection={copied ? <IconCheck size={13} /> : <IconCopy size={13} />}
          onClick={copy}
        >
          {copied ? t("copied") : (label ?? t("copy"))}
        </Button>
      )}
    </CopyButton>
  );
}

function Negative({ item }: { item: Detail }) {
  const { t } = useTranslation("video");
  const negative = ((item.request ?? {}) as Told).negative_prompt;
  if (typeof negative !== "string" || !negative) return null;
  return <p className={classes.hint}>{t("recipe.negative", { text: negative })}</p>;
}

function Inputs({ item }: { item: Detail }) {
  const { t } = useTranslation("video");
  if (item.inputs.length === 0) return null;
  return (
    <section>
      <h2>{t("recipe.inputs")}</h2>
      <div className={classes.inputs}>
        {item.inputs.map((input) => (
          <figure key={input.position}>
            {input.media_type.startsWith("image/") ? (
              <img src={input.url} alt="" loading="lazy" />
            ) : (
              // biome-ignore lint/a11y/useMediaCaption: what people bring comes without captions
              <video src={input.url} preload="metadata" controls />
            )}
            <figcaption>{input.character_name ? `@${input.character_name}` : t(`roles.${input.role}`)}</figcaption>
          </figure>
        ))}
      </div>
    </section>
  );
}

function Facts({ item }: { item: Detail }) {
  const { t, i18n } = useTranslation("video");
  const asked = (item.request ?? {}) as Told;
  const made = (item.effective ?? {}) as Told;
  const { width, height } = item.media;
  const yes = (value: unknown) => (typeof value === "boolean" ? t(value ? "recipe.on" : "recipe.off") : null);
  const seed = made.seed ?? asked.seed;
  const spent = item.finished_at && item.started_at ? (item.finished_at - item.started_at) / 1000 : null;
  const cost = item.cost;
  const facts: [string, string | null][] = [
    [t("facts.model"), item.served_by ? `${item.model} → ${item.served_by}` : item.model],
    [t("facts.size"), width && height ? `${width} × ${height}` : item.size],
    [t("facts.aspect"), item.aspect],
    [t("facts.length"), item.seconds ? duration(item.seconds, i18n.language) : null],
    [t("facts.seed"), typeof seed === "number" ? String(seed) : null],
    [t("facts.audio"), yes(made.audio ?? asked.audio)],
    [t("facts.watermark"), yes(made.watermark ?? asked.watermark)],
    [t("facts.cost"), cost ? money(cost.charged ?? cost.quoted, cost.currency, i18n.language) : null],
    [t("facts.bytes"), item.media.bytes ? bytes(item.media.bytes, i18n.language) : null],
    [t("facts.made"), moment(item.created_at, i18n.language)],
    [t("facts.took"), spent === null ? null : duration(spent, i18n.language)],
  ];
  return (
    <section>
      <h2>{t("recipe.settings")}</h2>
      <dl className={classes.facts}>
        {facts
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </section>
  );
}

/** What could not be had as it was asked for. */
function Adapted({ item }: { item: Detail }) {
  const { t } = useTranslation("video");
  if (item.adapted.length === 0) return null;
  return (
    <section>
      <h2>{t("recipe.adapted")}</h2>
      <ul className={classes.list}>
        {item.adapted.map((one) => {
          const { field, from, to } = one as Told;
          return <li key={String(field)}>{t("recipe.changed", { field: String(field), from: String(from), to: String(to) })}</li>;
        })}
      </ul>
    </section>
  );
}
