import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { ADA, show } from "@/testing/render";
import { serve } from "@/testing/server";
import { ChannelsPage } from "./page";

type Request = Parameters<Parameters<typeof serve>[0]>[0];

function channelOf(part: object = {}) {
  return {
    id: "chan_1",
    name: "Harbour",
    dialect: "openai_videos",
    base_url: "https://upstream.example/v1",
    models: { "tide-1": "sim-1" },
    settings: {},
    concurrency: 4,
    poll_seconds: null,
    poll_policy: null,
    self_hosted: false,
    enabled: true,
    switch: "enabled",
    priority: 0,
    weight: 1,
    prices: {},
    usable: true,
    health: { state: "well", code: null, why: null, since: null, next_try: null, failures: 0 },
    has_secret: true,
    keys: [],
    open_tasks: 1,
    endings: {},
    ...part,
  };
}

const DIALECT = {
  name: "comfyui",
  title: "ComfyUI",
  base_path: "",
  needs_address: true,
  models: [],
  starts: [],
  settings: { properties: { workflow: { type: "string", description: "Which workflow runs." } } },
};

function installation(
  channels: object[],
  more: (request: Request) => { status?: number; body: unknown } | undefined = () => undefined,
) {
  return serve((request) => {
    const found = more(request);
    if (found) return found;
    if (request.path === "/api/admin/channels") return { body: { data: channels, object: "list" } };
    if (request.path === "/api/admin/dialects") return { body: { data: [DIALECT], object: "list" } };
    return undefined;
  });
}

test("a card says how the channel stands, what is under way and what ends", async () => {
  installation([channelOf({ endings: { "tide-1": { day: "2026-12-24", state: "near", days_left: 30, heir: null } } })]);
  show(ChannelsPage);

  const card = within(await screen.findByRole("article", { name: "Harbour" }));
  expect(card.getByText("Takes tasks")).toBeTruthy();
  expect(card.getByText("1 of 4 at once")).toBeTruthy();
  expect(card.getByText("tide-1 ends on 2026-12-24")).toBeTruthy();
});

test("a test tells what it found, and a channel with work under way cannot be deleted", async () => {
  const { asked } = installation([channelOf({ switch: "disabled", usable: false })], ({ path }) =>
    path.endsWith("/test")
      ? { body: { works: false, clip: null, report: { keys: [], missing: ["tide-1"], sealed: [] } } }
      : undefined,
  );
  show(ChannelsPage);

  await userEvent.click(await screen.findByRole("button", { name: "Test" }));
  expect(await screen.findByText("Not offered there: tide-1")).toBeTruthy();
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Delete" }).disabled).toBe(true);
  expect(asked.some((one) => one.startsWith("DELETE"))).toBe(false);
});

test("an operator pauses and drains, and is offered nothing that is the administrator's", async () => {
  installation([channelOf()]);
  show(ChannelsPage, "/", { ...ADA, role: "operator", permissions: ["operate"] });

  expect(await screen.findByRole("button", { name: "Pause" })).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Add a channel" })).toBeNull();
  expect(screen.queryByRole("button", { name: "Change" })).toBeNull();
});

test("the secret of a channel is never shown, and is only sent when another one was typed", async () => {
  let sent: object = {};
  installation([channelOf()], ({ method, body }) => {
    if (method !== "PATCH") return undefined;
    sent = body as object;
    return { body: channelOf() };
  });
  show(ChannelsPage);

  await userEvent.click(await screen.findByRole("button", { name: "Change" }));
  const name = await screen.findByLabelText(/^Name/);
  expect(screen.getByLabelText<HTMLInputElement>("Key", { selector: "input" }).value).toBe("");
  await userEvent.type(name, " 2");
  fireEvent.click(screen.getByRole("button", { name: "Save" }));

  await waitFor(() => expect(sent).toMatchObject({ name: "Harbour 2" }));
  expect("secret" in sent).toBe(false);
});
