import { Button, Drawer, PasswordInput, Switch, TextInput } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { addKey, type Channel, type ChannelKey, callbacksOf, changeKey, channelKeys, signWith, wipeKey } from "@/api/channels";
import { useDo } from "@/api/use-do";
import { Broken } from "@/components/broken";
import { Confirm } from "@/components/confirm";
import { asFailure } from "@/lib/failure";
import { moment } from "@/lib/format";
import classes from "./channels.module.css";
import { Health } from "./health";

/** Every key of a channel, how each stands, and what its provider's calls back are signed with. */
export function Keys({ channel, admin, onClose }: { channel: Channel; admin: boolean; onClose: () => void }) {
  const { t } = useTranslation(["channels", "common"]);
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="lg"
      title={t("keys.title", { name: channel.name })}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <p className="quiet">{t("keys.text")}</p>
      {channel.keys.length === 0 ? <p>{t("keys.none")}</p> : null}
      <ul className={classes.keys}>
        {channel.keys.map((key) => (
          <OneKey key={key.id} channel={channel} one={key} admin={admin} />
        ))}
      </ul>
      {admin ? <NewKey channel={channel} /> : null}
      {admin ? <CallbackPart channel={channel} /> : null}
    </Drawer>
  );
}

function OneKey({ channel, one, admin }: { channel: Channel; one: ChannelKey; admin: boolean }) {
  const { t, i18n } = useTranslation("channels");
  const [rotating, setRotating] = useState(false);
  const [going, setGoing] = useState(false);
  const turn = useDo((enabled: boolean) => changeKey(channel.id, one.id, { enabled }), channelKeys.all);
  return (
    <li className={classes.key} aria-label={one.name}>
      <div className={classes.keyTop}>
        <div>
          <strong>{one.name}</strong>
          <p className={classes.detail}>{t("keys.since", { when: moment(one.created_at * 1000, i18n.language) })}</p>
        </div>
        <Switch
          label={t("keys.enabled")}
          checked={one.enabled}
          disabled={!admin || turn.isPending}
          onChange={(event) => turn.mutate(event.currentTarget.checked)}
        />
      </div>
      {one.readable ? null : <p className={classes.warn}>{t("keys.sealed")}</p>}
      {one.readable && one.health.state === "well" ? (
        <p className={classes.detail}>{t("health.well")}</p>
      ) : one.readable ? (
        <Health health={one.health} />
      ) : null}
      {admin ? (
        <div className={classes.actions}>
          <Button size="compact-sm" variant="default" onClick={() => setRotating(!rotating)}>
            {t("keys.rotate")}
          </Button>
          <Button size="compact-sm" variant="subtle" color="red" onClick={() => setGoing(true)}>
            {t("keys.wipe")}
          </Button>
        </div>
      ) : null}
      {rotating ? <Rotate channel={channel} one={one} onDone={() => setRotating(false)} /> : null}
      {going ? <Wipe channel={channel} one={one} onClose={() => setGoing(false)} /> : null}
    </li>
  );
}

function Rotate({ channel, one, onDone }: { channel: Channel; one: ChannelKey; onDone: () => void }) {
  const { t } = useTranslation(["channels", "common"]);
  const [secret, setSecret] = useState("");
  const save = useDo(() => changeKey(channel.id, one.id, { secret }), channelKeys.all, t("keys.rotated"), true);
  return (
    <form
      className={classes.inline}
      onSubmit={(event) => {
        event.preventDefault();
        save.mutate(undefined, { onSuccess: onDone });
      }}
    >
      <PasswordInput
        label={t("keys.newSecret")}
        description={t("keys.rotateText")}
        autoComplete="off"
        value={secret}
        onChange={(event) => setSecret(event.currentTarget.value)}
      />
      {save.error ? <Broken thrown={save.error} compact /> : null}
      <Button type="submit" loading={save.isPending} disabled={secret.trim() === ""}>
        {t("common:save")}
      </Button>
    </form>
  );
}

/** Wipes a key; where tasks under way still need it, that is said before it is done all the same. */
function Wipe({ channel, one, onClose }: { channel: Channel; one: ChannelKey; onClose: () => void }) {
  const { t } = useTranslation("channels");
  const wipe = useDo((force: boolean) => wipeKey(channel.id, one.id, force), channelKeys.all, t("keys.wiped"), true);
  const needed = wipe.error !== null && asFailure(wipe.error).param === "force";
  return (
    <Confirm
      title={t("keys.wipeTitle", { name: one.name })}
      verb={t(needed ? "keys.wipeForce" : "keys.wipe")}
      busy={wipe.isPending}
      thrown={wipe.error}
      onYes={() => wipe.mutate(needed, { onSuccess: onClose })}
      onClose={onClose}
    >
      <p>{t("keys.wipeText")}</p>
      {needed ? <p>{t("keys.wipeNeeded")}</p> : null}
    </Confirm>
  );
}

function NewKey({ channel }: { channel: Channel }) {
  const { t } = useTranslation("channels");
  const [name, setName] = useState("");
  const [secret, setSecret] = useState("");
  const add = useDo(() => addKey(channel.id, name.trim(), secret), channelKeys.all, t("keys.added"), true);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate(undefined, {
      onSuccess: () => {
        setName("");
        setSecret("");
      },
    });
  };
  return (
    <form className={classes.part} onSubmit={submit} aria-label={t("keys.new")}>
      <h3>{t("keys.new")}</h3>
      <TextInput
        label={t("keys.name")}
        description={t("keys.nameHint")}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <PasswordInput
        label={t("keys.secret")}
        description={t("form.secretHint")}
        autoComplete="off"
        value={secret}
        onChange={(event) => setSecret(event.currentTarget.value)}
      />
      {add.error ? <Broken thrown={add.error} compact /> : null}
      <Button type="submit" variant="default" loading={add.isPending} disabled={name.trim() === "" || secret.trim() === ""}>
        {t("keys.add")}
      </Button>
    </form>
  );
}

function CallbackPart({ channel }: { channel: Channel }) {
  const { t } = useTranslation("channels");
  const found = useQuery(callbacksOf(channel.id));
  const [secret, setSecret] = useState("");
  const keep = useDo((value: string | null) => signWith(channel.id, value), channelKeys.all, t("saved"), true);
  if (!found.data) return found.error ? <Broken thrown={found.error} again={() => void found.refetch()} compact /> : null;
  const { address, upstream_signs: signs, signature_checked: checked } = found.data;
  return (
    <form
      className={classes.part}
      onSubmit={(event) => {
        event.preventDefault();
        keep.mutate(secret, { onSuccess: () => setSecret("") });
      }}
    >
      <h3>{t("callbacks.title")}</h3>
      <p className={classes.detail}>{address ?? t("callbacks.nowhere")}</p>
      {signs ? (
        <>
          <p className={classes.detail}>{t(checked ? "callbacks.checked" : "callbacks.unchecked")}</p>
          <PasswordInput
            label={t("callbacks.secret")}
            autoComplete="off"
            value={secret}
            onChange={(event) => setSecret(event.currentTarget.value)}
          />
          {keep.error ? <Broken thrown={keep.error} compact /> : null}
          <div className={classes.actions}>
            <Button type="submit" variant="default" loading={keep.isPending} disabled={secret.trim() === ""}>
              {t("callbacks.keep")}
            </Button>
            {checked ? (
              <Button variant="subtle" color="gray" onClick={() => keep.mutate(null)}>
                {t("callbacks.forget")}
              </Button>
            ) : null}
          </div>
        </>
      ) : (
        <p className={classes.detail}>{t("callbacks.unsigned")}</p>
      )}
    </form>
  );
}
