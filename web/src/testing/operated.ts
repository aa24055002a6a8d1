import type { Channel } from "@/api/channels";
import type { DeskTask } from "@/api/desk";
import type { OperatedModel } from "@/api/operated";
import type { Statistics } from "@/api/statistics";
import { modelOf } from "./samples";

/** A model as its operator sees it. */
export function operatedOf(id: string, part: Partial<OperatedModel> = {}): OperatedModel {
  return { ...modelOf(id), channels: ["main"], ...part };
}

/** Anybody's task as the desk shows it. */
export function deskTaskOf(part: Partial<DeskTask> = {}): DeskTask {
  return {
    id: "video_1",
    object: "task",
    status: "running",
    model: "reel-1",
    served_model: "reel-1",
    user_id: "user_2",
    user: "Bob",
    project_id: "proj_2",
    project: "Harbour",
    channel_id: "chan_1",
    channel: "main",
    surface: "openai",
    verb: "create",
    prompt: "A ferry in fog",
    size: "1280x720",
    seconds: 8,
    phase: null,
    progress: null,
    attempts: 1,
    ref: null,
    error: null,
    held: "1.20",
    currency: "USD",
    disputed: false,
    position: null,
    cancelling: "may_be_charged",
    created_at: 1_700_000_000_000,
    start_after: null,
    started_at: 1_700_000_000_000,
    finished_at: null,
    overdue_at: null,
    cancel_requested_at: null,
    ...part,
  };
}

const WELL = { state: "well", code: null, why: null, since: null, next_try: null, failures: 0 } as const;

export function channelOf(part: Partial<Channel> = {}): Channel {
  return {
    id: "chan_1",
    object: "channel",
    name: "main",
    dialect: "openai_videos",
    base_url: "https://upstream.example/v1",
    models: { fast: "fast-1" },
    settings: {},
    concurrency: 4,
    poll_seconds: null,
    poll_policy: null,
    self_hosted: false,
    enabled: true,
    switch: "enabled",
    priority: 0,
    weight: 1,
    prices: {},
    usable: true,
    health: WELL,
    has_secret: true,
    keys: [{ id: "ckey_1", name: "main", enabled: true, readable: true, health: WELL, created_at: 1_700_000_000 }],
    open_tasks: 0,
    endings: {},
    ...part,
  } as Channel;
}

const DAY = 86_400_000;
const line = { tasks: 3, completed: 2, failed: 1, cancelled: 0, open: 0, success_rate: 0.6667, polls: 9, polls_per_clip: 3.5 };
const took = (ms: number) => ({ p50: ms, p90: 2 * ms, p99: 3 * ms });

/** Three tasks on two of three days. */
export function statisticsOf(part: Partial<Statistics> = {}): Statistics {
  const times = { p50: 1_000, p90: 2_000 };
  return {
    since: 1_700_006_400_000,
    until: 1_700_006_400_000 + 3 * DAY,
    whole: { name: "all", ...line, waiting_ms: times, rendering_ms: times },
    by_model: [{ name: "reel-1", ...line, waiting_ms: times, rendering_ms: times }],
    by_channel: [{ name: "main", ...line, waiting_ms: null, rendering_ms: null }],
    by_day: [],
    errors: [{ channel: "main", code: "rate_limited", attempts: 4 }],
    step_ms: DAY,
    steps: [
      { at: 1_700_006_400_000, tasks: 2, completed: 2, failed: 0, cancelled: 0, open: 0 },
      { at: 1_700_006_400_000 + 2 * DAY, tasks: 1, completed: 0, failed: 1, cancelled: 0, open: 0 },
    ],
    latencies: { clips: 2, queue: took(400), submit: took(900), run: took(60_000), archive: took(2_000), whole: took(64_000) },
    storage: [{ media_type: "video/mp4", files: 2, bytes: 5_000_000 }],
    ...part,
  };
}
