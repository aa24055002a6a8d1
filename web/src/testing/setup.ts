import { cleanup, configure } from "@testing-library/react";
import { afterEach, beforeAll, vi } from "vitest";
import { startI18n, withWords } from "@/lib/i18n";

// Conditions are waited for, however busy the machine is.
configure({ asyncUtilTimeout: 40_000 });

beforeAll(async () => {
  await startI18n("en");
  await withWords(Promise.resolve());
  // What the test page has none of, and no test is about.
  window.matchMedia ??= vi.fn();
  window.matchMedia = (query: string) =>
    ({
      matches: false,
      media: query,
      onchange: null,
      addEventListener() {},
      removeEventListener() {},
      addListener() {},
      removeListener() {},
      dispatchEvent: () => false,
    }) as MediaQueryList;
  window.HTMLElement.prototype.scrollIntoView = () => {};
  const none = () => {};
  Object.defineProperty(document, "fonts", { configurable: true, value: { addEventListener: none, removeEventListener: none } });
  globalThis.ResizeObserver ??= class {
    observe() {}
    unobserve() {}
    disconnect() {}
  };
});

afterEach(() => {
  cleanup();
  localStorage.clear();
});
