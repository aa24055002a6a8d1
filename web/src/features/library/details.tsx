import { ActionIcon, Button, Rating, Select, Skeleton, TagsInput, Textarea, TextInput, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { allFolders, allTags, type Detail, oneItem } from "@/api/library";
import { Broken } from "@/components/broken";
import {
  IconArrowBackUp,
  IconDownload,
  IconExternalLink,
  IconHeart,
  IconHeartFilled,
  IconRefresh,
  IconTrash,
  IconX,
} from "@/components/icons";
import { ratioOf } from "@/components/scrub";
import { useTold } from "@/components/told";
import { bytes, duration, moment, money } from "@/lib/format";
import type { Actions } from "./actions";
import classes from "./library.module.css";
import { Face, titleOf } from "./tile";

type Props = {
  id: string;
  actions: Actions;
  onClose: () => void;
  onUse: (id: string, as: "reuse" | "remix") => void;
  onDownload: (items: Detail[]) => void;
};

/** Everything about one item beside the list, to be read and put in order. */
export function Details({ id, actions, onClose, onUse, onDownload }: Props) {
  const { t } = useTranslation("library");
  const { t: common } = useTranslation("common");
  const found = useQuery(oneItem(id));
  return (
    <div className={classes.details}>
      <div className={classes.detailsTop}>
        <h2>{t("details")}</h2>
        <ActionIcon aria-label={common("close")} onClick={onClose}>
          <IconX size={17} />
        </ActionIcon>
      </div>
      {found.error ? <Broken thrown={found.error} again={() => void found.refetch()} compact /> : null}
      {found.isPending ? (
        <div className={classes.waiting} aria-busy="true">
          <Skeleton radius="md" style={{ aspectRatio: "16 / 9" }} />
          <Skeleton height={20} />
          <Skeleton height={80} />
        </div>
      ) : null}
      {found.data ? <Shown key={id} item={found.data} actions={actions} onUse={onUse} onDownload={onDownload} /> : null}
    </div>
  );
}

type ShownProps = Pick<Props, "actions" | "onUse" | "onDownload"> & { item: Detail };

function Shown({ item, actions, onUse, onDownload }: ShownProps) {
  const { t } = useTranslation("library");
  const ratio = ratioOf(item);
  const trashed = item.trashed_at !== null;
  const generated = item.kind === "task" || item.kind === "clip";
  const told = useTold();
  return (
    <>
      <div className={classes.preview} style={{ aspectRatio: Math.max(ratio, 0.8) }}>
        <Preview item={item} />
      </div>
      <div className={classes.buttons}>
        {generated ? (
          <Button
            size="compact-sm"
            renderRoot={(props) => <Link to="/videos/$id" params={{ id: item.id }} {...props} />}
            leftSection={<IconExternalLink size={15} />}
          >
            {t("act.open")}
          </Button>
        ) : null}
        {generated && item.prompt ? (
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconArrowBackUp size={15} />}
            onClick={() => onUse(item.id, "reuse")}
          >
            {t("act.use")}
          </Button>
        ) : null}
        {generated && item.status === "completed" ? (
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<IconRefresh size={15} />}
            onClick={() => onUse(item.id, "remix")}
          >
            {t("act.remix")}
          </Button>
        ) : null}
        {item.media.video || item.media.picture ? (
          <Tooltip label={t("act.download")}>
            <ActionIcon aria-label={t("act.download")} onClick={() => onDownload([item])}>
              <IconDownload size={17} />
            </ActionIcon>
          </Tooltip>
        ) : null}
        {trashed ? (
          <Button size="compact-sm" variant="default" onClick={() => void actions.restore([item.id])}>
            {t("act.restore")}
          </Button>
        ) : (
          <Tooltip label={t("act.trash")}>
            <ActionIcon aria-label={t("act.trash")} onClick={() => void actions.trash([item.id])}>
              <IconTrash size={17} />
            </ActionIcon>
          </Tooltip>
        )}
      </div>
      {item.error ? (
        <p className={classes.error}>
          {told(item.error.code, item.error.message)} {told(item.error.code, item.error.next_step, "next")}
        </p>
      ) : null}
      <Order item={item} actions={actions} />
      {item.prompt ? <Prompt text={item.prompt} /> : null}
      <Facts item={item} />
    </>
  );
}

function Preview({ item }: { item: Detail }) {
  const title = titleOf(item);
  if (item.status === "completed" && item.media.video) {
    return (
      // biome-ignore lint/a11y/useMediaCaption: what is generated comes without captions
      <video
        className={classes.video}
        src={item.media.video}
        poster={item.media.poster ?? undefined}
        controls
        loop
        playsInline
        preload="none"
        data-item={item.id}
        aria-label={title}
      />
    );
  }
  return <Face item={item} title={title} narrow={false} />;
}

/** Name, heart, stars, tags, folder and notes. */
function Order({ item, actions }: { item: Detail; actions: Actions }) {
  const { t } = useTranslation("library");
  const folders = useQuery(allFolders);
  const tags = useQuery(allTags);
  const [name, setName] = useState(item.name ?? "");
  const [notes, setNotes] = useState(item.notes ?? "");
  useEffect(() => setName(item.name ?? ""), [item.name]);
  const keepName = () => {
    if (name.trim() !== (item.name ?? "")) void actions.change(item.id, { name: name.trim() || null });
  };
  const keepNotes = () => {
    if (notes !== (item.notes ?? "")) void actions.change(item.id, { notes: notes || null });
  };
  return (
    <div className={classes.order}>
      <div className={classes.marks}>
        <ActionIcon aria-label={t("favourite")} aria-pressed={item.favourite} onClick={() => void actions.favourite([item])}>
          {item.favourite ? <IconHeartFilled size={18} className={classes.lit} /> : <IconHeart size={18} />}
        </ActionIcon>
        <Rating
          value={item.rating}
          aria-label={t("rating")}
          getSymbolLabel={(value) => t("ratingOf", { count: value })}
          onChange={(rating) => void actions.change(item.id, { rating: rating === item.rating ? 0 : rating })}
        />
      </div>
      <TextInput
        size="xs"
        label={t("name")}
        placeholder={t("nameHint")}
        maxLength={200}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        onBlur={keepName}
        onKeyDown={(event) => event.key === "Enter" && keepName()}
      />
      <TagsInput
        size="xs"
        label={t("tags")}
        placeholder={item.tags.length > 0 ? undefined : t("tagsHint")}
        splitChars={[",", "，", "、"]}
        data={tags.data?.map((one) => one.name) ?? []}
        value={item.tags.map((one) => one.name)}
        onChange={(names) => void actions.change(item.id, { tags: names })}
      />
      <Select
        size="xs"
        label={t("folder")}
        data={folders.data?.map((one) => ({ value: one.id, label: one.name })) ?? []}
        value={item.folder_id}
        placeholder={t("noFolder")}
        clearable
        onChange={(folder) => void actions.change(item.id, { folder_id: folder })}
      />
      <Textarea
        size="xs"
        label={t("notes")}
        autosize
        minRows={1}
        maxRows={8}
        value={notes}
        onChange={(event) => setNotes(event.currentTarget.value)}
        onBlur={keepNotes}
      />
    </div>
  );
}

const LONG = 260;

function Prompt({ text }: { text: string }) {
  const { t } = useTranslation("library");
  const [all, setAll] = useState(false);
  const long = text.length > LONG;
  return (
    <div>
      <h3 className={classes.sub}>{t("prompt")}</h3>
      <p className={classes.prompt} data-cut={(long && !all) || undefined}>
        {text}
      </p>
      {long ? (
        <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setAll(!all)}>
          {t(all ? "less" : "more")}
        </Button>
      ) : null}
    </div>
  );
}

function Facts({ item }: { item: Detail }) {
  const { t, i18n } = useTranslation("library");
  const { t: common } = useTranslation("common");
  const { width, height } = item.media;
  const cost = item.cost;
  const facts: [string, string | null][] = [
    [t("facts.status"), common(`status.${item.status}`)],
    [t("facts.model"), item.served_by ? `${item.model} → ${item.served_by}` : item.model],
    [t("facts.size"), width && height ? `${width} × ${height}` : item.size],
    [t("facts.length"), item.seconds ? duration(item.seconds, i18n.language) : null],
    [t("facts.cost"), cost ? money(cost.charged ?? cost.quoted, cost.currency, i18n.language) : null],
    [t("facts.bytes"), item.media.bytes ? bytes(item.media.bytes, i18n.language) : null],
    [t("facts.made"), moment(item.created_at, i18n.language)],
    [t("facts.purge"), item.purge_at ? moment(item.purge_at, i18n.language) : null],
  ];
  return (
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
  );
}
