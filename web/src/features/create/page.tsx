import { Button } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Broken } from "@/components/broken";
import { Empty } from "@/components/empty";
import { IconPlug } from "@/components/icons";
import { useArrival } from "./arrive";
import { Composer } from "./composer";
import classes from "./create.module.css";
import { useDraft } from "./state";
import { useWishes } from "./submit";
import { Takes } from "./takes";

/** Where clips begin: the composer on the left, what came of it on the right. */
export function CreatePage() {
  const { t } = useTranslation("create");
  const state = useDraft();
  const wishes = useWishes();
  useArrival(state.change);
  const { models, model } = state;
  return (
    <div className={classes.page}>
      <section className={classes.composer} aria-label={t("compose")}>
        {models.error ? <Broken thrown={models.error} again={() => void models.refetch()} compact /> : null}
        {models.isPending ? <Placeholder /> : null}
        {models.data && !model ? (
          <Empty
            icon={IconPlug}
            title={t("noModels.title")}
            action={<Button onClick={() => void models.refetch()}>{t("noModels.again")}</Button>}
          >
            {t("noModels.text")}
          </Empty>
        ) : null}
        {models.data && model ? <Composer {...state} all={models.data} model={model} make={wishes.make} /> : null}
      </section>
      <Takes models={models.data ?? []} wishes={wishes} onChange={state.change} />
    </div>
  );
}

function Placeholder() {
  return (
    <div className={classes.placeholder} aria-busy="true">
      <div style={{ height: 132 }} />
      <div style={{ height: 36 }} />
      <div style={{ height: 36, width: "70%" }} />
    </div>
  );
}
