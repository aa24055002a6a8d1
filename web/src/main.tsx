import "@fontsource-variable/inter/wght.css";
import "@mantine/core/styles.css";
import "./styles/tokens.css";
import "./styles/studio.css";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { makeClient, Providers } from "./app/providers";
import { makeRouter } from "./app/router";
import { startI18n } from "./lib/i18n";
import { comeBackAfterRelease, keepFiles } from "./lib/release";

comeBackAfterRelease();
const client = makeClient();
const router = makeRouter(client);

async function start(): Promise<void> {
  await startI18n();
  const place = document.getElementById("studio");
  if (!place) return;
  createRoot(place).render(
    <StrictMode>
      <Providers client={client}>
        <RouterProvider router={router} />
      </Providers>
    </StrictMode>,
  );
  // Chinese letters come after the first drawing; until then the machine's own are shown.
  const later = window.requestIdleCallback ?? ((run: () => void) => setTimeout(run, 300));
  later(() => void import("./styles/chinese"));
  later(keepFiles);
}

void start();
