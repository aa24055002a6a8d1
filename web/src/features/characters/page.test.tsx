import { fireEvent, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { itemOf } from "@/testing/items";
import { show } from "@/testing/render";
import { serve } from "@/testing/server";
import { moved } from "./filmstrip";
import { CharactersPage } from "./page";

const ADA = itemOf({ id: "char_1", kind: "character", name: "Ada", prompt: null, media: { picture: "/portrait" } });

function studio(more: Parameters<typeof serve>[0] = () => undefined, found = [ADA]) {
  return serve((request) => {
    const answered = more(request);
    if (answered) return answered;
    if (request.path !== "/api/library/items") return undefined;
    const q = request.query.get("q");
    const data = request.query.get("kind") === "character" ? found.filter((one) => !q || one.name?.includes(q)) : [itemOf()];
    return { body: { data, next: null, previous: null, facets: null } };
  });
}

// Row 000-45: avatar, username, id, platform label, created time, link to profile, delete button.
test("a card shows portrait, name, id, label, time, profile and delete", async () => {
  studio();
  show(CharactersPage, "/characters");

  const card = await screen.findByRole("article", { name: "Ada" });
  expect(card.querySelector("img")?.getAttribute("src")).toBe("/portrait");
  expect(card.textContent).toContain("@Ada");
  expect(card.textContent).toContain("char_1".slice(-6));
  expect(card.textContent).toContain("Kept here");
  expect(card.textContent).toContain("2023");
  expect(screen.getByRole("button", { name: "Profile of Ada" })).toBeTruthy();
  expect(screen.getByRole("button", { name: "Delete Ada" })).toBeTruthy();
});

// Row 000-46: the search waits 500 ms for the next letter.
test("the search asks once for what was typed, not for every letter", async () => {
  const { asked } = studio();
  show(CharactersPage, "/characters");
  await screen.findByRole("article", { name: "Ada" });

  const field = screen.getByLabelText("Search characters");
  for (const value of ["N", "No", "Nob", "Nobo", "Nobod", "Nobody"]) fireEvent.change(field, { target: { value } });

  expect(await screen.findByText("No character of this name", undefined, { timeout: 60_000 })).toBeTruthy();
  expect(asked.filter((one) => one.includes("q=")).map((one) => /q=(\w+)/.exec(one)?.[1])).toEqual(["Nobody"]);
});

test("nobody yet: the page says what it is for and offers the next step", async () => {
  studio(undefined, []);
  show(CharactersPage, "/characters");

  expect(await screen.findByText("No characters yet")).toBeTruthy();
});

test("deleting asks for the name", async () => {
  let sent: unknown;
  studio(({ path, body }) => {
    if (path !== "/api/library/bulk") return undefined;
    sent = body;
    return { body: { changed: ["char_1"], skipped: [] } };
  });
  show(CharactersPage, "/characters");

  fireEvent.click(await screen.findByRole("button", { name: "Delete Ada" }));
  const act = await screen.findByRole<HTMLButtonElement>("button", { name: "Delete" });
  expect(act.disabled).toBe(true);
  await userEvent.type(screen.getByLabelText("Type “Ada” to confirm"), "Ada");
  fireEvent.click(act);

  await waitFor(() => expect(sent).toEqual({ action: "trash", ids: ["char_1"] }));
});

test("a character is made from one to three seconds of a finished clip", async () => {
  let sent: unknown;
  studio(({ path, body }) => {
    if (path !== "/sora/v1/characters") return undefined;
    sent = body;
    return { body: { id: "char_2", username: "Grace" } };
  });
  show(CharactersPage, "/characters");
  await screen.findByRole("article", { name: "Ada" });

  fireEvent.click(screen.getByRole("button", { name: "New character" }));
  fireEvent.click(await screen.findByRole("button", { name: "A lighthouse at dusk" }));
  fireEvent.keyDown(await screen.findByRole("slider", { name: "Begin of the part" }), { key: "ArrowRight" });
  await userEvent.type(screen.getByLabelText(/^Name/), "Grace");
  fireEvent.click(screen.getByRole("button", { name: "Make the character" }));

  await waitFor(() => expect(sent).toEqual({ from_task: "video_1", timestamps: "0.10,3.00", name: "Grace" }));
});

test("a part stays between one and three seconds and inside the clip", () => {
  expect(moved({ from: 0, to: 3 }, "both", 9, 8)).toEqual({ from: 5, to: 8 });
  expect(moved({ from: 2, to: 4 }, "to", 9, 8)).toEqual({ from: 2, to: 5 });
  expect(moved({ from: 2, to: 4 }, "from", 9, 8)).toEqual({ from: 3, to: 4 });
  expect(moved({ from: 2, to: 4 }, "from", -9, 8)).toEqual({ from: 1, to: 4 });
  expect(moved({ from: 0, to: 2 }, "to", 5, 2.5)).toEqual({ from: 0, to: 2.5 });
});

test("a card leads to a prompt that names the character", async () => {
  studio();
  const { router } = show(CharactersPage, "/characters");

  fireEvent.click(await screen.findByRole("button", { name: "Use @Ada in a prompt" }));

  await waitFor(() => expect(router.state.location.search).toMatchObject({ who: "char_1" }));
});
