// Puts the chosen theme and language on the page before anything is drawn, so that nothing flashes.
(() => {
  let theme = "auto";
  let language = "";
  try {
    theme = localStorage.getItem("reelgate-theme") || "auto";
    language = localStorage.getItem("reelgate-language") || "";
  } catch {}
  const dark = theme === "dark" || (theme !== "light" && !matchMedia("(prefers-color-scheme: light)").matches);
  const root = document.documentElement;
  root.dataset.mantineColorScheme = dark ? "dark" : "light";
  root.lang = language || (navigator.language.toLowerCase().startsWith("zh") ? "zh-CN" : "en");
  const manifest = document.querySelector('link[rel="manifest"]');
  if (manifest && root.lang === "zh-CN") manifest.setAttribute("href", "/studio.zh-CN.webmanifest");
})();
