import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Tuned } from "@/api/installation";
import { show } from "@/testing/render";
import { serve } from "@/testing/server";
import { wrongOf } from "./editor";
import { SettingsPage } from "./page";
import { inWords, unitFor } from "./units";

function tuned(part: Partial<Tuned> = {}): Tuned {
  return {
    key: "prompt_max",
    group: "intake",
    kind: "number",
    least: 1,
    most: 1_000_000,
    unlimited: true,
    choices: [],
    help: { en: "Longest prompt in characters; 0 is unlimited.", zh: "提示词的最大长度；0 表示不限制。" },
    value: 8000,
    default: 32_000,
    is_set: true,
    ...part,
  };
}

const PORT = {
  name: "port",
  variable: "REELGATE_PORT",
  value: 8080,
  origin: "default",
  help: { en: "The port to listen on.", zh: "监听端口。" },
};
const KEEP = tuned({ key: "clip_keep_s", group: "retention", kind: "seconds", value: 0, default: 0, is_set: false });

function studio(settings: Tuned[], more: Parameters<typeof serve>[0] = () => undefined) {
  const put: unknown[] = [];
  serve((request) => {
    const found = more(request);
    if (found) return found;
    if (request.method === "POST") {
      put.push((request.body as { values: unknown }).values);
      return { body: { data: settings } };
    }
    if (request.path === "/api/admin/settings/fixed") return { body: { data: [PORT] } };
    if (request.path.endsWith("/history"))
      return {
        body: {
          data: [
            { id: "chg_2", key: "prompt_max", before: 5000, value: 8000, actor: "user_1", actor_name: "Ada", created_at: 1 },
            { id: "chg_1", key: "prompt_max", before: null, value: 5000, actor: "user_1", actor_name: "Ada", created_at: 0 },
          ],
        },
      };
    return { body: { data: settings } };
  });
  return put;
}

test("a setting is changed within its bounds, and put back to its default", async () => {
  const put = studio([tuned()]);
  show(SettingsPage);
  await userEvent.click(await screen.findByRole("button", { name: "Change prompt_max" }));
  const field = await screen.findByRole("textbox", { name: "prompt_max" });
  expect(screen.getByText(/From 1 to 1,000,000; 0 is no limit/)).toBeTruthy();

  await userEvent.clear(field);
  await userEvent.type(field, "9000");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(put).toEqual([{ prompt_max: 9000 }]));

  await userEvent.click(await screen.findByRole("button", { name: "Change prompt_max" }));
  await userEvent.click(await screen.findByRole("button", { name: "Back to the default (32,000)" }));
  await waitFor(() => expect(put).toEqual([{ prompt_max: 9000 }, { prompt_max: null }]));
});

test("what the server refuses is said beside the field, and nothing typed is lost", async () => {
  studio([tuned()], ({ method }) =>
    method === "POST"
      ? { status: 400, body: { error: { code: "invalid_value", message: "`prompt_max`: no.", type: "x", param: "prompt_max" } } }
      : undefined,
  );
  show(SettingsPage);
  await userEvent.click(await screen.findByRole("button", { name: "Change prompt_max" }));
  const field = await screen.findByRole<HTMLInputElement>("textbox", { name: "prompt_max" });
  await userEvent.clear(field);
  await userEvent.type(field, "7");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));

  expect(await screen.findByText("`prompt_max`: no.")).toBeTruthy();
  expect(screen.getByText(/This is about the request: change it/).textContent).toContain("invalid_value");
  expect(field.value).toBe("7");
});

test("history says who changed it from what to what, and an earlier value is had again", async () => {
  const put = studio([tuned()]);
  show(SettingsPage);
  await userEvent.click(await screen.findByRole("button", { name: "History of prompt_max" }));

  expect(await screen.findByText("5,000 → 8,000")).toBeTruthy();
  expect(screen.getAllByText(/^Ada · /).length).toBe(2);
  await userEvent.click(screen.getByRole("button", { name: "Back to 5,000" }));

  await waitFor(() => expect(put).toEqual([{ prompt_max: 5000 }]));
});

test("settings that need a restart are shown with where they come from, and cannot be changed here", async () => {
  studio([tuned(), KEEP]);
  show(SettingsPage);
  const fixed = within(await screen.findByRole("region", { name: "Only by a restart" }));

  expect(fixed.getByText("REELGATE_PORT")).toBeTruthy();
  expect(fixed.getByText("default")).toBeTruthy();
  expect(fixed.queryByRole("button")).toBeNull();
});

test("settings are found by a word, and the changed ones alone", async () => {
  studio([tuned(), KEEP]);
  show(SettingsPage, "/?q=clip_keep");
  expect(await screen.findByText("clip_keep_s")).toBeTruthy();
  expect(screen.queryByText("prompt_max")).toBeNull();
  expect(screen.getByText("No limit")).toBeTruthy();
});

test("amounts are read in the unit people write them in", () => {
  expect(unitFor("bytes", 20 * 1024 ** 2)).toBe("MiB");
  expect(unitFor("seconds", 90)).toBe("s");
  expect(inWords({ kind: "bytes", unlimited: true }, 20 * 1024 ** 2, "en")).toBe("20 MiB");
  expect(inWords({ kind: "seconds", unlimited: true }, 604_800, "en")).toBe("7 days");
  expect(inWords({ kind: "seconds", unlimited: true }, 0, "en")).toBeNull();
});

test("a value outside the bounds is not sent", () => {
  expect(wrongOf(tuned(), 0)).toBe(false);
  expect(wrongOf(tuned({ unlimited: false }), 0)).toBe(true);
  expect(wrongOf(tuned(), 1.5)).toBe(true);
  expect(wrongOf(tuned({ kind: "text", least: 2, most: 5 }), "a")).toBe(true);
});
