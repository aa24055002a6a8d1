import { Modal, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { type Card, cardOf } from "@/api/desk";
import { Broken } from "@/components/broken";
import { moment } from "@/lib/format";
import classes from "./desk.module.css";

type Attempt = Card["attempts"][number];
type Candidate = Card["candidates"][number];

/** What happened to one task: every attempt, and what was said of each channel. */
export function Why({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useTranslation(["desk", "common"]);
  const found = useQuery(cardOf(id));
  return (
    <Modal
      opened
      onClose={onClose}
      size="lg"
      title={t("why.title", { id })}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      {found.error ? <Broken thrown={found.error} again={() => void found.refetch()} compact /> : null}
      {found.isPending ? <Skeleton height={120} radius={8} animate={false} /> : null}
      {found.data ? (
        <>
          <h3 className={classes.part}>{t("why.attempts")}</h3>
          {found.data.attempts.length === 0 ? <p className="quiet">{t("why.noAttempts")}</p> : null}
          <ol className={classes.attempts}>
            {found.data.attempts.map((attempt) => (
              <OneAttempt key={attempt.id} attempt={attempt} />
            ))}
          </ol>
          {found.data.candidates.length > 0 ? (
            <>
              <h3 className={classes.part}>{t("why.candidates")}</h3>
              <Candidates found={found.data.candidates} />
            </>
          ) : null}
        </>
      ) : null}
    </Modal>
  );
}

const STATES = ["submitting", "accepted", "refused", "unclear", "ended"] as const;

function OneAttempt({ attempt }: { attempt: Attempt }) {
  const { t, i18n } = useTranslation("desk");
  const state = STATES.find((one) => one === attempt.state);
  return (
    <li>
      <strong>
        {t("why.attempt", {
          n: attempt.number,
          channel: attempt.channel ?? t("why.gone"),
          state: state ? t(`why.states.${state}`) : attempt.state,
        })}
      </strong>
      <p className={classes.detail}>
        {moment(attempt.submitted_at ?? attempt.created_at, i18n.language)}
        {attempt.ref ? <span>{t("ref", { ref: attempt.ref })}</span> : null}
      </p>
      {attempt.error ? (
        <p className={classes.error}>
          {attempt.error.message} <code>{attempt.error.code}</code>
        </p>
      ) : null}
      <Candidates found={attempt.why} />
    </li>
  );
}

function Candidates({ found }: { found: readonly Candidate[] }) {
  const { t } = useTranslation("desk");
  return (
    <ul className={classes.candidates}>
      {found.map((one) => (
        <li key={one.channel_id}>
          {one.channel} <span className="quiet">{one.accepted ? t("why.accepted") : (one.detail ?? one.reason)}</span>
        </li>
      ))}
    </ul>
  );
}
