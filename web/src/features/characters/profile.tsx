import { Button, Modal, TextInput } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { changeItem, type Item, libraryKeys } from "@/api/library";
import { Broken } from "@/components/broken";
import { IconWand } from "@/components/icons";
import { duration, moment } from "@/lib/format";
import classes from "./characters.module.css";

/** One character: its clip, its name, and how a prompt names it. */
export default function Profile({ item, onClose }: { item: Item; onClose: () => void }) {
  const { t, i18n } = useTranslation("characters");
  const { t: common } = useTranslation("common");
  const client = useQueryClient();
  const [name, setName] = useState(item.name ?? "");
  const [thrown, setThrown] = useState<unknown>(null);
  const keep = async () => {
    if (!name.trim() || name.trim() === item.name) return;
    try {
      await changeItem(item.id, { name: name.trim() });
      setThrown(null);
    } catch (wrong) {
      setThrown(wrong);
    }
    await client.invalidateQueries({ queryKey: libraryKeys.live });
  };
  return (
    <Modal opened onClose={onClose} title={`@${item.name ?? item.id}`} closeButtonProps={{ "aria-label": common("close") }}>
      <div className={classes.form}>
        {item.media.video ? (
          // biome-ignore lint/a11y/useMediaCaption: what is generated comes without captions
          <video
            className={classes.clip}
            src={item.media.video}
            poster={item.media.poster ?? undefined}
            controls
            loop
            playsInline
            aria-label={item.name ?? item.id}
          />
        ) : null}
        <TextInput
          label={t("name")}
          maxLength={80}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          onBlur={() => void keep()}
          onKeyDown={(event) => event.key === "Enter" && void keep()}
        />
        {thrown ? <Broken thrown={thrown} compact /> : null}
        <p className={classes.hint}>{t("usage", { name: item.name ?? "" })}</p>
        <Button
          leftSection={<IconWand size={15} />}
          renderRoot={(props) => <Link to="/" search={{ who: item.id } as never} {...props} />}
        >
          {t("use", { name: item.name ?? "" })}
        </Button>
        <p className={classes.hint}>
          {item.seconds ? `${duration(item.seconds, i18n.language)} · ` : ""}
          {moment(item.created_at, i18n.language)}
        </p>
      </div>
    </Modal>
  );
}
