import { Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { healthReport } from "@/api/installation";
import { Broken } from "@/components/broken";
import { IconAlertTriangle, IconCircleCheck } from "@/components/icons";
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
      <Attention />
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

/** Whether anything needs somebody, before they look for it. */
function Attention() {
  const { t } = useTranslation("admin");
  const found = useQuery(healthReport);
  if (found.error) return <Broken thrown={found.error} again={() => void found.refetch()} compact />;
  if (!found.data) return <Skeleton height={48} radius={12} animate={false} />;
  const worst = found.data.findings.filter((one) => one.state !== "ok");
  const failed = worst.some((one) => one.state === "fail");
  return (
    <Link to="/admin/health" className={classes.attention} data-state={failed ? "fail" : worst.length > 0 ? "warn" : "ok"}>
      {worst.length > 0 ? <IconAlertTriangle size={19} stroke={1.6} /> : <IconCircleCheck size={19} stroke={1.6} />}
      <span>{worst.length > 0 ? t("attention.some", { count: worst.length }) : t("attention.none")}</span>
    </Link>
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
