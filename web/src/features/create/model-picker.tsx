import { Popover, Skeleton, UnstyledButton, VisuallyHidden } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import type { Model } from "@/api/types";
import { IconChevronDown } from "@/components/icons";
import classes from "./create.module.css";
import { Ending, Facts } from "./model-facts";

const List = lazy(() => import("./model-list"));

type Props = { all: Model[]; model: Model; choose: (model: Model) => void };

/** The model, and on opening every other one with what it can do, costs, takes, and when it ends. */
export function ModelPicker({ all, model, choose }: Props) {
  const { t } = useTranslation("create");
  const [open, { close, toggle, open: show }] = useDisclosure(false);
  return (
    <Popover
      opened={open}
      onChange={(next) => (next ? show() : close())}
      width="target"
      position="bottom-start"
      trapFocus
      returnFocus
    >
      <Popover.Target>
        <UnstyledButton className={classes.model} onClick={toggle}>
          <span className={classes.modelText}>
            <VisuallyHidden>{t("model.choose", { model: "" })}</VisuallyHidden>
            <span className={classes.modelName}>{model.video.title}</span>
            <Facts model={model} />
          </span>
          <Ending model={model} />
          <IconChevronDown size={16} />
        </UnstyledButton>
      </Popover.Target>
      <Popover.Dropdown className={classes.modelList}>
        <Suspense fallback={<Skeleton height={320} animate={false} />}>
          <List
            all={all}
            model={model}
            onPick={(next) => {
              choose(next);
              close();
            }}
          />
        </Suspense>
      </Popover.Dropdown>
    </Popover>
  );
}
