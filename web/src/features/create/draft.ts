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

export type Source = { id: string; verb: "remix" | "edit" | "extend" };

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
  source: null,
};

const STORED = "reelgate-draft";

/** Gives back what was being written when the page was last left. */
export function storedDraft(): Draft {
  try {
    const text = localStorage.getItem(STORED);
    return text ? { ...EMPTY, ...(JSON.parse(text) as Partial<Draft>) } : EMPTY;
  } catch {
    return EMPTY;
  }
}

/** Keeps what is being written; of pictures only those the server holds. */
export function storeDraft(draft: Draft): void {
  const kept = (list: Picture[]) => list.filter((one) => one.fileId !== null || one.url !== null);
  const pictures = {
    first_frame: kept(draft.pictures.first_frame),
    last_frame: kept(draft.pictures.last_frame),
    reference: kept(draft.pictures.reference),
  };
  try {
    localStorage.setItem(STORED, JSON.stringify({ ...draft, pictures }));
  } catch {
    // Without storage the text lasts as long as the page.
  }
}
