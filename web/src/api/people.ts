import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";
import { answer, api } from "./client";
import type { Answer, Body } from "./types";

export type User = Answer<"/api/admin/users", "get">["data"][number];
export type Whole = Answer<"/api/admin/users/{user_id}", "get">["data"];
export type UserChange = Body<"/api/admin/users/{user_id}", "patch">;
export type NewUser = Body<"/api/admin/users", "post">;
export type Invite = Answer<"/api/admin/invites", "get">["data"][number];
export type NewInvite = Body<"/api/admin/invites", "post">;
export type UserKey = Answer<"/api/admin/keys", "get">["data"][number];
export type NewUserKey = Body<"/api/admin/keys", "post">;
export type Team = Answer<"/api/admin/teams", "get">["data"][number];
export type Sought = { search?: string; role?: string; state?: string };

export const peopleKeys = {
  users: ["users"] as const,
  invites: ["invites"] as const,
  teams: ["teams"] as const,
};

const PAGE = 50;

/** Users page by page, as they are sought. */
export const usersSought = (sought: Sought) =>
  infiniteQueryOptions({
    queryKey: [...peopleKeys.users, "list", sought],
    initialPageParam: "",
    queryFn: async ({ pageParam, signal }) => {
      const query = { limit: String(PAGE), after: pageParam || undefined, ...sought };
      return answer(api.GET("/api/admin/users", { params: { query }, signal }));
    },
    getNextPageParam: (last) => (last.hasMore ? (last.lastId ?? undefined) : undefined),
  });

/** The administrators who may come in: whoever is alone among them stays one. */
export const livingAdmins = queryOptions({
  queryKey: [...peopleKeys.users, "admins"],
  queryFn: async ({ signal }) => {
    const query = { limit: "2", role: "admin", state: "active" };
    return (await answer(api.GET("/api/admin/users", { params: { query }, signal }))).data;
  },
});

const of = (id: string) => ({ params: { path: { user_id: id } } });

export const oneUser = (id: string) =>
  queryOptions({
    queryKey: [...peopleKeys.users, "one", id],
    queryFn: async ({ signal }) => (await answer(api.GET("/api/admin/users/{user_id}", { ...of(id), signal }))).data,
  });

export const sessionsOf = (id: string) =>
  queryOptions({
    queryKey: [...peopleKeys.users, "sessions", id],
    queryFn: async ({ signal }) => {
      const query = { user_id: id, limit: "100" };
      return (await answer(api.GET("/api/admin/sessions", { params: { query }, signal }))).data;
    },
  });

export const keysOf = (id: string) =>
  queryOptions({
    queryKey: [...peopleKeys.users, "keys", id],
    queryFn: async ({ signal }) => {
      const query = { user_id: id, limit: "100" };
      return (await answer(api.GET("/api/admin/keys", { params: { query }, signal }))).data;
    },
  });

export async function makeUser(body: NewUser) {
  return (await answer(api.POST("/api/admin/users", { body }))).data;
}

export async function changeUser(id: string, body: UserChange): Promise<void> {
  await answer(api.PATCH("/api/admin/users/{user_id}", { ...of(id), body }));
}

/** Makes the link by which a user chooses another password; the answer is the only time it is shown. */
export async function resetLink(id: string) {
  return (await answer(api.POST("/api/admin/users/{user_id}/reset", of(id)))).data;
}

export async function signOutEverywhere(id: string): Promise<void> {
  await answer(api.POST("/api/admin/users/{user_id}/logout", of(id)));
}

export async function endSessionOf(id: string): Promise<void> {
  await answer(api.DELETE("/api/admin/sessions/{session_id}", { params: { path: { session_id: id } } }));
}

export async function makeUserKey(body: NewUserKey) {
  return (await answer(api.POST("/api/admin/keys", { body }))).data;
}

export async function closeUserKey(id: string): Promise<void> {
  await answer(api.DELETE("/api/admin/keys/{key_id}", { params: { path: { key_id: id } } }));
}

export const allInvites = queryOptions({
  queryKey: peopleKeys.invites,
  queryFn: async ({ signal }) =>
    (await answer(api.GET("/api/admin/invites", { params: { query: { limit: "100" } }, signal }))).data,
});

export async function makeInvite(body: NewInvite) {
  return (await answer(api.POST("/api/admin/invites", { body }))).data;
}

export async function voidInvite(id: string): Promise<void> {
  await answer(api.DELETE("/api/admin/invites/{invite_id}", { params: { path: { invite_id: id } } }));
}

export const allTeams = queryOptions({
  queryKey: peopleKeys.teams,
  queryFn: async ({ signal }) =>
    (await answer(api.GET("/api/admin/teams", { params: { query: { limit: "100" } }, signal }))).data,
});

export async function makeTeam(name: string): Promise<Team> {
  return (await answer(api.POST("/api/admin/teams", { body: { name } }))).data;
}

const team = (id: string) => ({ path: { team_id: id } });

export async function removeTeam(id: string): Promise<void> {
  await answer(api.DELETE("/api/admin/teams/{team_id}", { params: team(id) }));
}

export async function putMember(id: string, userId: string, role: "member" | "viewer"): Promise<void> {
  const params = { path: { team_id: id, user_id: userId } };
  await answer(api.PUT("/api/admin/teams/{team_id}/members/{user_id}", { params, body: { role } }));
}

export async function removeMember(id: string, userId: string): Promise<void> {
  const params = { path: { team_id: id, user_id: userId } };
  await answer(api.DELETE("/api/admin/teams/{team_id}/members/{user_id}", { params }));
}

export async function openProject(id: string, projectId: string): Promise<void> {
  const params = { path: { team_id: id, project_id: projectId } };
  await answer(api.PUT("/api/admin/teams/{team_id}/projects/{project_id}", { params }));
}

export async function closeProject(id: string, projectId: string): Promise<void> {
  const params = { path: { team_id: id, project_id: projectId } };
  await answer(api.DELETE("/api/admin/teams/{team_id}/projects/{project_id}", { params }));
}
