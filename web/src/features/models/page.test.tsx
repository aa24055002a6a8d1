import { screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import type { Alias, Operated } from "@/api/operated";
import { operatedOf } from "@/testing/operated";
import { show } from "@/testing/render";
import { serve } from "@/testing/server";
import { ModelsPage } from "./page";

const ENDING = { day: "2026-12-01", at: "", days_left: 9, state: "ending" } as const;
const SUNSET = { day: "2026-12-01", ends_at: 1, days_left: 9, state: "ending" } as const;
const ALIAS: Alias = { name: "house", model: "reel-2", served: true, own: false, sunset: null, object: "alias" };

function studio(found: Partial<Operated>, aliases: Alias[] = [], more: Parameters<typeof serve>[0] = () => undefined) {
  return serve((request) => {
    const special = more(request);
    if (special) return special;
    if (request.path === "/api/admin/models") return { body: { data: [], endings: [], ...found } };
    if (request.path === "/api/admin/aliases" && request.method === "GET") return { body: { data: aliases, object: "list" } };
    if (request.path.endsWith("/suggestions"))
      return {
        body: { name: "x", alias_of: null, suggestions: ["reel-2"], heirs: [{ model: "reel-2", score: 0.9, lacks: ["seed"] }] },
      };
    return undefined;
  });
}

test("every name says where it leads, what it costs, takes, and when it ends", async () => {
  studio({ data: [operatedOf("reel-1", { sunset: ENDING }), operatedOf("house", { alias_of: "reel-1" })] });
  show(ModelsPage);

  const row = within((await screen.findByText("reel-1")).closest("tr") as HTMLElement);
  expect(row.getByText("$0.15 per second")).toBeTruthy();
  expect(row.getByText(/1 min 40 s, nine of ten within 2 min 40 s/)).toBeTruthy();
  expect(row.getByText("measured on 12 clips here")).toBeTruthy();
  expect(row.getByText("Ends 2026-12-01, 9 days left")).toBeTruthy();
  expect(screen.getByText("stands for reel-1")).toBeTruthy();
});

test("an installation without models leads to the channels", async () => {
  studio({});
  show(ModelsPage);

  expect(await screen.findByRole("link", { name: "To the channels" })).toBeTruthy();
});

test("a model that ends offers what could follow it, and one click begins the alias", async () => {
  let put: unknown = null;
  const ending = {
    model: "reel-1",
    upstream_model: "r1",
    channel: "main",
    sunset: ENDING,
    alias: null,
    heirs: [{ model: "reel-2", score: 0.9, lacks: ["seed"] }],
  };
  studio({ data: [operatedOf("reel-1"), operatedOf("reel-2")], endings: [ending] }, [], ({ method, body }) => {
    if (method !== "PUT") return undefined;
    put = body;
    return { body: ALIAS };
  });
  show(ModelsPage);

  expect(await screen.findByText("90 % of it, without a seed")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Let reel-2 follow" }));
  const form = within(await screen.findByRole("dialog"));
  expect((form.getByLabelText(/Name/) as HTMLInputElement).value).toBe("reel-1");
  await userEvent.click(form.getByRole("button", { name: "Save" }));

  expect(put).toEqual({ model: "reel-2" });
});

test("an alias to a dying model is warned of, and a refusal says what the server said", async () => {
  const refused = { error: { code: "model_retired", message: "`reel-1` has ended.", type: "x", param: "model" } };
  studio({ data: [operatedOf("reel-1", { sunset: ENDING })] }, [{ ...ALIAS, model: "reel-1", sunset: SUNSET }], ({ method }) =>
    method === "PUT" ? { status: 404, body: refused } : undefined,
  );
  show(ModelsPage);

  await userEvent.click(await screen.findByRole("button", { name: "Change" }));
  const form = within(await screen.findByRole("dialog"));
  expect(form.getByText(/reel-1 ends on 2026-12-01/)).toBeTruthy();
  await userEvent.click(form.getByRole("button", { name: "Save" }));

  expect(await form.findByText("`reel-1` has ended.")).toBeTruthy();
});

test("an alias that leads nowhere says so, and deleting one names its effect first", async () => {
  const { asked } = studio({}, [{ ...ALIAS, served: false }], ({ method }) =>
    method === "DELETE" ? { body: { id: "house", object: "alias", deleted: true } } : undefined,
  );
  show(ModelsPage);

  expect(await screen.findByText("Leads nowhere")).toBeTruthy();
  await userEvent.click(screen.getByRole("button", { name: "Delete" }));
  const sure = within(await screen.findByRole("dialog"));
  expect(sure.getByText(/Requests for house are refused/)).toBeTruthy();
  expect(asked.some((one) => one.startsWith("DELETE"))).toBe(false);
  await userEvent.click(sure.getByRole("button", { name: "Delete" }));

  expect(asked).toContain("DELETE /api/admin/aliases/house");
});

test("what the providers list is compared channel by channel", async () => {
  const gone = { kind: "gone", model: "reel-1", upstream_model: "r1", what: "", here: "", there: "" };
  const channels = [
    { channel: "main", dialect: "x", state: "compared", listed: 7, differences: [gone], learned: [] },
    { channel: "other", dialect: "y", state: "no_list", listed: 0, differences: [], learned: [] },
  ];
  studio({ data: [operatedOf("reel-1")] }, [], ({ path }) =>
    path.endsWith("/doctor") ? { body: { sound: false, channels, endings: [] } } : undefined,
  );
  show(ModelsPage);

  await userEvent.click(await screen.findByRole("button", { name: "Compare with the providers" }));

  const main = within(await screen.findByRole("region", { name: "main" }));
  expect(main.getByText("not offered there any more")).toBeTruthy();
  expect(screen.getByText(/no list to compare with/)).toBeTruthy();
});
