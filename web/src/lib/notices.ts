/** How somebody wants to be told that a clip is there, or will not be. */
export type Wishes = { toast: boolean; sound: boolean; notices: boolean };

const STORED = "reelgate-notices";
const DEFAULTS: Wishes = { toast: true, sound: false, notices: false };

export function wishes(): Wishes {
  try {
    const text = localStorage.getItem(STORED);
    return text ? { ...DEFAULTS, ...(JSON.parse(text) as Partial<Wishes>) } : DEFAULTS;
  } catch {
    return DEFAULTS;
  }
}

export function storeWishes(next: Wishes): void {
  try {
    localStorage.setItem(STORED, JSON.stringify(next));
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

/** Asks the browser to be allowed to tell; gives whether it is. */
export async function askForNotices(): Promise<boolean> {
  if (!("Notification" in window)) return false;
  return (await Notification.requestPermission()) === "granted";
}

/** Tells through the browser, while the page is hidden; a click brings the page forward. */
export function notice(title: string, onClick: () => void): void {
  if (!("Notification" in window) || Notification.permission !== "granted" || !document.hidden) return;
  const shown = new Notification(title, { icon: "/mark-192.png", tag: "reelgate" });
  shown.onclick = () => {
    window.focus();
    onClick();
    shown.close();
  };
}

/** Two short tones, higher at the end for good news. */
export function chime(good: boolean): void {
  const context = new AudioContext();
  const at = context.currentTime;
  for (const [n, pitch] of (good ? [660, 880] : [440, 330]).entries()) {
    const tone = context.createOscillator();
    const loud = context.createGain();
    tone.frequency.value = pitch;
    loud.gain.setValueAtTime(0.06, at + n * 0.14);
    loud.gain.exponentialRampToValueAtTime(0.0001, at + n * 0.14 + 0.13);
    tone.connect(loud).connect(context.destination);
    tone.start(at + n * 0.14);
    tone.stop(at + n * 0.14 + 0.14);
  }
  setTimeout(() => void context.close(), 600);
}
