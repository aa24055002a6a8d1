import { currentProject, ourHeaders } from "@/api/client";
import { FrameReader } from "@/live/stream";

export type Source = "project" | "video" | "all" | "socket";
export type Wish = { source: Source; video: string; cursor: string };
export type Heard = {
  onOpen: () => void;
  /** A frame as it came; `cursor` where it has a place in the log. */
  onFrame: (text: string, cursor: number | null) => void;
  /** A sign of life without content. */
  onBeat: () => void;
  onClose: (reason: string) => void;
};
export type Wire = { close: () => void; say: ((message: string) => void) | null };

const PATHS: Record<Exclude<Source, "socket">, (video: string) => string> = {
  project: () => "/api/events",
  video: (video) => `/v1/videos/${encodeURIComponent(video)}/events`,
  all: () => "/api/admin/events",
};

/** Opens a line to the server and hands on every frame as it comes. */
export function openWire(wish: Wish, heard: Heard): Wire {
  return wish.source === "socket" ? openSocket(heard) : openStream(PATHS[wish.source](wish.video), wish.cursor, heard);
}

function openStream(path: string, cursor: string, heard: Heard): Wire {
  const abort = new AbortController();
  void listen(path, cursor, heard, abort.signal);
  return { close: () => abort.abort(), say: null };
}

async function listen(path: string, cursor: string, heard: Heard, signal: AbortSignal): Promise<void> {
  try {
    const headers: Record<string, string> = { Accept: "text/event-stream", ...ourHeaders("GET") };
    if (cursor) headers["Last-Event-ID"] = cursor;
    const response = await fetch(path, { headers, signal, cache: "no-store" });
    if (!response.ok || !response.body) {
      heard.onClose(`HTTP ${response.status} ${(await response.text()).slice(0, 300)}`);
      return;
    }
    heard.onOpen();
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const frames = new FrameReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      heard.onBeat();
      for (const frame of frames.push(value)) {
        const text = [`id: ${frame.id ?? ""}`, `event: ${frame.event}`, `data: ${frame.data}`].join("\n");
        heard.onFrame(text, placeOf(frame.id));
      }
    }
    heard.onClose("end of stream");
  } catch (broken) {
    heard.onClose(signal.aborted ? "by you" : String(broken));
  }
}

function placeOf(id: string | null): number | null {
  return id !== null && /^\d+$/.test(id) ? Number(id) : null;
}

function openSocket(heard: Heard): Wire {
  const url = new URL("/ws", window.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const project = currentProject();
  if (project) url.searchParams.set("as_project", project);
  const socket = new WebSocket(url);
  socket.onopen = () => heard.onOpen();
  socket.onmessage = (event: MessageEvent<unknown>) => {
    const text = String(event.data);
    heard.onBeat();
    heard.onFrame(text, cursorIn(text));
  };
  socket.onclose = (event) => heard.onClose([event.code, event.reason].filter(Boolean).join(" "));
  return {
    close: () => socket.close(1000),
    say: (message) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(message);
    },
  };
}

/** Reads the place in the log that a message of the socket names. */
export function cursorIn(text: string): number | null {
  try {
    const cursor = (JSON.parse(text) as { cursor?: unknown }).cursor;
    return typeof cursor === "number" ? cursor : null;
  } catch {
    return null;
  }
}

/** Writes what a client of the socket says. */
export function message(type: "subscribe" | "unsubscribe" | "ping", task = "", cursor = ""): string {
  if (type === "ping") return JSON.stringify({ type });
  const said: Record<string, unknown> = { type };
  if (task) said.taskId = task;
  if (type === "subscribe" && /^\d+$/.test(cursor)) said.cursor = Number(cursor);
  return JSON.stringify(said);
}
