import type { Detail, Facets, Item } from "@/api/library";

/** An item of the library as the server shows it, with what a test is about put in. */
export function itemOf(part: Partial<Item> = {}): Item {
  const id = part.id ?? "video_1";
  return {
    id,
    kind: "task",
    project_id: "proj_1",
    name: null,
    prompt: "A lighthouse at dusk",
    model: "reel-1",
    served_by: null,
    channel_id: null,
    status: "completed",
    phase: null,
    progress: 100,
    size: "1280x720",
    aspect: "16:9",
    seconds: 8,
    favourite: false,
    rating: 0,
    folder_id: null,
    tags: [],
    cost: { currency: "USD", quoted: "1.20", held: null, charged: "1.20" },
    error: null,
    media: {
      video: `/v1/videos/${id}/content`,
      download: `/api/library/items/${id}/download`,
      thumbnail: `/v1/videos/${id}/content?variant=thumbnail`,
      width: 1280,
      height: 720,
    },
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

export function detailOf(part: Partial<Detail> = {}): Detail {
  return {
    ...itemOf(part),
    notes: null,
    surface: "openai",
    key_id: null,
    request: null,
    effective: null,
    adapted: [],
    inputs: [],
    attempts: [],
    upstream_id: null,
    usual: null,
    parents: [],
    children: [],
    shares: 0,
    ...part,
  };
}

export function facetsOf(part: Partial<Facets> = {}): Facets {
  return {
    total: 1,
    kind: [],
    status: [{ value: "completed", count: 1 }],
    model: [],
    channel: [],
    aspect: [],
    favourite: [],
    rating: [],
    folder: [],
    tag: [],
    ...part,
  };
}
