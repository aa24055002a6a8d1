import { Button, Drawer, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { allChannels, type Channel } from "@/api/channels";
import { Broken } from "@/components/broken";
import { ChannelForm } from "@/components/channel-form/form";
import { Empty } from "@/components/empty";
import { IconPlug, IconPlus } from "@/components/icons";
import { Page } from "@/components/page";
import { useMay } from "@/lib/session";
import { Card } from "./card";
import classes from "./channels.module.css";
import { Keys } from "./keys";

/** Every account clips are made with: how it stands, what it serves, and how it ends. */
export function ChannelsPage() {
  const { t } = useTranslation("channels");
  const found = useQuery(allChannels);
  const admin = useMay("admin");
  const [form, setForm] = useState<Channel | "new" | null>(null);
  const [keys, setKeys] = useState<string | null>(null);
  const keyed = found.data?.find((channel) => channel.id === keys) ?? null;
  const add = admin ? (
    <Button leftSection={<IconPlus size={16} />} onClick={() => setForm("new")}>
      {t("add")}
    </Button>
  ) : null;
  return (
    <Page title={t("title")} text={t("text")} action={add}>
      {found.error ? <Broken thrown={found.error} again={() => void found.refetch()} /> : null}
      {found.isPending ? <Skeleton height={140} radius={12} animate={false} /> : null}
      {found.data?.length === 0 ? (
        <Empty icon={IconPlug} title={t("none")} action={add}>
          {t("noneText")}
        </Empty>
      ) : null}
      <div className={classes.cards}>
        {found.data?.map((channel) => (
          <Card
            key={channel.id}
            channel={channel}
            onEdit={admin ? () => setForm(channel) : null}
            onKeys={() => setKeys(channel.id)}
          />
        ))}
      </div>
      {form ? <FormDrawer channel={form === "new" ? null : form} onClose={() => setForm(null)} /> : null}
      {keyed ? <Keys channel={keyed} admin={admin} onClose={() => setKeys(null)} /> : null}
    </Page>
  );
}

function FormDrawer({ channel, onClose }: { channel: Channel | null; onClose: () => void }) {
  const { t } = useTranslation(["channels", "common"]);
  return (
    <Drawer
      opened
      onClose={onClose}
      position="right"
      size="lg"
      title={t(channel ? "form.edit" : "form.new")}
      closeButtonProps={{ "aria-label": t("common:close") }}
    >
      <ChannelForm
        channel={channel}
        onSaved={onClose}
        beside={
          <Button variant="default" onClick={onClose}>
            {t("common:cancel")}
          </Button>
        }
      />
    </Drawer>
  );
}
