import { Button } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { type Channel, channelKeys, tryChannel } from "@/api/channels";
import { useDo } from "@/api/use-do";
import { Broken } from "@/components/broken";
import { ChannelForm } from "@/components/channel-form/form";
import { TrialReport } from "@/components/channel-form/trial";
import classes from "./entry.module.css";

/** Connects an account during the first run: filled in, kept, and tried at once without paying. */
export function ChannelStep({ onBack, onDone }: { onBack: () => void; onDone: () => void }) {
  const { t } = useTranslation(["entry", "channels"]);
  const [made, setMade] = useState<Channel | null>(null);
  const [editing, setEditing] = useState(true);
  const trial = useDo((id: string) => tryChannel(id), channelKeys.all, undefined, true);
  const saved = (channel: Channel) => {
    setMade(channel);
    setEditing(false);
    trial.mutate(channel.id);
  };
  if (editing) {
    return (
      <ChannelForm
        channel={made}
        word={t("setup.channel.connect")}
        beside={
          <Button variant="default" onClick={onBack}>
            {t("setup.channel.back")}
          </Button>
        }
        onSaved={saved}
      />
    );
  }
  return (
    <div className={classes.form}>
      {trial.isPending ? <p role="status">{t("setup.channel.trying")}</p> : null}
      {trial.error ? <Broken thrown={trial.error} again={() => made && trial.mutate(made.id)} compact /> : null}
      {trial.data ? <TrialReport trial={trial.data} /> : null}
      <div className={classes.buttons}>
        <Button variant="default" onClick={() => setEditing(true)}>
          {t("channels:edit")}
        </Button>
        <Button disabled={trial.isPending} onClick={onDone}>
          {t("setup.channel.carryOn")}
        </Button>
      </div>
    </div>
  );
}
