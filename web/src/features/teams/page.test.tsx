import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { expect, test } from "vitest";
import { show } from "@/testing/render";
import { serve } from "@/testing/server";
import { TeamsPage } from "./page";

const NONE = { success: true, data: [], hasMore: false, lastId: null };
const TEAM = {
  id: "team_1",
  name: "Kites",
  members: [{ userId: "user_2", name: "Bob", role: "member" }],
  projects: [{ id: "proj_9", name: "Sky" }],
  createdAt: null,
};

function studio(teams: unknown[], done: string[] = []) {
  return serve(({ method, path, body }) => {
    if (method !== "GET") {
      done.push(`${method} ${path} ${JSON.stringify(body)}`);
      return { status: method === "POST" ? 201 : 200, body: { success: true, data: TEAM } };
    }
    return { body: { ...NONE, data: path === "/api/admin/teams" ? teams : [] } };
  });
}

test("an installation without teams is told what one is for, and makes the first", async () => {
  const done: string[] = [];
  studio([], done);
  show(TeamsPage);
  expect(await screen.findByText(/A team shares projects/)).toBeTruthy();

  await userEvent.click(screen.getByRole("button", { name: "New team" }));
  await userEvent.type(await screen.findByRole("textbox", { name: /Name/ }), "Kites");
  await userEvent.click(screen.getByRole("button", { name: "Make the team" }));

  await waitFor(() => expect(done).toEqual(['POST /api/admin/teams {"name":"Kites"}']));
});

test("taking somebody out names what closes to them, and only then does it", async () => {
  const done: string[] = [];
  studio([TEAM], done);
  show(TeamsPage, "/?team=team_1");
  const panel = within(await screen.findByRole("dialog", { name: "Kites" }));
  await userEvent.click(panel.getByRole("button", { name: "Take out" }));

  const sure = within(await screen.findByRole("dialog", { name: "Take Bob out of Kites?" }));
  expect(sure.getByText(/close to them and to their keys at once/)).toBeTruthy();
  expect(done).toEqual([]);
  await userEvent.click(sure.getByRole("button", { name: "Take out" }));

  await waitFor(() =>
    expect(done.map((line) => line.split(" ", 2).join(" "))).toEqual(["DELETE /api/admin/teams/team_1/members/user_2"]),
  );
});

test("a team shows its people and what it shares", async () => {
  studio([TEAM]);
  show(TeamsPage);

  const card = await screen.findByRole("button", { name: /Kites/ });
  expect(card.textContent).toContain("Bob");
  expect(card.textContent).toContain("Shares Sky");
});
