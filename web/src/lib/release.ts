const RELOADED = "reelgate-reloaded";
const ONCE_IN_MS = 60_000;

/** Has the service worker keep the studio's own files; only where the address is safe, and not while developing. */
export function keepFiles(): void {
  if (!import.meta.env.PROD || !window.isSecureContext || !("serviceWorker" in navigator)) return;
  // Without it everything works as before, only from the server each time.
  navigator.serviceWorker.register("/sw.js").catch(() => {});
}

/**
 * A page that was open while a new release came asks for parts that are gone; it is loaded again, with the new ones.
 * What was being written is kept by its page before it goes.
 */
export function comeBackAfterRelease(): void {
  window.addEventListener("vite:preloadError", (event) => {
    const last = Number(sessionStorage.getItem(RELOADED) ?? 0);
    if (Date.now() - last < ONCE_IN_MS) return;
    event.preventDefault();
    sessionStorage.setItem(RELOADED, String(Date.now()));
    window.location.reload();
  });
}
