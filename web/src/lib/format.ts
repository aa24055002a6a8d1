/** How numbers are written for people. Languages differ in words, so words come from the catalogue. */

/** Writes seconds as `8 s`, `1 min 40 s` or `2 h 5 min`. */
export function duration(seconds: number, language: string): string {
  const whole = Math.max(0, Math.round(seconds));
  const zh = language.startsWith("zh");
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const parts: string[] = [];
  if (h) parts.push(zh ? `${h} 小时` : `${h} h`);
  if (m) parts.push(zh ? `${m} 分` : `${m} min`);
  if (!h && (s || !m)) parts.push(zh ? `${s} 秒` : `${s} s`);
  return parts.join(" ");
}

/** Writes a running time as `0:07` or `12:40`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const minutes = Math.floor(whole / 60);
  const rest = String(whole % 60).padStart(2, "0");
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

/** Writes decimal text as money; parts of a cent are shown when there is nothing else. */
export function money(amount: string, currency: string, language: string): string {
  const value = Number(amount);
  const digits = value !== 0 && Math.abs(value) < 0.1 ? 3 : 2;
  try {
    return new Intl.NumberFormat(language, {
      style: "currency",
      currency,
      minimumFractionDigits: 2,
      maximumFractionDigits: digits,
    }).format(value);
  } catch {
    return `${amount} ${currency}`;
  }
}

export function bytes(count: number, language: string): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${new Intl.NumberFormat(language, { maximumFractionDigits: value < 10 && unit > 0 ? 1 : 0 }).format(value)} ${units[unit]}`;
}

/** Writes how long ago a moment was, or when it will be. */
export function ago(atMs: number, nowMs: number, language: string): string {
  const seconds = (atMs - nowMs) / 1000;
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
  const size = Math.abs(seconds);
  if (size < 45) return format.format(Math.round(seconds), "second");
  if (size < 45 * 60) return format.format(Math.round(seconds / 60), "minute");
  if (size < 22 * 3600) return format.format(Math.round(seconds / 3600), "hour");
  return format.format(Math.round(seconds / 86_400), "day");
}

/** Writes a moment in the reader's own time zone. */
export function moment(atMs: number, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" }).format(atMs);
}

export function whole(value: number, language: string): string {
  return new Intl.NumberFormat(language).format(value);
}

/** Reads `1280x720` as its sides. */
export function sides(size: string): { width: number; height: number } | null {
  const found = /^(\d+)x(\d+)$/.exec(size);
  return found ? { width: Number(found[1]), height: Number(found[2]) } : null;
}

const COMMON: readonly [number, number][] = [
  [16, 9],
  [9, 16],
  [1, 1],
  [4, 3],
  [3, 4],
  [21, 9],
  [9, 21],
  [3, 2],
  [2, 3],
];

/** Names the shape of a size as people call it: the nearest common one within three percent, else the exact one. */
export function aspectOf(size: string): string | null {
  const found = sides(size);
  if (!found) return null;
  const ratio = found.width / found.height;
  for (const [w, h] of COMMON) if (Math.abs(Math.log(ratio / (w / h))) < 0.03) return `${w}:${h}`;
  const divide = (a: number, b: number): number => (b ? divide(b, a % b) : a);
  const by = divide(found.width, found.height);
  return `${found.width / by}:${found.height / by}`;
}
