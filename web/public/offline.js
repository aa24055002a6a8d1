// Looks now and then whether the server answers, and goes back to the page that was asked for.
(() => {
  const EVERY_MS = 5_000;
  for (const button of document.querySelectorAll("button")) button.addEventListener("click", () => location.reload());
  setInterval(() => {
    fetch("/health", { cache: "no-store" }).then(
      (response) => response.ok && location.reload(),
      () => {},
    );
  }, EVERY_MS);
})();
