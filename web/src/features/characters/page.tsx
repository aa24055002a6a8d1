import { ActionIcon, Button, CopyButton, Skeleton, TextInput, Tooltip, VisuallyHidden } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { doToMany, type Item, libraryKeys } from "@/api/library";
import { useCharacters } from "@/api/use-characters";
import { Broken } from "@/components/broken";
import { Empty } from "@/components/empty";
import {
  IconCheck,
  IconCopy,
  IconExternalLink,
  IconSearch,
  IconTrash,
  IconUser,
  IconUserPlus,
  IconWand,
} from "@/components/icons";
import { moment } from "@/lib/format";
import classes from "./characters.module.css";

const Maker = lazy(() => import("./maker"));
const Remove = lazy(() => import("./remove"));
const Profile = lazy(() => import("./profile"));

const SEARCH_AFTER_MS = 500;

type Search = { q?: string; clip?: string; who?: string };

/** Figures kept from clips, to appear again in others. */
export function CharactersPage() {
  const { t } = useTranslation("characters");
  const search = useSearch({ strict: false }) as Search;
  const navigate = useNavigate();
  const client = useQueryClient();
  const [typed, setTyped] = useState(search.q ?? "");
  const [making, setMaking] = useState(Boolean(search.clip));
  const [removing, setRemoving] = useState<Item | null>(null);
  const q = search.q ?? "";
  const go = (next: Search) => void navigate({ to: ".", search: next as never, replace: true });
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what is typed starts the wait
  useEffect(() => {
    if (typed.trim() === q) return;
    const timer = setTimeout(() => go({ ...search, q: typed.trim() || undefined }), SEARCH_AFTER_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const { list: found, items: all } = useCharacters(q);
  const open = all.find((one) => one.id === search.who);
  const remove = async (item: Item) => {
    await doToMany({ action: "trash", ids: [item.id] });
    await client.invalidateQueries({ queryKey: libraryKeys.live });
  };
  const stop = () => {
    setMaking(false);
    if (search.clip) go({ ...search, clip: undefined });
  };
  const begin = (
    <Button leftSection={<IconUserPlus size={16} />} onClick={() => setMaking(true)}>
      {t("new")}
    </Button>
  );
  return (
    <div className={classes.page}>
      <div className={classes.top}>
        <h1>{t("title")}</h1>
        <TextInput
          className={classes.search}
          size="xs"
          type="search"
          leftSection={<IconSearch size={15} />}
          placeholder={t("searchHint")}
          aria-label={t("search")}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <span className={classes.space} />
        {all.length > 0 || q ? begin : null}
      </div>
      {found.error ? <Broken thrown={found.error} again={() => void found.refetch()} /> : null}
      {found.isPending && all.length === 0 ? (
        <div className={classes.cards} aria-busy="true">
          {[1, 2, 3, 4, 5, 6].map((n) => (
            <Skeleton key={n} height={132} radius="md" />
          ))}
        </div>
      ) : null}
      {found.isSuccess && all.length === 0 ? (
        q ? (
          <Empty icon={IconSearch} title={t("none.filtered")}>
            {t("none.filteredText", { q })}
          </Empty>
        ) : (
          <Empty icon={IconUser} title={t("none.title")} action={begin}>
            {t("none.text")}
          </Empty>
        )
      ) : null}
      <div className={classes.cards}>
        {all.map((item) => (
          <Card key={item.id} item={item} onOpen={() => go({ ...search, who: item.id })} onRemove={() => setRemoving(item)} />
        ))}
      </div>
      {found.hasNextPage ? (
        <Button
          className={classes.older}
          variant="default"
          loading={found.isFetchingNextPage}
          onClick={() => void found.fetchNextPage()}
        >
          {t("older")}
        </Button>
      ) : null}
      <Suspense>
        {making ? <Maker clip={search.clip ?? null} onClose={stop} /> : null}
        {removing ? <Remove item={removing} onClose={() => setRemoving(null)} onRemove={() => remove(removing)} /> : null}
        {open ? <Profile item={open} onClose={() => go({ ...search, who: undefined })} /> : null}
      </Suspense>
    </div>
  );
}

function Card({ item, onOpen, onRemove }: { item: Item; onOpen: () => void; onRemove: () => void }) {
  const { t, i18n } = useTranslation("characters");
  const navigate = useNavigate();
  const name = item.name ?? item.id;
  return (
    <article className={classes.card} aria-label={name}>
      <button type="button" className={classes.face} onClick={onOpen} aria-label={t("open", { name })}>
        {item.media.picture ? <img src={item.media.picture} alt="" loading="lazy" /> : <IconUser size={26} stroke={1.4} />}
      </button>
      <div className={classes.text}>
        <button type="button" className={classes.name} onClick={onOpen} title={name}>
          {`@${name}`}
        </button>
        <CopyButton value={item.id}>
          {({ copied, copy }) => (
            <Tooltip label={t(copied ? "copied" : "copyId")}>
              <button type="button" className={classes.id} onClick={copy}>
                <VisuallyHidden>{t("copyId")}</VisuallyHidden>
                <code>{`…${item.id.slice(-10)}`}</code>
                {copied ? <IconCheck size={12} /> : <IconCopy size={12} />}
              </button>
            </Tooltip>
          )}
        </CopyButton>
        <span className={classes.label}>{t("platform")}</span>
        <span className={classes.time}>{moment(item.created_at, i18n.language)}</span>
      </div>
      <div className={classes.acts}>
        <ActionIcon
          aria-label={t("use", { name })}
          title={t("use", { name })}
          onClick={() => void navigate({ to: "/", search: { who: item.id } as never })}
        >
          <IconWand size={16} />
        </ActionIcon>
        <ActionIcon aria-label={t("profile", { name })} title={t("profile", { name })} onClick={onOpen}>
          <IconExternalLink size={16} />
        </ActionIcon>
        <ActionIcon aria-label={t("remove", { name })} title={t("remove", { name })} onClick={onRemove}>
          <IconTrash size={16} />
        </ActionIcon>
      </div>
    </article>
  );
}
