import { queryOptions } from "@tanstack/react-query";
import { answer, api, sendProject } from "./client";
import type { Answer } from "./types";

export type Me = Answer<"/api/auth/me", "get">["data"];
export type Role = Me["role"];
export type Place = Me["projects"][number];
export type State = Answer<"/api/auth/state", "get">["data"];
export type Opening = Answer<"/api/auth/link", "post">["data"];

export const sessionKeys = { me: ["session", "me"] as const, state: ["session", "state"] as const };
const PROJECT = "reelgate-project";

function storedProject(): string | null {
  try {
    return localStorage.getItem(PROJECT);
  } catch {
    return null;
  }
}

/** Who is signed in, in the project they last worked in. */
export const me = queryOptions({
  queryKey: sessionKeys.me,
  staleTime: 60_000,
  retry: false,
  queryFn: async (): Promise<Me> => {
    sendProject(storedProject());
    try {
      return (await answer(api.GET("/api/auth/me"))).data;
    } catch (refused) {
      // A project that is gone must not lock anybody out.
      if (storedProject() === null || (refused as { status?: number }).status !== 404) throw refused;
      chooseProject(null);
      return (await answer(api.GET("/api/auth/me"))).data;
    }
  },
});

/** Works in another project from now on. */
export function chooseProject(id: string | null): void {
  sendProject(id);
  try {
    if (id === null) localStorage.removeItem(PROJECT);
    else localStorage.setItem(PROJECT, id);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

export const entryState = queryOptions({
  queryKey: sessionKeys.state,
  retry: false,
  queryFn: async (): Promise<State> => (await answer(api.GET("/api/auth/state"))).data,
});

export type Credentials = { username: string; password: string };

export async function signIn(who: Credentials): Promise<void> {
  await answer(api.POST("/api/auth/login", { body: { ...who, session: "browser" } }));
}

export async function setUp(who: Credentials & { token: string; name?: string }): Promise<void> {
  await answer(api.POST("/api/auth/setup", { body: { ...who, session: "browser" } }));
}

export async function register(who: Credentials & { invite?: string; name?: string }): Promise<void> {
  await answer(api.POST("/api/auth/register", { body: { ...who, session: "browser" } }));
}

export async function resetPassword(token: string, password: string): Promise<void> {
  await answer(api.POST("/api/auth/reset-password", { body: { token, password } }));
}

/** Asks for a link to choose another password; the answer is the same for everybody. */
export async function forgotPassword(username: string): Promise<void> {
  await answer(api.POST("/api/auth/forgot-password", { body: { username } }));
}

export async function lookAtLink(token: string): Promise<Opening> {
  return (await answer(api.POST("/api/auth/link", { body: { token } }))).data;
}

export async function signOut(): Promise<void> {
  await answer(api.POST("/api/auth/logout"));
}
