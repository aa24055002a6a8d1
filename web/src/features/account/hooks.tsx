import { Button, Checkbox, CopyButton, Menu, Modal, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import {
  accountKeys,
  changeHook,
  type Delivery,
  deleteHook,
  deliveriesOf,
  type Hook,
  type HookWish,
  kindsOfEvents,
  makeHook,
  ownHooks,
  renewSecret,
  replayDelivery,
  testHook,
} from "@/api/account";
import { useDo } from "@/api/use-do";
import { Broken } from "@/components/broken";
import { IconCheck, IconCopy, IconPlus } from "@/components/icons";
import { Line, Lines, Panel } from "@/components/panel";
import { ago } from "@/lib/format";
import { useMay } from "@/lib/session";
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
  const [open, setOpen] = useState<"log" | "change" | null>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const [sure, setSure] = useState(false);
  const test = useDo((type: string) => testHook(hook.id, type), accountKeys.deliveries(hook.id));
  const remove = useDo(deleteHook, accountKeys.hooks);
  const again = useDo(() => changeHook(hook.id, wishOf(hook)), accountKeys.hooks, t("hooks.on"));
  const renew = useDo(() => renewSecret(hook.id), accountKeys.hooks);
  const tell = (status: number) =>
    notifications.show({
      color: status < 300 ? "amber" : "red",
      message: t(status < 300 ? "hooks.tested" : "hooks.testedWrong", { status }),
    });
  const flip = (which: "log" | "change") => setOpen(open === which ? null : which);
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
            {hook.enabled ? null : (
              <Button size="compact-sm" variant="default" onClick={() => again.mutate()} loading={again.isPending}>
                {t("hooks.again")}
              </Button>
            )}
            <Menu position="bottom-end" width={230}>
              <Menu.Target>
                <Button size="compact-sm" variant="subtle" color="gray" loading={test.isPending}>
                  {t("hooks.test")}
                </Button>
              </Menu.Target>
              <Menu.Dropdown>
                <Menu.Label>{t("hooks.testHint")}</Menu.Label>
                {hook.event_types.map((type) => (
                  <Menu.Item key={type} onClick={() => test.mutate(type, { onSuccess: tell })}>
                    {type}
                  </Menu.Item>
                ))}
              </Menu.Dropdown>
            </Menu>
            <Button size="compact-sm" variant="subtle" color="gray" onClick={() => flip("log")} aria-expanded={open === "log"}>
              {t("hooks.log")}
            </Button>
            <Button
              size="compact-sm"
              variant="subtle"
              color="gray"
              onClick={() => flip("change")}
              aria-expanded={open === "change"}
            >
              {t("hooks.change")}
            </Button>
            <Button
              size="compact-sm"
              variant={sure ? "filled" : "subtle"}
              color="red"
              onClick={() => (sure ? remove.mutate(hook.id) : setSure(true))}
              onBlur={() => setSure(false)}
            >
              {t(sure ? "hooks.sure" : "hooks.remove")}
            </Button>
          </>
        }
      />
      {open === "log" ? <Log hook={hook} /> : null}
      {open === "change" ? (
        <div className={classes.log}>
          <Change
            hook={hook}
            onRenew={() => renew.mutate(undefined, { onSuccess: (made) => setSecret(made.signing_secret ?? null) })}
            onDone={() => setOpen(null)}
          />
        </div>
      ) : null}
      {secret ? <Secret secret={secret} onClose={() => setSecret(null)} /> : null}
    </>
  );
}

function wishOf(hook: Hook): HookWish {
  return { name: hook.name, url: hook.url, event_types: hook.event_types };
}

function Change({ hook, onRenew, onDone }: { hook: Hook; onRenew: () => void; onDone: () => void }) {
  const { t } = useTranslation(["account", "common"]);
  const change = useDo((wish: HookWish) => changeHook(hook.id, wish), accountKeys.hooks, t("saved"));
  return (
    <HookForm
      begin={wishOf(hook)}
      busy={change.isPending}
      act={t("common:save")}
      onSubmit={(wish) => change.mutate(wish, { onSuccess: onDone })}
    >
      <Button variant="default" onClick={onRenew}>
        {t("hooks.renew")}
      </Button>
    </HookForm>
  );
}

type FormProps = { begin: HookWish; busy: boolean; act: string; onSubmit: (wish: HookWish) => void; children?: ReactNode };

function HookForm({ begin, busy, act, onSubmit, children }: FormProps) {
  const { t } = useTranslation("account");
  const kinds = useQuery(kindsOfEvents);
  const operates = useMay("operate");
  const offered = kinds.data?.filter((type) => operates || !type.startsWith("channel.")) ?? begin.event_types;
  const [name, setName] = useState(begin.name);
  const [url, setUrl] = useState(begin.url);
  const [types, setTypes] = useState(begin.event_types);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSubmit({ name: name.trim(), url: url.trim(), event_types: types });
  };
  return (
    <form className={classes.stack} onSubmit={submit}>
      <TextInput
        label={t("hooks.name")}
        required
        data-autofocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <TextInput label={t("hooks.url")} required type="url" value={url} onChange={(event) => setUrl(event.currentTarget.value)} />
      <Checkbox.Group label={t("hooks.events")} value={types} onChange={setTypes}>
        <div className={classes.scopes}>
          {offered.map((type) => (
            <Checkbox key={type} size="xs" value={type} label={type} />
          ))}
        </div>
      </Checkbox.Group>
      <div className={classes.formButtons}>
        <Button type="submit" loading={busy} disabled={name.trim() === "" || url.trim() === "" || types.length === 0}>
          {act}
        </Button>
        {children}
      </div>
    </form>
  );
}

/** A secret, shown the one time it can be. */
function Secret({ secret, onClose }: { secret: string; onClose: () => void }) {
  const { t } = useTranslation(["account", "common"]);
  return (
    <Modal opened onClose={onClose} title={t("hooks.secret")} closeButtonProps={{ "aria-label": t("common:close") }}>
      <Once secret={secret} />
    </Modal>
  );
}

function Once({ secret }: { secret: string }) {
  const { t } = useTranslation(["account", "common"]);
  return (
    <div className={classes.stack}>
      <p className={classes.once}>{t("hooks.once")}</p>
      <code className={classes.secret}>{secret}</code>
      <CopyButton value={secret}>
        {({ copied, copy }) => (
          <Button leftSection={copied ? <IconCheck size={15} /> : <IconCopy size={15} />} onClick={copy}>
            {t(copied ? "common:copied" : "common:copy")}
          </Button>
        )}
      </CopyButton>
    </div>
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
            title={
              <span className="num">
                {[t(`hooks.states.${one.state as "pending"}`), one.last_status].filter(Boolean).join(" · ")}
              </span>
            }
            detail={[
              ago(one.created_at * 1000, Date.now(), i18n.language),
              t("hooks.tries", { count: one.attempts }),
              one.delivered_at === null && one.next_at !== null
                ? t("hooks.next", { when: ago(one.next_at * 1000, Date.now(), i18n.language) })
                : null,
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
  const make = useDo(makeHook, accountKeys.hooks);
  return (
    <Modal opened onClose={onClose} title={t("hooks.new")} closeButtonProps={{ "aria-label": t("common:close") }}>
      {make.data?.signing_secret ? (
        <Once secret={make.data.signing_secret} />
      ) : (
        <HookForm
          begin={{ name: "", url: "", event_types: EVENTS }}
          busy={make.isPending}
          act={t("hooks.make")}
          onSubmit={(wish) => make.mutate(wish)}
        />
      )}
    </Modal>
  );
}
