import { ActionIcon, Button, Drawer, Menu, Skeleton } from "@mantine/core";
import { useElementSize, useHotkeys, useMediaQuery } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, type MouseEvent, Suspense, useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { LIBRARY_EXPORT } from "@/api/account";
import { fileAddress, store } from "@/api/download";
import { emptyTrash, type Item, trashAll } from "@/api/library";
import { packed } from "@/api/lineage";
import { Broken } from "@/components/broken";
import { Empty } from "@/components/empty";
import { IconArrowLeft, IconDots, IconFileImport, IconMovie, IconSearch, IconTrash } from "@/components/icons";
import { asFailure } from "@/lib/failure";
import { useSession } from "@/lib/session";
import { restartLists, useActions } from "./actions";
import { filesOf } from "./bring";
import { FilterBar } from "./filter-bar";
import { filtering, type LibrarySearch, readSearch, unfiltered, wantedOf } from "./filters";
import { Grid } from "./grid";
import classes from "./library.module.css";
import { useItems } from "./list";
import { useSelection } from "./select";
import { SelectionBar } from "./selection-bar";
import { Table } from "./table";

const Details = lazy(() => import("./details").then((found) => ({ default: found.Details })));
const Folders = lazy(() => import("./names").then((found) => ({ default: found.Folders })));
const Tags = lazy(() => import("./names").then((found) => ({ default: found.Tags })));
const BringIn = lazy(() => import("./bring-in"));
const Typed = lazy(() => import("./typed").then((found) => ({ default: found.Typed })));

/** Where the list stood when it was left, by what was looked for. */
const places = new Map<string, number>();

/** Everything that was made and brought here, found again. */
export function LibraryPage() {
  const { t } = useTranslation("library");
  const raw = useSearch({ strict: false });
  const search = useMemo(() => readSearch(raw as Record<string, unknown>), [raw]);
  const navigate = useNavigate();
  const change = useCallback(
    (next: LibrarySearch, replace = true) => void navigate({ to: ".", search: next as never, replace }),
    [navigate],
  );
  const wanted = useMemo(() => wantedOf(search), [search]);
  const hash = JSON.stringify(wanted);
  const list = useItems(wanted);
  const { items } = list;
  const actions = useActions();
  const selection = useSelection(items);
  const [scroller, begin] = usePlace(`${hash}${search.view ?? ""}`);
  const { ref: measured, width } = useElementSize<HTMLDivElement>();
  const phone = useMediaQuery("(max-width: 900px)", false, { getInitialValueInEffect: false }) ?? false;
  const current = search.item ?? null;
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list is another selection
  useEffect(selection.clear, [hash]);

  const show = useCallback((id: string | undefined) => change({ ...search, item: id }), [change, search]);
  const open = useCallback(
    (item: Item) => {
      if (item.kind === "task" || item.kind === "clip") void navigate({ to: "/videos/$id", params: { id: item.id } });
    },
    [navigate],
  );
  const use = useCallback(
    (id: string, as: "reuse" | "remix") => void navigate({ to: "/", search: { from: id, as } } as never),
    [navigate],
  );
  const toggle = (index: number, event: MouseEvent) => selection.toggle(index, event.shiftKey);
  const pick = (index: number, event: MouseEvent) => {
    if (event.shiftKey || event.ctrlKey || event.metaKey) return toggle(index, event);
    const item = items[index];
    if (!item) return;
    if (selection.ids.size > 0) return toggle(index, event);
    selection.touch(item.id);
    show(item.id === current ? undefined : item.id);
  };
  useKeys({
    items,
    current,
    chosen: selection.chosen,
    show,
    open,
    use,
    actions,
    clear: selection.clear,
    select: selection.toggle,
  });

  const fetchMore = list.fetchNextPage;
  const more = useCallback(() => void fetchMore({ cancelRefetch: false }), [fetchMore]);
  const listProps = {
    items,
    scroller,
    width: width || 960,
    begin,
    selected: selection.ids,
    current,
    days: search.sort === undefined,
    more: list.hasNextPage && !list.isFetchingNextPage,
    onMore: more,
    onPick: pick,
    onToggle: toggle,
    onOpen: open,
  };
  const details = current ? (
    <Suspense fallback={<Skeleton height="100%" />}>
      <Details id={current} actions={actions} onClose={() => show(undefined)} onUse={use} onDownload={download} />
    </Suspense>
  ) : null;
  const [bringing, setBringing] = useState<{ files: File[] | null } | null>(null);
  const over = useDropped(setBringing);
  const head = (
    <>
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<IconFileImport size={15} />}
        onClick={() => setBringing({ files: null })}
      >
        {t("bring.open")}
      </Button>
      <TrashMenu search={search} onChange={change} />
    </>
  );
  return (
    <div className={classes.page} data-over={over || undefined}>
      <FilterBar search={search} onChange={change} trash={head} />
      <div className={classes.body}>
        <div ref={scroller} className={classes.scroller}>
          <div ref={measured} />
          {list.error && items.length === 0 ? <Broken thrown={list.error} again={() => void list.refetch()} /> : null}
          {list.isPending ? <Waiting /> : null}
          {list.isSuccess && items.length === 0 ? <Nothing search={search} onChange={change} /> : null}
          {items.length > 0 ? search.view === "table" ? <Table {...listProps} /> : <Grid {...listProps} /> : null}
          {list.isFetchNextPageError ? <Broken thrown={list.error} again={more} compact /> : null}
        </div>
        {details && !phone ? (
          <aside className={classes.side} aria-label={t("details")}>
            {details}
          </aside>
        ) : null}
      </div>
      {phone ? (
        <Drawer opened={details !== null} onClose={() => show(undefined)} position="bottom" size="88%" withCloseButton={false}>
          {details}
        </Drawer>
      ) : null}
      {selection.chosen.length > 0 ? (
        <SelectionBar
          items={selection.chosen}
          trashed={search.trashed === "true"}
          actions={actions}
          onClear={selection.clear}
          onRemix={(chosen) => use(chosen.map((item) => item.id).join(","), "remix")}
          onDownload={download}
        />
      ) : null}
      {bringing ? (
        <Suspense>
          <BringIn first={bringing.files} onClose={() => setBringing(null)} />
        </Suspense>
      ) : null}
    </div>
  );
}

/** Takes what is dropped anywhere on the page. */
function useDropped(take: (dropped: { files: File[] }) => void): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const files = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
    const drag = (event: DragEvent) => {
      if (!files(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent) => {
      if (!files(event) || !event.dataTransfer) return;
      event.preventDefault();
      setOver(false);
      void filesOf(event.dataTransfer).then((found) => take({ files: found }));
    };
    window.addEventListener("dragover", drag);
    window.addEventListener("dragleave", leave);
    window.addEventListener("drop", drop);
    return () => {
      window.removeEventListener("dragover", drag);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("drop", drop);
    };
  }, [take]);
  return over;
}

/** One file comes as it is, many come packed. */
function download(items: Item[]): void {
  const only = items.length === 1 && items[0] ? fileAddress(items[0]) : null;
  if (only) {
    store(only);
    return;
  }
  const ids = items.filter((item) => fileAddress(item) !== null).map((item) => item.id);
  if (ids.length === 0) return;
  packed(ids).then(
    (address) => store(address),
    (thrown: unknown) => notifications.show({ color: "red", message: asFailure(thrown).message }),
  );
}

/** Keeps where the list stands, and begins there when it is shown again. */
function usePlace(hash: string) {
  const scroller = useRef<HTMLDivElement>(null);
  const begin = places.get(hash) ?? 0;
  useLayoutEffect(() => {
    const area = scroller.current;
    if (!area) return;
    area.scrollTop = places.get(hash) ?? 0;
    const keep = () => places.set(hash, area.scrollTop);
    area.addEventListener("scroll", keep, { passive: true });
    return () => area.removeEventListener("scroll", keep);
  }, [hash]);
  return [scroller, begin] as const;
}

type Keys = {
  items: Item[];
  current: string | null;
  chosen: Item[];
  show: (id: string | undefined) => void;
  open: (item: Item) => void;
  use: (id: string, as: "reuse" | "remix") => void;
  actions: ReturnType<typeof useActions>;
  clear: () => void;
  select: (index: number, range: boolean) => void;
};

/** J and K go through the list, F R X Del act on what is selected, else on where one stands; Esc lets go. */
function useKeys({ items, current, chosen, show, open, use, actions, clear, select }: Keys): void {
  const at = items.findIndex((item) => item.id === current);
  const here = items[at];
  const meant = chosen.length > 0 ? chosen : here ? [here] : [];
  const go = (by: number) => show(items[Math.min(items.length - 1, Math.max(0, at + by))]?.id ?? items[0]?.id);
  const trash = () => {
    if (meant.length === 0) return;
    const next = chosen.length === 0 ? (items[at + 1] ?? items[at - 1]) : undefined;
    void actions.trash(meant.map((item) => item.id));
    clear();
    show(next?.id);
  };
  const letGo = (event: KeyboardEvent) => {
    // What stands open over the list closes first.
    if (event.target instanceof Element && event.target.closest('[role="menu"], [role="dialog"]')) return;
    if (chosen.length > 0) clear();
    else if (current) show(undefined);
  };
  useHotkeys([
    ["j", () => go(1)],
    ["ArrowRight", () => go(1)],
    ["k", () => go(-1)],
    ["ArrowLeft", () => go(-1)],
    ["f", () => void (meant.length > 0 && actions.favourite(meant))],
    ["r", () => meant[0]?.kind === "task" && use(meant[0].id, "reuse")],
    ["shift+r", () => meant[0]?.kind === "task" && use(meant[0].id, "remix")],
    ["x", () => at >= 0 && select(at, false)],
    ["Enter", () => here && open(here), { preventDefault: false }],
    ["Delete", trash],
    ["Backspace", trash],
    ["Escape", letGo],
  ]);
}

const SHAPES = [16 / 9, 9 / 16, 16 / 9, 1, 16 / 9, 16 / 9, 9 / 16, 16 / 9, 16 / 9, 1, 9 / 16, 16 / 9];

function Waiting() {
  return (
    <div className={classes.placeholders} aria-busy="true">
      {SHAPES.map((ratio, n) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they never change places
        <Skeleton key={n} height={176} width={ratio * 176} radius="md" />
      ))}
    </div>
  );
}

function Nothing({ search, onChange }: { search: LibrarySearch; onChange: (search: LibrarySearch) => void }) {
  const { t } = useTranslation("library");
  if (filtering(search)) {
    return (
      <Empty
        icon={IconSearch}
        title={t("empty.filtered")}
        action={
          <Button variant="default" onClick={() => onChange(unfiltered(search))}>
            {t("chipsClear")}
          </Button>
        }
      >
        {t("empty.filteredText")}
      </Empty>
    );
  }
  if (search.trashed) {
    return (
      <Empty icon={IconTrash} title={t("empty.trash")}>
        {t("empty.trashText")}
      </Empty>
    );
  }
  return (
    <Empty
      icon={IconMovie}
      title={t("empty.title")}
      action={<Button renderRoot={(props) => <Link to="/" {...props} />}>{t("empty.act")}</Button>}
    >
      {t("empty.text")}
    </Empty>
  );
}

/** The way into the trash and out, folders, and what is done to everything at once. */
function TrashMenu({ search, onChange }: { search: LibrarySearch; onChange: (search: LibrarySearch) => void }) {
  const { t } = useTranslation("library");
  const client = useQueryClient();
  const who = useSession();
  const [asking, setAsking] = useState<"all" | "empty" | "folders" | "tags" | null>(null);
  const project = who.projects.find((one) => one.id === who.projectId)?.name ?? "";
  const trashed = search.trashed === "true";
  const act = async (typed: string) => {
    await (asking === "all" ? trashAll(typed) : emptyTrash(typed));
    restartLists(client);
  };
  const close = () => setAsking(null);
  return (
    <>
      {trashed ? (
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconArrowLeft size={15} />}
          onClick={() => onChange({ view: search.view })}
        >
          {t("trash.leave")}
        </Button>
      ) : null}
      <Menu position="bottom-end" width={230}>
        <Menu.Target>
          <ActionIcon aria-label={t("moreActions")}>
            <IconDots size={17} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {trashed ? null : (
            <Menu.Item onClick={() => onChange({ view: search.view, trashed: "true" })}>{t("trash.open")}</Menu.Item>
          )}
          <Menu.Item onClick={() => setAsking("folders")}>{t("foldersAct")}</Menu.Item>
          <Menu.Item onClick={() => setAsking("tags")}>{t("tagsAct")}</Menu.Item>
          <Menu.Item component="a" href={LIBRARY_EXPORT} download>
            {t("export")}
          </Menu.Item>
          <Menu.Divider />
          <Menu.Item color="red" onClick={() => setAsking(trashed ? "empty" : "all")}>
            {t(trashed ? "trash.empty" : "trash.all")}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Suspense>
        {asking === "folders" ? <Folders onClose={close} /> : null}
        {asking === "tags" ? <Tags onClose={close} /> : null}
        {asking === "all" || asking === "empty" ? (
          <Typed
            title={t(asking === "all" ? "trash.all" : "trash.empty")}
            text={t(asking === "all" ? "trash.allText" : "trash.emptyText")}
            label={t(asking === "all" ? "trash.allAct" : "trash.emptyAct")}
            word={project}
            act={act}
            onClose={close}
          />
        ) : null}
      </Suspense>
    </>
  );
}
