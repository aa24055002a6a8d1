import { Button, CopyButton, Modal, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  accountKeys,
  type Delivery,
  deleteHook,
  deliveriesOf,
  type Hook,
  makeHook,
  ownHooks,
  replayDelivery,
  testHook,
} from "@/api/account";
import { useDo } from "@/api/use-do";
import { Broken } from "@/components/broken";
import { IconCheck, IconCopy, IconPlus } from "@/components/icons";
import { Line, Lines, Panel } from "@/components/panel";
import { ago } from "@/lib/format";
import classes from "./account.module.css";

const EVENTS = ["video.completed", "video.failed"];

/** Addresses of programs that are told of endings, and whether they were. */
export function Hooks() {
  const { t } = useTranslation("account");
  const found = useQuery(ownHooks);
  const [open, setOpen] = useState(false);
  return (
    <Panel
      title={t("hooks.title")}
      text={t("hooks.text")}
      action={
        <Button variant="default" leftSection={<IconPlus size={15} />} onClick={() => setOpen(true)}>
          {t("hooks.new")}
        </Button>
      }
    >
      {found.error ? <Broken thrown={found.error} again={() => void found.refetch()} compact /> : null}
      {found.data?.length === 0 ? <p className={classes.none}>{t("hooks.none")}</p> : null}
      <Lines>
        {found.data?.map((hook) => (
          <HookLine key={hook.id} hook={hook} />
        ))}
      </Lines>
      {open ? <NewHook onClose={() => setOpen(false)} /> : null}
    </Panel>
  );
}

function HookLine({ hook }: { hook: Hook }) {
  const { t } = useTranslation("account");
  const [log, setLog] = useState(false);
  const test = useDo(testHook, accountKeys.deliveries(hook.id), t("hooks.tested"));
  const remove = useDo(deleteHook, accountKeys.hooks);
  return (
    <>
      <Line
        title={hook.name}
        detail={[
          hook.url,
          hook.event_types.join(", "),
          hook.signing_secret_hint,
          hook.enabled ? null : t("hooks.off", { reason: hook.disabled_reason ?? "" }),
        ]
          .filter(Boolean)
          .join(" · ")}
        actions={
          <>
            <Button size="compact-sm" variant="subtle" color="gray" onClick={() => test.mutate(hook.id)} loading={test.isPending}>
              {t("hooks.test")}
            </Button>
            <Button size="compact-sm" variant="subtle" color="gray" onClick={() => setLog(!log)} aria-expanded={log}>
              {t("hooks.log")}
            </Button>
            <Button size="compact-sm" variant="subtle" color="red" onClick={() => remove.mutate(hook.id)}>
              {t("hooks.remove")}
            </Button>
          </>
        }
      />
      {log ? <Log hook={hook} /> : null}
    </>
  );
}

function Log({ hook }: { hook: Hook }) {
  const { t, i18n } = useTranslation("account");
  const found = useQuery({ ...deliveriesOf(hook.id), refetchInterval: 3_000 });
  const replay = useDo((one: Delivery) => replayDelivery(hook.id, one.id), accountKeys.deliveries(hook.id));
  if (found.error) return <Broken thrown={found.error} compact />;
  if (found.data?.length === 0) return <p className={classes.none}>{t("hooks.quiet")}</p>;
  return (
    <div className={classes.log}>
      <Lines>
        {found.data?.map((one) => (
          <Line
            key={one.id}
            title={<span className="num">{[one.state, one.last_status].filter(Boolean).join(" · ")}</span>}
            detail={[
              ago(one.created_at * 1000, Date.now(), i18n.language),
              t("hooks.tries", { count: one.attempts }),
              one.last_error,
              one.video_id,
            ]
              .filter(Boolean)
              .join(" · ")}
            actions={
              <Button size="compact-xs" variant="subtle" color="gray" onClick={() => replay.mutate(one)}>
                {t("hooks.replay")}
              </Button>
            }
          />
        ))}
      </Lines>
    </div>
  );
}

function NewHook({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation(["account", "common"]);
  const [name, setName] = useState("");
  const [url, setUrl] = useState("");
  const make = useDo(makeHook, accountKeys.hooks);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate({ name: name.trim(), url: url.trim(), event_types: EVENTS });
  };
  return (
    <Modal opened onClose={onClose} title={t("hooks.new")} closeButtonProps={{ "aria-label": t("common:close") }}>
      {make.data?.signing_secret ? (
        <div className={classes.stack}>
          <p className={classes.once}>{t("hooks.once")}</p>
          <code className={classes.secret}>{make.data.signing_secret}</code>
          <CopyButton value={make.data.signing_secret}>
            {({ copied, copy }) => (
              <Button leftSection={copied ? <IconCheck size={15} /> : <IconCopy size={15} />} onClick={copy}>
                {t(copied ? "common:copied" : "common:copy")}
              </Button>
            )}
          </CopyButton>
        </div>
      ) : (
        <form className={classes.stack} onSubmit={submit}>
          <TextInput
            label={t("hooks.name")}
            required
            data-autofocus
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <TextInput
            label={t("hooks.url")}
            required
            type="url"
            value={url}
            onChange={(event) => setUrl(event.currentTarget.value)}
          />
          <Button type="submit" loading={make.isPending} disabled={name.trim() === "" || url.trim() === ""}>
            {t("hooks.make")}
          </Button>
        </form>
      )}
    </Modal>
  );
}
