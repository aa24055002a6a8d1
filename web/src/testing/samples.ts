import type { Item } from "@/api/queue";
import type { Abilities, Model, Video } from "@/api/types";

/** A video as the server shows it, with what a test is about put in. */
export function videoOf(part: Partial<Video> = {}): Video {
  return {
    id: "video_1",
    object: "video",
    model: "reel-1",
    status: "completed",
    progress: 100,
    created_at: 1_700_000_000,
    completed_at: null,
    expires_at: null,
    prompt: "A lighthouse at dusk",
    size: "1280x720",
    seconds: "8",
    remixed_from_video_id: null,
    error: null,
    ...part,
  };
}

export function modelOf(id: string, able: Partial<Abilities> = {}, part: Partial<Model> = {}): Model {
  return {
    id,
    object: "model",
    created: 0,
    owned_by: "somebody",
    alias_of: null,
    shutdown_date: null,
    sunset: null,
    video: {
      title: id,
      generative: true,
      verbs: ["create"],
      seconds: [4, 8],
      seconds_default: 8,
      sizes: ["1280x720", "720x1280", "1920x1080"],
      size_default: "1280x720",
      aspect_ratios: ["16:9", "9:16"],
      inputs: { first_frame: 1 },
      characters: 0,
      audio: null,
      audio_switch: false,
      seed: true,
      negative_prompt: false,
      watermark: false,
      private: false,
      prompt_max: 200,
      price: { per_second: "0.15", per_clip: "0.00", currency: "USD" },
      usual_seconds: 100,
      usual: { p50: 100, p90: 160, source: "measured", clips: 12 },
      ...able,
    },
    ...part,
  };
}

/** A task as the library shows it. */
export function itemOf(part: Partial<Item> = {}): Item {
  return {
    id: "video_1",
    kind: "task",
    project_id: "proj_1",
    name: null,
    prompt: "A lighthouse at dusk",
    model: "reel-1",
    served_by: null,
    channel_id: null,
    status: "completed",
    phase: null,
    progress: null,
    size: "1280x720",
    aspect: "16:9",
    seconds: 8,
    favourite: false,
    rating: 0,
    folder_id: null,
    tags: [],
    cost: null,
    error: null,
    media: {},
    verb: "create",
    parent_id: null,
    created_at: 1_700_000_000_000,
    started_at: null,
    finished_at: null,
    updated_at: 1_700_000_000_000,
    trashed_at: null,
    purge_at: null,
    cancel_requested_at: null,
    overdue_at: null,
    expires_at: null,
    ...part,
  };
}
