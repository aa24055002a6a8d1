import { Link, Outlet, useLocation } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Empty } from "@/components/empty";
import { IconArrowLeft, IconLock } from "@/components/icons";
import { useSession } from "@/lib/session";
import classes from "./frame.module.css";
import { type AdminPage, GROUPS, PAGES, pagesFor } from "./nav";

/** What stands around the pages of those who look after the installation. */
export function AdminFrame() {
  const { t } = useTranslation("admin");
  const { pathname } = useLocation();
  const { permissions } = useSession();
  const mine = pagesFor(permissions);
  const here = PAGES.find((page) => pathname.startsWith(page.to));
  if (mine.length === 0 || (here && !mine.includes(here))) return <Closed />;
  return (
    <div className={classes.frame}>
      <nav className={classes.side} aria-label={t("title")}>
        <Link to="/admin" className={classes.home}>
          {t("title")}
        </Link>
        {GROUPS.map((group) => (
          <Section key={group} title={t(`groups.${group}`)} pages={mine.filter((page) => page.group === group)} />
        ))}
      </nav>
      <div className={classes.main}>
        {pathname === "/admin" ? null : (
          <Link to="/admin" className={classes.back}>
            <IconArrowLeft size={16} stroke={1.6} />
            {t("title")}
          </Link>
        )}
        <Outlet />
      </div>
    </div>
  );
}

function Section({ title, pages }: { title: string; pages: AdminPage[] }) {
  const { t } = useTranslation("admin");
  if (pages.length === 0) return null;
  return (
    <>
      <p className={classes.group}>{title}</p>
      <ul className={classes.list}>
        {pages.map((page) => (
          <li key={page.to}>
            <Link to={page.to} className={classes.entry}>
              <page.icon size={17} stroke={1.6} />
              {t(`pages.${page.word}`)}
            </Link>
          </li>
        ))}
      </ul>
    </>
  );
}

/** Said to somebody who came here by an address. */
function Closed() {
  const { t } = useTranslation("admin");
  return (
    <Empty icon={IconLock} title={t("closed.title")}>
      {t("closed.text")}
    </Empty>
  );
}
