const MAC = typeof navigator !== "undefined" && /Mac|iPhone|iPad/.test(navigator.userAgent);

/** Writes a key together with the command key of this machine. */
export function commandKey(key: string): string {
  return MAC ? `⌘${key}` : `Ctrl ${key}`;
}
