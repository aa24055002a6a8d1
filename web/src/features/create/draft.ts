import type { Slot } from "./fit";

/** A picture on its way to the server, or kept there. */
export type Picture = {
  key: string;
  fileId: string | null;
  /** An address the server fetches it from, instead of a file. */
  url: string | null;
  name: string;
  /** What to show: an address of ours, or of a picture still on this machine. */
  preview: string;
  failed: string | null;
};

/** A character the prompt names with an `@`; it is sent by its id. */
export type Named = { id: string; name: string };

/** A clip to work from; `others` are made from in the same manner. */
export type Source = { id: string; verb: "remix" | "edit" | "extend"; others?: string[] };

/** Everything a person has set on the page; what is null is left to the model. */
export type Draft = {
  prompt: string;
  model: string | null;
  seconds: number | null;
  size: string | null;
  seed: string;
  negative: string;
  audio: boolean | null;
  watermark: boolean | null;
  variations: number;
  pictures: Record<Slot, Picture[]>;
  /** Everybody picked so far; who is meant, the prompt says. */
  cast: Named[];
  source: Source | null;
};

export const EMPTY: Draft = {
  prompt: "",
  model: null,
  seconds: null,
  size: null,
  seed: "",
  negative: "",
  audio: null,
  watermark: null,
  variations: 1,
  pictures: { first_frame: [], last_frame: [], reference: [] },
  cast: [],
  source: null,
};

const STORED = "reelgate-draft";

/** Files and characters belong to one project, so each has a draft of its own. */
function place(project: string | null): string {
  return `${STORED}-${project ?? ""}`;
}

/** Gives back what was being written when the page was last left. */
export function storedDraft(project: string | null): Draft {
  try {
    const text = localStorage.getItem(place(project));
    return text ? { ...EMPTY, ...(JSON.parse(text) as Partial<Draft>) } : EMPTY;
  } catch {
    return EMPTY;
  }
}

/** Keeps what is being written; of pictures only those the server holds. */
export function storeDraft(draft: Draft, project: string | null): void {
  const kept = (list: Picture[]) => list.filter((one) => one.fileId !== null || one.url !== null);
  const pictures = {
    first_frame: kept(draft.pictures.first_frame),
    last_frame: kept(draft.pictures.last_frame),
    reference: kept(draft.pictures.reference),
  };
  try {
    localStorage.setItem(place(project), JSON.stringify({ ...draft, pictures }));
  } catch {
    // Without storage the text lasts as long as the page.
  }
}

/** Forgets what was being written: the next to sign in here may be somebody else. */
export function forgetDrafts(): void {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(STORED)) localStorage.removeItem(key);
  } catch {
    // Nothing was kept.
  }
}
