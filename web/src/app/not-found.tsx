import { Button } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Empty } from "@/components/empty";
import { IconMovie } from "@/components/icons";

export function NotFound() {
  const { t } = useTranslation("shell");
  return (
    <main>
      <Empty
        icon={IconMovie}
        title={t("notFound.title")}
        action={
          <Button component={Link} to="/">
            {t("notFound.home")}
          </Button>
        }
      >
        {t("notFound.text")}
      </Empty>
    </main>
  );
}
