import "@xyflow/react/dist/style.css";
import { Button } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { Background, type Edge, Handle, type Node, type NodeProps, Position, ReactFlow } from "@xyflow/react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Detail, Item } from "@/api/library";
import { type Graph, lineageOf, type Step } from "@/api/lineage";
import { Broken } from "@/components/broken";
import { IconGitBranch } from "@/components/icons";
import { ratioOf, Scrub } from "@/components/scrub";
import { placed } from "./tree";
import classes from "./video.module.css";

type Card = Node<{ item: Item; here: boolean; step: string; onBranch: (id: string) => void }, "card">;
const TYPES = { card: ClipCard };
const SHORT = 26;

/** Where a clip comes from and what came of it; every step says what it changed. */
export default function Lineage({ item, onBranch }: { item: Detail; onBranch: (id: string) => void }) {
  const { t } = useTranslation("video");
  const navigate = useNavigate();
  const found = useQuery(lineageOf(item.id));
  const graph = found.data;
  const said = useSaid();
  const nodes = useMemo(() => (graph ? cards(graph, item.id, said, onBranch) : []), [graph, item.id, said, onBranch]);
  const edges = useMemo(() => (graph ? lines(graph) : []), [graph]);
  if (found.error) return <Broken thrown={found.error} again={() => void found.refetch()} compact />;
  if (!graph) return <div className={classes.graph} aria-busy="true" />;
  if (graph.nodes.length < 2) return <p className={classes.hint}>{t("lineage.alone")}</p>;
  const name = (id: string) => {
    const node = graph.nodes.find((one) => one.id === id);
    return cut(node?.name ?? node?.prompt ?? id, id);
  };
  return (
    <>
      <div className={classes.graph}>
        <ReactFlow
          nodes={nodes}
          edges={edges}
          nodeTypes={TYPES}
          fitView
          fitViewOptions={{ padding: 0.12, maxZoom: 1 }}
          minZoom={0.15}
          nodesDraggable={false}
          nodesConnectable={false}
          onNodeClick={(_event, node) => {
            if (node.id !== item.id && node.data.item.kind === "task") {
              void navigate({ to: "/videos/$id", params: { id: node.id } } as never);
            }
          }}
        >
          <Background gap={20} size={1} color="var(--rg-line)" />
        </ReactFlow>
      </div>
      {graph.cut ? <p className={classes.hint}>{t("lineage.cut")}</p> : null}
      <ol className={classes.steps}>
        {graph.edges.map((edge) => (
          <li key={`${edge.source}-${edge.target}-${edge.how}`}>{`${name(edge.target)}: ${said(edge)}`}</li>
        ))}
      </ol>
    </>
  );
}

/** Says what a step did. */
function useSaid() {
  const { t } = useTranslation("video");
  return useMemo(
    () => (edge: Step) => {
      const verb = t(`lineage.how.${edge.how as "remix"}`);
      const own = edge.how === "extend" || edge.how === "edit";
      const told = edge.changed.filter((one) => !(own && one.field === "inputs"));
      const parts = told.map(({ field, old, new: now }) => {
        const name = t(`lineage.fields.${field as "prompt"}`, { defaultValue: field });
        if (field === "prompt") return t("lineage.prompt");
        if (field === "inputs") return t("lineage.inputs");
        return t("lineage.change", { field: name, from: cut(old, t("lineage.none")), to: cut(now, t("lineage.none")) });
      });
      return parts.length > 0 ? `${verb} · ${parts.join(", ")}` : verb;
    },
    [t],
  );
}

function cut(value: unknown, none: string): string {
  if (value === null || value === undefined || value === "") return none;
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return text.length > SHORT ? `${text.slice(0, SHORT)}…` : text;
}

function cards(graph: Graph, here: string, said: (step: Step) => string, onBranch: (id: string) => void): Card[] {
  const at = placed(
    graph.nodes.map((node) => node.id),
    graph.edges,
  );
  return graph.nodes.map((item) => ({
    id: item.id,
    type: "card",
    position: at.get(item.id) ?? { x: 0, y: 0 },
    data: {
      item,
      here: item.id === here,
      step: [...new Set(graph.edges.filter((edge) => edge.target === item.id).map(said))].join("; "),
      onBranch,
    },
    ariaLabel: item.name || item.prompt || item.id,
  }));
}

function lines(graph: Graph): Edge[] {
  return graph.edges.map(({ source, target, how }) => ({ id: `${source}-${target}-${how}`, source, target }));
}

function ClipCard({ data }: NodeProps<Card>) {
  const { t } = useTranslation("video");
  const { item, here, step, onBranch } = data;
  const title = item.name || item.prompt || item.id;
  return (
    <div className={classes.card} data-here={here || undefined}>
      <Handle type="target" position={Position.Top} isConnectable={false} />
      {step ? (
        <div className={classes.step} title={step}>
          {step}
        </div>
      ) : null}
      <div className={classes.cardFace} style={{ aspectRatio: Math.max(0.7, ratioOf(item)) }}>
        <Scrub media={item.media} label={title} />
      </div>
      <div className={classes.cardText} title={title}>
        {title}
      </div>
      {item.status === "completed" && item.kind === "task" ? (
        <Button
          size="compact-xs"
          variant="subtle"
          leftSection={<IconGitBranch size={13} />}
          onClick={(event) => {
            event.stopPropagation();
            onBranch(item.id);
          }}
        >
          {t("lineage.branch")}
        </Button>
      ) : null}
      <Handle type="source" position={Position.Bottom} isConnectable={false} />
    </div>
  );
}
