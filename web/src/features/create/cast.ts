import type { Named } from "./draft";

const LATIN = /[\p{Script=Latin}\p{N}_]/u;

/** The part of a name being typed after an `@`, right before the caret; null when none is. */
export function typedName(text: string, caret: number): string | null {
  const before = text.slice(0, caret);
  const at = before.lastIndexOf("@");
  if (at < 0 || LATIN.test(before[at - 1] ?? "")) return null;
  const typed = before.slice(at + 1);
  return /^[^\s@]{0,40}$/u.test(typed) ? typed : null;
}

/** Puts a name where its beginning was typed; gives the text and where the caret goes. */
export function completed(text: string, caret: number, name: string): { text: string; caret: number } {
  const at = text.slice(0, caret).lastIndexOf("@");
  const rest = text.slice(caret);
  const head = `${text.slice(0, at)}@${name}`;
  const gap = /^\s/u.test(rest) ? "" : " ";
  return { text: head + gap + rest, caret: head.length + 1 };
}

/** Who of the cast the prompt names, each once, in the order they are named; the longest name wins. */
export function meant(prompt: string, cast: readonly Named[]): Named[] {
  const byLength = [...cast].sort((a, b) => b.name.length - a.name.length);
  const found = new Map<string, Named>();
  for (let at = prompt.indexOf("@"); at >= 0; at = prompt.indexOf("@", at + 1)) {
    const rest = prompt.slice(at + 1);
    const one = byLength.find(({ name }) => rest.startsWith(name) && !goesOn(name, rest));
    if (one) found.set(one.id, one);
  }
  return [...found.values()];
}

/** Whether what follows belongs to a longer Latin word. Chinese has no such end of a word. */
function goesOn(name: string, rest: string): boolean {
  return LATIN.test(name.at(-1) ?? "") && LATIN.test(rest[name.length] ?? "");
}

/** The cast with one more; a name stands for one character. */
export function withNamed(cast: readonly Named[], one: Named): Named[] {
  return [...cast.filter((other) => other.id !== one.id && other.name !== one.name), { id: one.id, name: one.name }];
}
