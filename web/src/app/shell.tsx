import { Burger, Tooltip } from "@mantine/core";
import { useDisclosure, useHotkeys, useMediaQuery } from "@mantine/hooks";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Navigate, Outlet, useLocation, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useCallback } from "react";
import { useTranslation } from "react-i18next";
import { me } from "@/api/session";
import { Broken } from "@/components/broken";
import { IconChevronRight } from "@/components/icons";
import { Failure } from "@/lib/failure";
import { SessionProvider } from "@/lib/session";
import { LiveProvider } from "@/live/live";
import { AccountMenu } from "./account-menu";
import { LiveDot } from "./live-dot";
import { ENTRIES, type Entry } from "./nav";
import { ProjectSwitcher } from "./project-switcher";
import { SearchButton } from "./search-button";
import classes from "./shell.module.css";
import { Tellings } from "./tellings";

const Search = lazy(() => import("./search"));
const Keys = lazy(() => import("./keys"));
const PhoneMenu = lazy(() => import("./phone-menu"));
const NARROW = "(max-width: 720px)";

/** What stands around every page of somebody who is signed in. */
export function Shell() {
  const who = useQuery(me);
  const client = useQueryClient();
  const here = useLocation();
  const signedOut = useCallback(() => void client.invalidateQueries({ queryKey: me.queryKey }), [client]);
  if (who.isPending) return <div className={classes.waiting} aria-busy="true" />;
  if (who.error) {
    if (who.error instanceof Failure && who.error.signedOut) {
      // The address changes before this shell is gone; it must not lead to itself.
      if (here.pathname === "/login") return null;
      return <Navigate to="/login" search={{ next: here.href === "/" ? undefined : here.href }} replace />;
    }
    return <Broken thrown={who.error} again={() => void who.refetch()} />;
  }
  return (
    <SessionProvider who={who.data}>
      <LiveProvider project={who.data.projectId} onSignedOut={signedOut}>
        <Tellings />
        <Frame permissions={who.data.permissions} />
      </LiveProvider>
    </SessionProvider>
  );
}

function Frame({ permissions }: { permissions: string[] }) {
  const { t } = useTranslation("shell");
  const phone = useMediaQuery(NARROW, false, { getInitialValueInEffect: false }) ?? false;
  const [drawer, setDrawer] = useDisclosure(false);
  const [keys, setKeys] = useDisclosure(false);
  const [narrow, setNarrow] = useDisclosure(false);
  const navigate = useNavigate();
  const shown = ENTRIES.filter((entry) => !entry.scope || permissions.includes(entry.scope));
  useHotkeys([
    ["shift+?", setKeys.open],
    ["?", setKeys.open],
    ...shown.map((entry): [string, () => void] => [`g+${entry.key}`, () => void navigate({ to: entry.to })]),
  ]);
  return (
    <div className={classes.frame} data-narrow={narrow || undefined}>
      <a className={classes.skip} href="#page">
        {t("skip")}
      </a>
      {phone ? null : <Rail entries={shown} narrow={narrow} onNarrow={setNarrow.toggle} />}
      <header className={classes.top}>
        {phone ? <Burger size="sm" opened={drawer} onClick={setDrawer.toggle} aria-label={t("menu")} /> : null}
        <ProjectSwitcher />
        <div className={classes.space} />
        <SearchButton small={phone} />
        <LiveDot />
        <AccountMenu onKeys={setKeys.open} />
      </header>
      <main id="page" className={classes.page} tabIndex={-1}>
        <Outlet />
      </main>
      {phone ? <BottomBar entries={shown.filter((entry) => !entry.admin)} /> : null}
      <Suspense>
        <Search entries={shown} />
        {keys ? <Keys onClose={setKeys.close} /> : null}
        {drawer ? (
          <PhoneMenu label={t("pages")} onClose={setDrawer.close}>
            <Entries entries={shown} narrow={false} onGo={setDrawer.close} />
          </PhoneMenu>
        ) : null}
      </Suspense>
    </div>
  );
}

function Rail({ entries, narrow, onNarrow }: { entries: Entry[]; narrow: boolean; onNarrow: () => void }) {
  const { t } = useTranslation("shell");
  return (
    <nav className={classes.rail} aria-label={t("pages")}>
      <Link to="/" className={classes.brand} aria-label={t("home")}>
        <img src="/mark.svg" width={24} height={24} alt="" />
        {narrow ? null : <span>{t("name")}</span>}
      </Link>
      <Entries entries={entries} narrow={narrow} />
      <button type="button" className={classes.fold} onClick={onNarrow} aria-label={narrow ? t("wider") : t("narrower")}>
        <IconChevronRight size={16} className={classes.chevron} />
      </button>
    </nav>
  );
}

function Entries({ entries, narrow, onGo }: { entries: Entry[]; narrow: boolean; onGo?: () => void }) {
  const { t } = useTranslation("shell");
  const everyday = entries.filter((entry) => !entry.admin);
  const admin = entries.filter((entry) => entry.admin);
  const line = (entry: Entry) => (
    <Tooltip key={entry.to} label={t(`nav.${entry.word}`)} position="right" disabled={!narrow}>
      <Link to={entry.to} className={classes.entry} activeOptions={{ exact: entry.to === "/" }} onClick={onGo}>
        <entry.icon size={19} stroke={1.6} />
        {narrow ? <span className={classes.hidden}>{t(`nav.${entry.word}`)}</span> : <span>{t(`nav.${entry.word}`)}</span>}
      </Link>
    </Tooltip>
  );
  return (
    <div className={classes.entries}>
      {everyday.map(line)}
      {admin.length > 0 ? <div className={classes.rule} /> : null}
      {admin.map(line)}
    </div>
  );
}

function BottomBar({ entries }: { entries: Entry[] }) {
  const { t } = useTranslation("shell");
  return (
    <nav className={classes.bottom} aria-label={t("pages")}>
      {entries.slice(0, 5).map((entry) => (
        <Link key={entry.to} to={entry.to} className={classes.tab} activeOptions={{ exact: entry.to === "/" }}>
          <entry.icon size={20} stroke={1.6} />
          <span>{t(`nav.${entry.word}`)}</span>
        </Link>
      ))}
    </nav>
  );
}
