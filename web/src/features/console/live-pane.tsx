import { Button, Select, TextInput } from "@mantine/core";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Panel } from "@/components/panel";
import { ago } from "@/lib/format";
import { useMay } from "@/lib/session";
import classes from "./console.module.css";
import { message, openWire, type Source, type Wire, type Wish } from "./wire";

const KEPT = 300;
const BEAT_MS = 1_000;

type State = "closed" | "connecting" | "open";
type Frame = { n: number; at: number; way: "in" | "out" | "note"; text: string };

function useWire() {
  const [state, setState] = useState<State>("closed");
  const [frames, setFrames] = useState<Frame[]>([]);
  const [cursor, setCursor] = useState<number | null>(null);
  const [beat, setBeat] = useState<number | null>(null);
  const wire = useRef<Wire | null>(null);
  const count = useRef(0);
  useEffect(() => () => wire.current?.close(), []);
  const add = (way: Frame["way"], text: string) => {
    count.current += 1;
    const frame = { n: count.current, at: Date.now(), way, text };
    setFrames((before) => [frame, ...before].slice(0, KEPT));
  };
  const open = (wish: Wish, words: { opened: string; closed: (reason: string) => string }) => {
    wire.current?.close();
    setState("connecting");
    const made: Wire = openWire(wish, {
      onOpen: () => {
        setState("open");
        add("note", words.opened);
      },
      onFrame: (text, place) => {
        if (place !== null) setCursor((before) => Math.max(before ?? 0, place));
        add("in", text);
      },
      onBeat: () => setBeat(Date.now()),
      onClose: (reason) => {
        // A line that was replaced says nothing of the one that took its place.
        if (wire.current !== made) return;
        setState("closed");
        wire.current = null;
        add("note", words.closed(reason));
      },
    });
    wire.current = made;
  };
  const say = (text: string) => {
    wire.current?.say?.(text);
    add("out", text);
  };
  return { state, frames, cursor, beat, open, say, close: () => wire.current?.close(), clear: () => setFrames([]) };
}

/** A line to the server: what comes over it, word for word. */
export function LivePane() {
  const { t, i18n } = useTranslation("console");
  const operator = useMay("operate");
  const wire = useWire();
  const [wish, setWish] = useState<Wish>({ source: "project", video: "", cursor: "" });
  const [now, setNow] = useState(Date.now);
  const [held, setHeld] = useState<Frame[] | null>(null);
  const set = (part: Partial<Wish>) => setWish((before) => ({ ...before, ...part }));
  const open = wire.state === "open";
  useEffect(() => {
    if (!open) return;
    const timer = setInterval(() => setNow(Date.now()), BEAT_MS);
    return () => clearInterval(timer);
  }, [open]);
  const sources: Source[] = operator ? ["project", "video", "all", "socket"] : ["project", "video", "socket"];
  const socket = wish.source === "socket";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (wire.state !== "closed") wire.close();
    else wire.open(wish, { opened: t("live.opened"), closed: (reason) => t("live.closed", { reason }) });
  };
  const shown = held ?? wire.frames;
  return (
    <Panel title={t("live.title")} text={t("live.text")}>
      <form className={classes.wish} onSubmit={submit}>
        <Select
          label={t("live.source")}
          allowDeselect={false}
          disabled={wire.state !== "closed"}
          value={wish.source}
          onChange={(value) => set({ source: (value ?? "project") as Source })}
          data={sources.map((source) => ({ value: source, label: t(`live.sources.${source}`) }))}
        />
        {wish.source === "video" || socket ? (
          <TextInput
            label={t("live.video")}
            description={socket ? t("live.videoHint") : undefined}
            required={!socket}
            value={wish.video}
            onChange={(event) => set({ video: event.currentTarget.value.trim() })}
          />
        ) : null}
        <TextInput
          label={t("live.cursor")}
          description={t("live.cursorHint")}
          inputMode="numeric"
          value={wish.cursor}
          onChange={(event) => set({ cursor: event.currentTarget.value.replaceAll(/\D/g, "") })}
        />
        <Button type="submit" variant={wire.state === "closed" ? "filled" : "default"} loading={wire.state === "connecting"}>
          {t(wire.state === "closed" ? "live.connect" : "live.disconnect")}
        </Button>
      </form>
      <output className={classes.line} data-state={wire.state}>
        {[
          t(`live.states.${wire.state}`),
          wire.cursor === null ? null : t("live.seen", { cursor: wire.cursor }),
          wire.beat === null ? null : t("live.beat", { when: ago(wire.beat, Math.max(now, wire.beat), i18n.language) }),
        ]
          .filter(Boolean)
          .join(" · ")}
      </output>
      {socket && open ? <Say wish={wish} say={wire.say} /> : null}
      <div className={classes.tools}>
        <Button size="compact-sm" variant="default" onClick={() => setHeld(held ? null : wire.frames)}>
          {t(held ? "live.carryOn" : "live.hold")}
        </Button>
        <Button
          size="compact-sm"
          variant="subtle"
          color="gray"
          onClick={() => {
            setHeld(null);
            wire.clear();
          }}
        >
          {t("live.clear")}
        </Button>
        <span className="faint">{t("live.kept", { count: KEPT })}</span>
      </div>
      {shown.length === 0 ? <p className="quiet">{t("live.none")}</p> : null}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard */}
      <ol className={classes.frames} aria-label={t("live.frames")} tabIndex={0}>
        {shown.map((frame) => (
          <li key={frame.n} data-way={frame.way}>
            <span className={classes.way}>
              {t(`live.${frame.way}`)} {new Date(frame.at).toLocaleTimeString(i18n.language)}
            </span>
            <pre>{frame.text}</pre>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function Say({ wish, say }: { wish: Wish; say: (text: string) => void }) {
  const { t } = useTranslation("console");
  const [raw, setRaw] = useState('{"type": "ping"}');
  const quick = { size: "compact-sm", variant: "default" } as const;
  return (
    <div className={classes.say}>
      <Button {...quick} onClick={() => say(message("subscribe", wish.video, wish.cursor))}>
        {t("live.follow")}
      </Button>
      <Button {...quick} onClick={() => say(message("unsubscribe", wish.video))}>
        {t("live.leave")}
      </Button>
      <Button {...quick} onClick={() => say(message("ping"))}>
        {t("live.ping")}
      </Button>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          say(raw);
        }}
      >
        <TextInput
          aria-label={t("live.raw")}
          classNames={{ input: classes.mono }}
          value={raw}
          onChange={(event) => setRaw(event.currentTarget.value)}
        />
        <Button type="submit" variant="default">
          {t("live.sendRaw")}
        </Button>
      </form>
    </div>
  );
}
