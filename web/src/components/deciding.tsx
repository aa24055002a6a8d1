import { Button, Modal, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { cancelTask, type Decision, decideTask, type Effect, type Item, queueKeys } from "@/api/queue";
import { asFailure } from "@/lib/failure";
import classes from "./deciding.module.css";

function useChange<W>(work: (wish: W) => Promise<void>, said: string) {
  const client = useQueryClient();
  return useMutation<void, unknown, W>({
    mutationFn: work,
    onSuccess: () => notifications.show({ message: said }),
    onError: (thrown) => notifications.show({ color: "red", message: asFailure(thrown).message }),
    onSettled: async () => {
      await client.invalidateQueries({ queryKey: queueKeys.all });
      await client.invalidateQueries({ queryKey: ["library"] });
    },
  });
}

type Asked = Pick<Item, "id" | "prompt" | "status" | "cost" | "cancel_requested_at">;

/** What cancelling does to the money when only the status is known. */
export function effectOf(status: Item["status"]): Effect {
  if (status === "queued") return "free";
  return status === "submitting" || status === "running" ? "may_be_charged" : "none";
}

/** Cancels an open task; what that does to the money is said before it is done. */
export function Cancel({ item, effect = effectOf(item.status) }: { item: Asked; effect?: Effect }) {
  const { t } = useTranslation(["queue", "common"]);
  const [open, setOpen] = useState(false);
  const cancel = useChange((id: string) => cancelTask(id), t("cancel.said"));
  const unpaid = item.cost !== null && Number(item.cost.quoted) === 0;
  if (item.cancel_requested_at !== null) return <span className="quiet">{t("cancel.asked")}</span>;
  return (
    <>
      <Button size="compact-sm" variant="default" onClick={() => setOpen(true)}>
        {t("cancel.open")}
      </Button>
      <Modal
        opened={open}
        onClose={() => setOpen(false)}
        title={t("cancel.title")}
        closeButtonProps={{ "aria-label": t("common:close") }}
      >
        <p className={classes.prompt}>{item.prompt}</p>
        <p>{t(`cancel.effects.${unpaid ? "unpaid" : effect}`)}</p>
        <div className={classes.buttons}>
          <Button variant="default" onClick={() => setOpen(false)}>
            {t("cancel.keep")}
          </Button>
          <Button
            color="red"
            onClick={() => {
              setOpen(false);
              cancel.mutate(item.id);
            }}
          >
            {t("cancel.go")}
          </Button>
        </div>
      </Modal>
    </>
  );
}

/** What a person can say of a task nobody can vouch for: of one in doubt three things, of ended money one. */
export function Decide({ item }: { item: Asked }) {
  const { t } = useTranslation(["queue", "common"]);
  const [open, setOpen] = useState(false);
  const [ref, setRef] = useState("");
  const decide = useChange(
    (wish: { decision: Decision; ref?: string }) => decideTask(item.id, wish.decision, wish.ref),
    t("decide.said"),
  );
  const go = (decision: Decision, upstream?: string) => {
    setOpen(false);
    decide.mutate({ decision, ref: upstream });
  };
  const doubtful = item.status === "unconfirmed";
  return (
    <>
      <Button size="compact-sm" onClick={() => setOpen(true)}>
        {t("decide.open")}
      </Button>
      <Modal
        opened={open}
        onClose={() => setOpen(false)}
        title={t(doubtful ? "decide.title" : "decide.moneyTitle")}
        size="lg"
        closeButtonProps={{ "aria-label": t("common:close") }}
      >
        <p>{t(doubtful ? "decide.text" : "decide.moneyText")}</p>
        <div className={classes.choices}>
          {doubtful ? (
            <>
              <div className={classes.choice}>
                <div>
                  <h3>{t("decide.exists.title")}</h3>
                  <p>{t("decide.exists.text")}</p>
                  <TextInput
                    label={t("decide.exists.ref")}
                    value={ref}
                    onChange={(event) => setRef(event.currentTarget.value.trim())}
                  />
                </div>
                <Button variant="default" disabled={ref === ""} onClick={() => go("exists", ref)}>
                  {t("decide.exists.go")}
                </Button>
              </div>
              <div className={classes.choice}>
                <div>
                  <h3>{t("decide.resend.title")}</h3>
                  <p>{t("decide.resend.text")}</p>
                </div>
                <Button variant="default" onClick={() => go("resend")}>
                  {t("decide.resend.go")}
                </Button>
              </div>
            </>
          ) : null}
          <div className={classes.choice}>
            <div>
              <h3>{t(doubtful ? "decide.giveUp.title" : "decide.settle.title")}</h3>
              <p>{t(doubtful ? "decide.giveUp.text" : "decide.settle.text")}</p>
            </div>
            <Button variant="default" onClick={() => go("give_up")}>
              {t(doubtful ? "decide.giveUp.go" : "decide.settle.go")}
            </Button>
          </div>
        </div>
      </Modal>
    </>
  );
}
