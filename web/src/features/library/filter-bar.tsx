import { ActionIcon, Button, Menu, NumberInput, Popover, SegmentedControl, TextInput, Tooltip } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { allFolders, allTags, type Facets, facetsOf } from "@/api/library";
import {
  IconCheck,
  IconChevronDown,
  IconHeart,
  IconHeartFilled,
  IconLayoutGrid,
  IconSearch,
  IconSortDescending,
  IconStarFilled,
  IconTable,
  IconX,
} from "@/components/icons";
import { whole } from "@/lib/format";
import {
  CHOICES,
  type Choice,
  filtering,
  type LibrarySearch,
  RANGES,
  type Range,
  SORTS,
  toggled,
  unfiltered,
  valuesOf,
  wantedOf,
} from "./filters";
import classes from "./library.module.css";

type Props = { search: LibrarySearch; onChange: (search: LibrarySearch) => void; trash: ReactNode };

const TYPED_AFTER_MS = 250;

/** What is looked for; every choice says how many it would leave, and stands in the address. */
export function FilterBar({ search, onChange, trash }: Props) {
  const { t, i18n } = useTranslation("library");
  const { sort: _sort, order: _order, ...wanted } = wantedOf(search);
  const facets = useQuery({ ...facetsOf(wanted), placeholderData: (before) => before });
  const name = useNames();
  const shown = CHOICES.filter((choice) => (facets.data?.[choice].length ?? 0) > 0 || valuesOf(search, choice).length > 0);
  return (
    <div className={classes.bar}>
      <div className={classes.filters}>
        <SearchField value={search.q ?? ""} onChange={(q) => onChange({ ...search, q: q || undefined })} />
        {shown.map((choice) => (
          <ChoiceMenu key={choice} choice={choice} search={search} facets={facets.data} name={name} onChange={onChange} />
        ))}
        <RatingMenu search={search} facets={facets.data} onChange={onChange} />
        <Ranges search={search} onChange={onChange} />
        <Tooltip label={t("favourites")}>
          <ActionIcon
            aria-label={t("favourites")}
            aria-pressed={search.favourite === "true"}
            onClick={() => onChange({ ...search, favourite: search.favourite === "true" ? undefined : "true" })}
          >
            {search.favourite === "true" ? <IconHeartFilled size={17} className={classes.lit} /> : <IconHeart size={17} />}
          </ActionIcon>
        </Tooltip>
        <div className={classes.gap} />
        <span className={classes.total} aria-live="polite">
          {facets.data ? t("total", { count: facets.data.total, shown: whole(facets.data.total, i18n.language) }) : ""}
        </span>
        <SortMenu search={search} onChange={onChange} />
        <SegmentedControl
          size="xs"
          aria-label={t("view.label")}
          value={search.view ?? "grid"}
          onChange={(view) => onChange({ ...search, view: view === "table" ? "table" : undefined })}
          data={[
            { value: "grid", label: <IconLayoutGrid size={16} aria-label={t("view.grid")} /> },
            { value: "table", label: <IconTable size={16} aria-label={t("view.table")} /> },
          ]}
        />
        {trash}
      </div>
      {filtering(search) ? <Chips search={search} name={name} onChange={onChange} /> : null}
    </div>
  );
}

type Namer = (choice: Choice, value: string) => string;

/** Gives what a value is called. */
function useNames(): Namer {
  const { t } = useTranslation("library");
  const { t: common } = useTranslation("common");
  const folders = useQuery(allFolders);
  const tags = useQuery(allTags);
  return (choice, value) => {
    if (choice === "folder" && value === "none") return t("noFolder");
    if (choice === "folder") return folders.data?.find((one) => one.id === value)?.name ?? "…";
    if (choice === "tag") return tags.data?.find((one) => one.id === value)?.name ?? "…";
    if (choice === "status") return common(`status.${value as "queued"}`);
    if (choice === "kind") return t(`kinds.${value as "task"}`);
    if (choice === "channel") return `…${value.slice(-6)}`;
    return value;
  };
}

function SearchField({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const { t } = useTranslation("library");
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only what is typed starts the wait
  useEffect(() => {
    if (typed.trim() === value) return;
    const timer = setTimeout(() => onChange(typed.trim()), TYPED_AFTER_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <TextInput
      className={classes.search}
      size="xs"
      type="search"
      leftSection={<IconSearch size={15} />}
      rightSection={
        typed ? (
          <ActionIcon size={22} aria-label={t("searchClear")} onClick={() => setTyped("")}>
            <IconX size={14} />
          </ActionIcon>
        ) : null
      }
      placeholder={t("searchHint")}
      aria-label={t("search")}
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
    />
  );
}

type MenuProps = { search: LibrarySearch; facets: Facets | undefined; onChange: Props["onChange"] };

function ChoiceMenu({ choice, search, facets, name, onChange }: MenuProps & { choice: Choice; name: Namer }) {
  const { t, i18n } = useTranslation("library");
  const chosen = valuesOf(search, choice);
  const counted = (facets?.[choice] ?? []).map((one) => [String(one.value), one.count] as const);
  const missing = chosen.filter((value) => !counted.some(([known]) => known === value)).map((value) => [value, 0] as const);
  return (
    <Menu closeOnItemClick={choice === "folder"} position="bottom-start" width={230}>
      <Menu.Target>
        <Button
          size="compact-sm"
          variant="default"
          data-on={chosen.length > 0 || undefined}
          className={classes.filter}
          rightSection={<IconChevronDown size={13} />}
        >
          {t(`choice.${choice}`)}
        </Button>
      </Menu.Target>
      <Menu.Dropdown className={classes.values}>
        {[...missing, ...counted].map(([value, count]) => (
          <Menu.Item
            key={value}
            aria-current={chosen.includes(value) || undefined}
            leftSection={chosen.includes(value) ? <IconCheck size={14} /> : <span className={classes.noCheck} />}
            rightSection={<span className={classes.count}>{whole(count, i18n.language)}</span>}
            onClick={() => onChange(toggled(search, choice, value))}
          >
            <span className={classes.value}>{name(choice, value)}</span>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function RatingMenu({ search, facets, onChange }: MenuProps) {
  const { t, i18n } = useTranslation("library");
  const counts = new Map(facets?.rating.map((one) => [Number(one.value), one.count]));
  const atLeast = (least: number) => [...counts].reduce((sum, [stars, count]) => sum + (stars >= least ? count : 0), 0);
  if (atLeast(1) === 0 && !search.rating) return null;
  return (
    <Menu position="bottom-start" width={180}>
      <Menu.Target>
        <Button
          size="compact-sm"
          variant="default"
          data-on={search.rating ? true : undefined}
          className={classes.filter}
          rightSection={<IconChevronDown size={13} />}
        >
          {t("rating")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {[5, 4, 3, 2, 1].map((stars) => (
          <Menu.Item
            key={stars}
            rightSection={<span className={classes.count}>{whole(atLeast(stars), i18n.language)}</span>}
            onClick={() => onChange({ ...search, rating: search.rating === String(stars) ? undefined : String(stars) })}
          >
            <span className={classes.stars} role="img" aria-label={t("ratingAtLeast", { count: stars })}>
              {Array.from({ length: stars }, (_, n) => n).map((n) => (
                <IconStarFilled key={n} size={13} />
              ))}
            </span>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function Ranges({ search, onChange }: { search: LibrarySearch; onChange: Props["onChange"] }) {
  const { t } = useTranslation("library");
  const on = RANGES.some((range) => search[`${range}_from`] || search[`${range}_to`]);
  const field = (range: Range, end: "from" | "to") => {
    const name = `${range}_${end}` as const;
    const set = (value: string) => onChange({ ...search, [name]: value || undefined });
    const label = `${t(`range.${range}`)}: ${t(`range.${end}`)}`;
    return range === "created" ? (
      <TextInput
        key={name}
        size="xs"
        type="date"
        aria-label={label}
        value={search[name] ?? ""}
        onChange={(event) => set(event.currentTarget.value)}
      />
    ) : (
      <NumberInput
        key={name}
        size="xs"
        min={0}
        hideControls
        aria-label={label}
        placeholder={t(`range.${end}`)}
        value={search[name] ?? ""}
        onChange={(value) => set(String(value))}
      />
    );
  };
  return (
    <Popover position="bottom-start" width={320}>
      <Popover.Target>
        <Button
          size="compact-sm"
          variant="default"
          data-on={on || undefined}
          className={classes.filter}
          rightSection={<IconChevronDown size={13} />}
        >
          {t("range.title")}
        </Button>
      </Popover.Target>
      <Popover.Dropdown>
        <div className={classes.ranges}>
          {RANGES.map((range) => (
            <div key={range} className={classes.range}>
              <span>{t(`range.${range}`)}</span>
              {field(range, "from")}
              {field(range, "to")}
            </div>
          ))}
        </div>
      </Popover.Dropdown>
    </Popover>
  );
}

function SortMenu({ search, onChange }: { search: LibrarySearch; onChange: Props["onChange"] }) {
  const { t } = useTranslation("library");
  const now = search.sort ?? "created";
  return (
    <Menu position="bottom-end" width={210}>
      <Menu.Target>
        <Tooltip label={t("sort.label")}>
          <ActionIcon aria-label={t("sort.label")}>
            <IconSortDescending size={17} style={search.order === "asc" ? { transform: "scaleY(-1)" } : undefined} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {SORTS.flatMap((sort) =>
          (["desc", "asc"] as const).map((order) => (
            <Menu.Item
              key={`${sort}-${order}`}
              leftSection={
                now === sort && (search.order ?? "desc") === order ? (
                  <IconCheck size={14} />
                ) : (
                  <span className={classes.noCheck} />
                )
              }
              onClick={() =>
                onChange({
                  ...search,
                  sort: sort === "created" ? undefined : sort,
                  order: order === "asc" ? "asc" : undefined,
                })
              }
            >
              {t(`sort.${sort}.${order}`)}
            </Menu.Item>
          )),
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

/** What is set, each with the way out of it. */
function Chips({ search, name, onChange }: { search: LibrarySearch; name: Namer; onChange: Props["onChange"] }) {
  const { t } = useTranslation("library");
  const chips: { key: string; text: string; without: LibrarySearch }[] = [];
  for (const choice of CHOICES) {
    for (const value of valuesOf(search, choice)) {
      const text = `${t(`choice.${choice}`)}: ${name(choice, value)}`;
      chips.push({ key: `${choice}-${value}`, text, without: toggled(search, choice, value) });
    }
  }
  if (search.q) chips.push({ key: "q", text: `“${search.q}”`, without: { ...search, q: undefined } });
  if (search.favourite) chips.push({ key: "favourite", text: t("favourites"), without: { ...search, favourite: undefined } });
  if (search.rating)
    chips.push({
      key: "rating",
      text: t("ratingAtLeast", { count: Number(search.rating) }),
      without: { ...search, rating: undefined },
    });
  for (const range of RANGES) {
    const [from, to] = [search[`${range}_from`], search[`${range}_to`]];
    if (!from && !to) continue;
    const text = `${t(`range.${range}`)}: ${from ?? "…"} – ${to ?? "…"}`;
    chips.push({ key: range, text, without: { ...search, [`${range}_from`]: undefined, [`${range}_to`]: undefined } });
  }
  return (
    <div className={classes.chips}>
      {chips.map((chip) => (
        <button key={chip.key} type="button" className={classes.chip} onClick={() => onChange(chip.without)}>
          <span>{chip.text}</span>
          <IconX size={13} aria-label={t("chipRemove")} />
        </button>
      ))}
      <Button size="compact-xs" variant="subtle" color="gray" onClick={() => onChange(unfiltered(search))}>
        {t("chipsClear")}
      </Button>
    </div>
  );
}
