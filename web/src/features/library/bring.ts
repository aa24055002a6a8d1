import { bringCharacter, bringClip, type OldCharacter, type OldClip, type OldList, readOldList } from "@/api/bringing";
import { keepPicture } from "@/api/videos";
import { asFailure, Failure } from "@/lib/failure";

/** Why something stayed out, in words of ours, or in the server's. */
export type Why = "noFile" | "noClip" | "noSpan" | "kind";
export type Left = { what: string; why: Why | null; said: string | null };
export type Report = { items: Set<string>; known: number; characters: number; left: Left[] };

const CLIP = /\.(mp4|m4v|mov|webm)$/i;
const PICTURE = /\.(png|jpe?g|webp)$/i;
const LISTS = { "history.json": "history", "characters.json": "characters" } as const;
const NAME_MAX = 200;

const stem = (name: string) => name.replace(/\.[^.]+$/, "");

/** The names a clip of an entry may have, with and without ending. */
function called(entry: OldClip): string[] {
  return [...entry.files, ...entry.files.map(stem), ...entry.ids];
}

type Told = (done: number, all: number) => void;

/** Brings clips and pictures in, with what an earlier program's lists beside them say; goes on when one is refused. */
export async function bringIn(files: File[], told: Told, signal: AbortSignal): Promise<Report> {
  const report: Report = { items: new Set(), known: 0, characters: 0, left: [] };
  const { clips: entries, characters } = await lists(files);
  const byName = new Map<string, OldClip>();
  for (const entry of [...entries].reverse()) for (const name of called(entry)) byName.set(name, entry);
  const found = new Map<string, string>();
  const wanted = files.filter((file) => !(file.name.toLowerCase() in LISTS));
  for (const [n, file] of wanted.entries()) {
    if (signal.aborted) return report;
    told(n, wanted.length);
    const entry = byName.get(file.name) ?? byName.get(stem(file.name));
    const id = await kept(file, entry, report);
    if (id) for (const name of [file.name, stem(file.name), ...(entry?.ids ?? [])]) found.set(name, id);
  }
  for (const one of characters) if (!signal.aborted) await figure(one, found, report);
  const names = new Set(wanted.flatMap((file) => [file.name, stem(file.name)]));
  for (const entry of entries) {
    if (!called(entry).some((name) => names.has(name))) {
      report.left.push({ what: entry.ids[0] ?? entry.files[0] ?? entry.prompt ?? "–", why: "noFile", said: null });
    }
  }
  told(wanted.length, wanted.length);
  return report;
}

/** What the lists of an earlier program say; one that is broken stops everything, before anything is kept. */
async function lists(files: File[]): Promise<OldList> {
  const found: OldList = { clips: [], characters: [] };
  for (const file of files) {
    const kind = LISTS[file.name.toLowerCase() as keyof typeof LISTS];
    if (!kind) continue;
    try {
      const read = await readOldList(kind, file);
      found.clips.push(...read.clips);
      found.characters.push(...read.characters);
    } catch (thrown) {
      const { status, code, message } = asFailure(thrown);
      throw new Failure(status, code, `${file.name}: ${message}`);
    }
  }
  return found;
}

/** Keeps one file; what the server refuses is noted, what breaks the line ends everything. */
async function kept(file: File, entry: OldClip | undefined, report: Report): Promise<string | null> {
  try {
    if (PICTURE.test(file.name)) {
      const { id } = await keepPicture(file, file.name);
      report.items.add(id);
      return id;
    }
    if (!CLIP.test(file.name)) {
      report.left.push({ what: file.name, why: "kind", said: null });
      return null;
    }
    const { prompt, model, created_at } = entry ?? {};
    const name = prompt ? null : stem(file.name).slice(0, NAME_MAX);
    const brought = await bringClip(file, { prompt, model, created_at, name });
    report.items.add(brought.id);
    if (brought.known) report.known += 1;
    return brought.id;
  } catch (thrown) {
    note(file.name, thrown, report);
    return null;
  }
}

async function figure(one: OldCharacter, found: Map<string, string>, report: Report): Promise<void> {
  const names = [...(one.from_task ? [one.from_task] : []), ...one.files];
  const item = names.map((name) => found.get(name)).find((id) => id !== undefined);
  if (!item) {
    report.left.push({ what: one.name, why: "noClip", said: null });
    return;
  }
  const [start = Number.NaN, end = Number.NaN] = (one.timestamps ?? "0,1").split(",").map(Number);
  if (!Number.isFinite(start) || !Number.isFinite(end)) {
    report.left.push({ what: one.name, why: "noSpan", said: null });
    return;
  }
  try {
    await bringCharacter({ item_id: item, name: one.name, start_seconds: start, end_seconds: end });
    report.characters += 1;
  } catch (thrown) {
    note(one.name, thrown, report);
  }
}

function note(what: string, thrown: unknown, report: Report): void {
  const failure = asFailure(thrown);
  if (failure.status < 400 || failure.status >= 500 || failure.signedOut) throw failure;
  report.left.push({ what, why: null, said: failure.message });
}

/** Every file of what was dropped, also inside folders. */
export async function filesOf(dropped: DataTransfer): Promise<File[]> {
  const entries = [...dropped.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  if (entries.every((entry) => entry === null)) return [...dropped.files];
  const found: File[] = [];
  for (const entry of entries) if (entry) await collect(entry, found);
  return found;
}

async function collect(entry: FileSystemEntry, found: File[]): Promise<void> {
  if (entry.isFile) {
    found.push(await new Promise<File>((done, wrong) => (entry as FileSystemFileEntry).file(done, wrong)));
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A browser tells of a folder in parts; an empty one is the end.
    const some = await new Promise<FileSystemEntry[]>((done, wrong) => reader.readEntries(done, wrong));
    if (some.length === 0) return;
    for (const one of some) await collect(one, found);
  }
}
