import { ourHeaders } from "@/api/client";
import type { EVENT_TYPES } from "@/api/made/vocabulary";
import { FrameReader } from "./stream";

/** What is told about one task. */
export type LiveEvent = {
  id: string;
  type: (typeof EVENT_TYPES)[number];
  created_at: number;
  sequence: number;
  data: { id: string; status: string | null; progress: number | null; error_code: string | null };
};

export type LiveState = "connecting" | "live" | "reconnecting" | "polling";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;
/** The server gives a sign of life every 15 s; after this long without one the line is dead. */
const SILENCE_MS = 40_000;
/** After so many failures in a row the pages ask for themselves, while the line is still tried. */
const FAILURES_BEFORE_POLLING = 2;

type Hooks = {
  onEvents: (events: LiveEvent[]) => void;
  onState: (state: LiveState) => void;
  /** A line without a place in the log began: whatever happened before it was not told. */
  onFresh: () => void;
  onSignedOut: () => void;
};

/** The one line on which the server tells what happens; it comes back by itself, where it was. */
export class LiveConnection {
  private abort: AbortController | null = null;
  private lastId: string | null = null;
  private failures = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly hooks: Hooks;

  private readonly path: string;

  constructor(hooks: Hooks, path = "/api/events") {
    this.hooks = hooks;
    this.path = path;
  }

  start(): void {
    if (this.abort) return;
    this.abort = new AbortController();
    this.hooks.onState("connecting");
    void this.keepOpen(this.abort.signal);
  }

  stop(): void {
    this.abort?.abort();
    this.abort = null;
    clearTimeout(this.timer);
  }

  private async keepOpen(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const opened = await this.listen(signal);
      if (signal.aborted) return;
      this.failures = opened ? 0 : this.failures + 1;
      this.hooks.onState(this.failures >= FAILURES_BEFORE_POLLING ? "polling" : "reconnecting");
      const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.failures);
      await new Promise((done) => {
        this.timer = setTimeout(done, wait * (0.75 + Math.random() / 2));
      });
    }
  }

  /** Listens until the line breaks; tells whether it had opened. */
  private async listen(signal: AbortSignal): Promise<boolean> {
    const broken = new AbortController();
    const end = () => broken.abort();
    signal.addEventListener("abort", end);
    let silence = setTimeout(end, SILENCE_MS);
    try {
      const headers: Record<string, string> = { Accept: "text/event-stream", ...ourHeaders("GET") };
      if (this.lastId !== null) headers["Last-Event-ID"] = this.lastId;
      const response = await fetch(this.path, { headers, signal: broken.signal, cache: "no-store" });
      if (response.status === 401) this.hooks.onSignedOut();
      if (!response.ok || !response.body) return false;
      if (this.lastId === null) this.hooks.onFresh();
      this.hooks.onState("live");
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      const frames = new FrameReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return true;
        clearTimeout(silence);
        silence = setTimeout(end, SILENCE_MS);
        this.take(frames.push(value));
      }
    } catch {
      return false;
    } finally {
      clearTimeout(silence);
      signal.removeEventListener("abort", end);
    }
  }

  private take(frames: { id: string | null; data: string }[]): void {
    const events: LiveEvent[] = [];
    for (const frame of frames) {
      if (frame.id !== null) this.lastId = frame.id;
      try {
        events.push(JSON.parse(frame.data) as LiveEvent);
      } catch {
        // A frame we cannot read is one we do not know; the next list tells.
      }
    }
    if (events.length > 0) this.hooks.onEvents(events);
  }
}
