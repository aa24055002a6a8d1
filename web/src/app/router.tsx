import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent, Outlet } from "@tanstack/react-router";
import { Broken } from "@/components/broken";
import { readArrival } from "@/features/create/arrival";
import { readSearch } from "@/features/library/filters";
import { withWords } from "@/lib/i18n";
import { NotFound } from "./not-found";
import { Shell } from "./shell";

type Carried = { client: QueryClient };
type Search = Record<string, unknown>;

function text(value: unknown): string | undefined {
  return typeof value === "string" && value ? value : undefined;
}

const root = createRootRouteWithContext<Carried>()({ component: Outlet, notFoundComponent: NotFound });

/** Everything for people who are signed in. */
const inside = createRoute({ getParentRoute: () => root, id: "inside", component: Shell });

const create = createRoute({
  getParentRoute: () => inside,
  path: "/",
  validateSearch: readArrival,
  component: lazyRouteComponent(() => import("@/features/create/page"), "CreatePage"),
});

const library = createRoute({
  getParentRoute: () => inside,
  path: "/library",
  validateSearch: readSearch,
  component: lazyRouteComponent(() => withWords(import("@/features/library/page")), "LibraryPage"),
});

const queue = createRoute({
  getParentRoute: () => inside,
  path: "/queue",
  component: lazyRouteComponent(() => import("@/features/queue/page"), "QueuePage"),
});

const account = createRoute({
  getParentRoute: () => inside,
  path: "/account",
  component: lazyRouteComponent(() => withWords(import("@/features/account/page")), "AccountPage"),
});

const channels = createRoute({
  getParentRoute: () => inside,
  path: "/channels",
  component: lazyRouteComponent(() => withWords(import("@/features/channels/page")), "ChannelsPage"),
});

const video = createRoute({
  getParentRoute: () => inside,
  path: "/videos/$id",
  component: lazyRouteComponent(() => withWords(import("@/features/video/page")), "VideoPage"),
});

const characters = createRoute({
  getParentRoute: () => inside,
  path: "/characters",
  validateSearch: (search: Search): { q?: string; clip?: string; who?: string } => ({
    q: text(search.q),
    clip: text(search.clip),
    who: text(search.who),
  }),
  component: lazyRouteComponent(() => withWords(import("@/features/characters/page")), "CharactersPage"),
});

/** For people without an account, who were given a link. */
const share = createRoute({
  getParentRoute: () => root,
  path: "/share/$token",
  component: lazyRouteComponent(() => withWords(import("@/features/share/page")), "SharePage"),
});

const shortShare = createRoute({
  getParentRoute: () => root,
  path: "/s/$token",
  component: lazyRouteComponent(() => withWords(import("@/features/share/page")), "SharePage"),
});

const login = createRoute({
  getParentRoute: () => root,
  path: "/login",
  validateSearch: (search: Search): { next?: string } => ({ next: text(search.next) }),
  component: lazyRouteComponent(() => import("@/features/entry/login"), "LoginPage"),
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  component: lazyRouteComponent(() => import("@/features/entry/setup"), "SetupPage"),
});

const invite = createRoute({
  getParentRoute: () => root,
  path: "/invite",
  component: lazyRouteComponent(() => import("@/features/entry/invite"), "InvitePage"),
});

const reset = createRoute({
  getParentRoute: () => root,
  path: "/reset",
  component: lazyRouteComponent(() => import("@/features/entry/reset"), "ResetPage"),
});

const tree = root.addChildren([
  share,
  shortShare,
  login,
  setup,
  invite,
  reset,
  inside.addChildren([create, library, video, characters, queue, account, channels]),
]);

export function makeRouter(client: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { client },
    defaultPreload: "intent",
    defaultErrorComponent: ({ error, reset: again }) => <Broken thrown={error} again={again} />,
    defaultNotFoundComponent: NotFound,
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
