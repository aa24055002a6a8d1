import { fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Item } from "@/api/library";
import { detailOf, facetsOf, itemOf } from "@/testing/items";
import { show } from "@/testing/render";
import { serve } from "@/testing/server";
import { LibraryPage } from "./page";

// The test page lays nothing out; a window of this size stands for the screen.
const WINDOW = { clientHeight: 900, clientWidth: 1200 };

beforeAll(() => {
  for (const [name, value] of Object.entries(WINDOW))
    Object.defineProperty(HTMLElement.prototype, name, { configurable: true, value });
});

afterAll(() => {
  for (const name of Object.keys(WINDOW)) Reflect.deleteProperty(HTMLElement.prototype, name);
});
Object.defineProperty(HTMLElement.prototype, "offsetWidth", { configurable: true, value: 1200 });

function library(items: Item[], more: Parameters<typeof serve>[0] = () => undefined) {
  return serve((request) => {
    const found = more(request);
    if (found) return found;
    const { path, method, query } = request;
    if (path === "/api/library/items" && method === "GET") {
      const q = query.get("q");
      const fit = items.filter((item) => !q || item.prompt?.includes(q));
      return { body: { data: fit, next: null, previous: null, facets: null } };
    }
    if (path === "/api/library/facets") return { body: facetsOf({ total: items.length }) };
    if (path === "/api/library/folders") return { body: { data: [] } };
    if (path === "/api/library/tags") return { body: { data: [] } };
    const one = items.find((item) => path === `/api/library/items/${item.id}`);
    if (one) return { body: detailOf(one) };
    return undefined;
  });
}

const THREE = [
  itemOf({ id: "video_3", prompt: "Third" }),
  itemOf({ id: "video_2", prompt: "Second" }),
  itemOf({ id: "video_1", prompt: "First" }),
];

test("an empty library says what it is for and where to begin", async () => {
  library([]);
  show(LibraryPage, "/library");

  expect(await screen.findByText("Nothing here yet")).toBeTruthy();
  expect(screen.getByRole("link", { name: "Make the first clip" })).toBeTruthy();
});

test("a list that cannot be had says why and offers to try again", async () => {
  library([], ({ path }) =>
    path === "/api/library/items" ? { status: 503, body: { error: { code: "overloaded", message: "Away." } } } : undefined,
  );
  show(LibraryPage, "/library");

  expect(await screen.findByText("Away.")).toBeTruthy();
});

test("a prompt is text, whatever it holds", async () => {
  library([itemOf({ prompt: "<img src=x onerror=alert(1)>" })]);
  show(LibraryPage, "/library");

  expect(await screen.findByRole("article", { name: "<img src=x onerror=alert(1)>" })).toBeTruthy();
  expect(document.querySelector("img[src=x]")).toBeNull();
});

test("a search stands in the address and asks the server", async () => {
  const { asked } = library(THREE);
  const { router } = show(LibraryPage, "/library");

  await userEvent.type(await screen.findByLabelText("Search the library"), "Second");

  await waitFor(() => expect(asked.some((one) => one.includes("q=Second"))).toBe(true), { timeout: 60_000 });
  await waitFor(() => expect(screen.queryByRole("article", { name: "Third" })).toBeNull());
  expect(router.state.location.search).toMatchObject({ q: "Second" });
});

test("filters of an address are read, shown and can be taken out", async () => {
  const { asked } = library(THREE);
  show(LibraryPage, "/library?status=completed,failed&rating=4&nonsense=1");

  await screen.findByRole("article", { name: "Third" });
  expect(asked.some((one) => one.includes("rating=4") && !one.includes("nonsense"))).toBe(true);
  fireEvent.click(screen.getByText("Status: Failed"));
  await waitFor(() => expect(screen.queryByText("Status: Failed")).toBeNull());
});

test("shift selects a range, and one act goes to all of it", async () => {
  let sent: unknown;
  library(THREE, ({ path, body }) => {
    if (path !== "/api/library/bulk") return undefined;
    sent = body;
    return { body: { changed: ["video_3", "video_2", "video_1"], skipped: [] } };
  });
  show(LibraryPage, "/library");

  fireEvent.click(await screen.findByRole("button", { name: "Select Third" }));
  fireEvent.click(screen.getByRole("button", { name: "Select First" }), { shiftKey: true });
  expect(screen.getByText("3 selected")).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "Favourite" }));

  await waitFor(() => expect(sent).toEqual({ action: "favourite", ids: ["video_3", "video_2", "video_1"] }));
});

test("J and K walk through the list, Del moves to trash, Esc lets go", async () => {
  const sent: unknown[] = [];
  library(THREE, ({ path, body }) => {
    if (path !== "/api/library/bulk") return undefined;
    sent.push(body);
    return { body: { changed: ["video_2"], skipped: [] } };
  });
  const { router } = show(LibraryPage, "/library");
  await screen.findByRole("article", { name: "Third" });
  const key = (name: string) => fireEvent.keyDown(document.documentElement, { key: name, code: name });
  const item = () => (router.state.location.search as { item?: string }).item;

  key("j");
  await waitFor(() => expect(item()).toBe("video_3"));
  key("j");
  await waitFor(() => expect(item()).toBe("video_2"));
  key("Delete");
  await waitFor(() => expect(sent).toEqual([{ action: "trash", ids: ["video_2"] }]));
  await waitFor(() => expect(item()).toBe("video_1"));
  key("Escape");
  await waitFor(() => expect(item()).toBeUndefined());
});

test("deleting everything wants the project's name typed", async () => {
  let confirmed: unknown;
  library(THREE, ({ path, body }) => {
    if (path !== "/api/library/trash/all") return undefined;
    confirmed = body;
    return { body: { items: 3 } };
  });
  show(LibraryPage, "/library");
  await screen.findByRole("article", { name: "Third" });

  fireEvent.click(screen.getByRole("button", { name: "More" }));
  fireEvent.click(await screen.findByText("Delete everything…"));
  const act = await screen.findByRole<HTMLButtonElement>("button", { name: "Move everything to trash" });
  expect(act.disabled).toBe(true);
  await userEvent.type(screen.getByLabelText("Type “Home” to confirm"), "Home");
  fireEvent.click(act);

  await waitFor(() => expect(confirmed).toEqual({ confirm: "Home" }));
});
