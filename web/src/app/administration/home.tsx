import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useSession } from "@/lib/session";
import classes from "./home.module.css";
import { type AdminPage, GROUPS, pagesFor } from "./nav";

/** The first page of the administration: what there is to look after. */
export function AdminHome() {
  const { t } = useTranslation("admin");
  const mine = pagesFor(useSession().permissions);
  return (
    <div className={classes.page}>
      <header>
        <h1 className={classes.title}>{t("title")}</h1>
        <p className="quiet">{t("text")}</p>
      </header>
      {GROUPS.map((group) => {
        const pages = mine.filter((page) => page.group === group);
        return pages.length === 0 ? null : (
          <section key={group} className={classes.group} aria-label={t(`groups.${group}`)}>
            <h2>{t(`groups.${group}`)}</h2>
            <div className={classes.cards}>
              {pages.map((page) => (
                <Card key={page.to} page={page} />
              ))}
            </div>
          </section>
        );
      })}
    </div>
  );
}

function Card({ page }: { page: AdminPage }) {
  const { t } = useTranslation("admin");
  return (
    <Link to={page.to} className={classes.card}>
      <page.icon size={22} stroke={1.5} />
      <span className={classes.name}>{t(`pages.${page.word}`)}</span>
      <span className={classes.about}>{t(`about.${page.word}`)}</span>
    </Link>
  );
}
