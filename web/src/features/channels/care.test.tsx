import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Channel } from "@/api/channels";
import { channelOf } from "@/testing/operated";
import { show } from "@/testing/render";
import { serve } from "@/testing/server";
import { ChannelsPage } from "./page";

const COOLING = {
  state: "cooling",
  code: "rate_limited",
  why: "Too many.",
  since: 1_700_000_000,
  next_try: 1_900_000_000,
  failures: 3,
};
const DIALECT = {
  name: "recipe",
  object: "dialect",
  title: "Whatever a recipe says.",
  base_path: "",
  needs_address: true,
  capabilities: [],
  checked: "2026-11-01",
  tried: "recorded",
  any_model: true,
  models: [],
  settings: { properties: { recipe: { anyOf: [{ type: "object" }, { type: "string" }], default: "" } } },
  starts: [{ name: "A relay", about: "For tests.", settings: { recipe: 'name = "A relay"' } }],
};

function studio(channels: Channel[], more: Parameters<typeof serve>[0] = () => undefined) {
  return serve((request) => {
    const special = more(request);
    if (special) return special;
    if (request.path === "/api/admin/channels" && request.method === "GET") return { body: { data: channels, object: "list" } };
    if (request.path === "/api/admin/dialects") return { body: { data: [DIALECT], object: "list" } };
    if (request.path.endsWith("/callbacks")) return { body: { address: null, upstream_signs: true, signature_checked: false } };
    return undefined;
  });
}

test("a channel that rests says why and when it is tried again", async () => {
  studio([channelOf({ usable: false, health: COOLING as Channel["health"] })]);
  show(ChannelsPage);

  const card = within(await screen.findByRole("article", { name: "main" }));
  expect(card.getByText("Cools down.")).toBeTruthy();
  expect(card.getByText(/Too many/)).toBeTruthy();
  expect(card.getByText(/3 failures in a row/)).toBeTruthy();
  expect(card.getByRole("button", { name: "Try again now" })).toBeTruthy();
});

test("pausing with work under way, and deleting, name their effect first", async () => {
  const { asked } = studio(
    [channelOf({ open_tasks: 2 }), channelOf({ id: "chan_2", name: "old", switch: "disabled", usable: false })],
    ({ method }) => (method === "GET" ? undefined : { body: channelOf() }),
  );
  show(ChannelsPage);

  await userEvent.click(within(await screen.findByRole("article", { name: "main" })).getByRole("button", { name: "Pause" }));
  expect(await screen.findByText(/2 tasks of it are under way/)).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Cancel" }));
  await userEvent.click(within(screen.getByRole("article", { name: "old" })).getByRole("button", { name: "Delete" }));
  expect(await screen.findByText(/Its keys are wiped/)).toBeTruthy();
  expect(asked.filter((one) => !one.startsWith("GET"))).toEqual([]);
  await userEvent.click(screen.getByRole("button", { name: "Really delete" }));

  expect(asked).toContain("DELETE /api/admin/channels/chan_2");
});

test("keys are added, replaced and wiped, and one that is still needed only by force", async () => {
  const needed = { error: { code: "not_ready", message: "1 unfinished task was sent with it.", type: "x", param: "force" } };
  const { asked } = studio([channelOf()], ({ method, query }) => {
    if (method === "DELETE") return query.get("force") ? { body: {} } : { status: 409, body: needed };
    return method === "PATCH" || method === "POST" ? { body: {} } : undefined;
  });
  show(ChannelsPage);

  await userEvent.click(await screen.findByRole("button", { name: "Keys" }));
  const key = within(await screen.findByRole("listitem", { name: "main" }));
  await userEvent.click(key.getByRole("button", { name: "Replace" }));
  await userEvent.type(await screen.findByLabelText("New key"), "sk-new");
  await userEvent.click(screen.getByRole("button", { name: "Save" }));
  await userEvent.type(await screen.findByLabelText("Name of the key"), "second");
  await userEvent.type(screen.getByLabelText("Its secret"), "sk-2");
  await userEvent.click(screen.getByRole("button", { name: "Add the key" }));
  await userEvent.click(key.getByRole("button", { name: "Wipe" }));
  await userEvent.click(
    within(await screen.findByRole("dialog", { name: "Wipe the key main?" })).getByRole("button", { name: "Wipe" }),
  );
  await userEvent.click(await screen.findByRole("button", { name: "Wipe all the same" }));

  const changes = asked.filter((one) => !one.startsWith("GET"));
  expect(changes).toEqual([
    "PATCH /api/admin/channels/chan_1/keys/ckey_1",
    "POST /api/admin/channels/chan_1/keys",
    "DELETE /api/admin/channels/chan_1/keys/ckey_1",
    "DELETE /api/admin/channels/chan_1/keys/ckey_1?force=true",
  ]);
});

test("a new channel starts from a recipe, and a refusal is shown at the field it names", async () => {
  let sent: { settings?: unknown } = {};
  const refused = {
    error: { code: "invalid_request", message: "`recipe.create` is missing.", type: "x", param: "settings.recipe" },
  };
  studio([], ({ method, body }) => {
    if (method !== "POST") return undefined;
    sent = body as typeof sent;
    return { status: 400, body: refused };
  });
  show(ChannelsPage);

  await userEvent.click((await screen.findAllByRole("button", { name: "Add a channel" }))[0] as HTMLElement);
  const form = within(await screen.findByRole("dialog"));
  await userEvent.click(form.getByRole("combobox", { name: /Way of speaking/ }));
  await userEvent.click(await screen.findByText("recipe"));
  await userEvent.click(form.getByRole("combobox", { name: /Start from/ }));
  await userEvent.click(await screen.findByText("A relay"));
  await userEvent.type(form.getByLabelText(/^Name/), "relay");
  await userEvent.type(form.getByLabelText(/^Address/), "https://relay.example");
  await userEvent.type(form.getByLabelText(/^Models/), "sora-2");
  await userEvent.click(form.getByRole("button", { name: "Save" }));

  expect((await form.findAllByText("`recipe.create` is missing.")).length).toBeGreaterThan(0);
  expect(form.getByLabelText(/recipe/).getAttribute("aria-invalid")).toBe("true");
  expect(sent.settings).toEqual({ recipe: 'name = "A relay"' });
});
