import { localStorageColorSchemeManager } from "@mantine/core";

/** Keeps the chosen theme where `before-paint.js` finds it. */
export const colorScheme = localStorageColorSchemeManager({ key: "reelgate-theme" });
