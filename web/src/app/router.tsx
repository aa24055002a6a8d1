import type { QueryClient } from "@tanstack/react-query";
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { Broken } from "@/components/broken";
import { readArrival } from "@/features/create/arrival";
import { readSearch } from "@/features/library/filters";
import { withWords } from "@/lib/i18n";
import { NotFound } from "./not-found";
import { Shell } from "./shell";

type Carried = { client: QueryClient };
type Search = Record<string, unknown>;
type AuditSearch = { actor?: string; action?: string; subject?: string; outcome?: string; from?: string; to?: string };
type UsersSearch = { q?: string; role?: string; state?: string; user?: string };

function text(value: unknown): string | undefined {
  return typeof value === "string" && value ? value : undefined;
}

/** Reads the texts of these names and nothing else. */
function only<Name extends string>(...names: Name[]) {
  return (search: Search) => Object.fromEntries(names.map((name) => [name, text(search[name])])) as { [name in Name]?: string };
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
  component: lazyRouteComponent(() => withWords(import("@/features/queue/page")), "QueuePage"),
});

const account = createRoute({
  getParentRoute: () => inside,
  path: "/account",
  component: lazyRouteComponent(() => withWords(import("@/features/account/page")), "AccountPage"),
});

/** Where channels were before the administration had pages of its own. */
const formerChannels = createRoute({
  getParentRoute: () => inside,
  path: "/channels",
  beforeLoad: () => {
    throw redirect({ to: "/admin/channels", replace: true });
  },
});

/** The pages of those who look after the installation; `administration/nav.ts` names them. */
const admin = createRoute({
  getParentRoute: () => inside,
  path: "/admin",
  component: lazyRouteComponent(() => withWords(import("./administration/frame")), "AdminFrame"),
});

const adminHome = createRoute({
  getParentRoute: () => admin,
  path: "/",
  component: lazyRouteComponent(() => import("./administration/home"), "AdminHome"),
});

const channels = createRoute({
  getParentRoute: () => admin,
  path: "/channels",
  component: lazyRouteComponent(() => withWords(import("@/features/channels/page")), "ChannelsPage"),
});

const models = createRoute({
  getParentRoute: () => admin,
  path: "/models",
  validateSearch: only("q"),
  component: lazyRouteComponent(() => withWords(import("@/features/models/page")), "ModelsPage"),
});

const desk = createRoute({
  getParentRoute: () => admin,
  path: "/queue",
  validateSearch: only("status", "channel", "user", "model"),
  component: lazyRouteComponent(() => withWords(import("@/features/desk/page")), "DeskPage"),
});

const statistics = createRoute({
  getParentRoute: () => admin,
  path: "/statistics",
  validateSearch: only("range", "from", "to"),
  component: lazyRouteComponent(() => withWords(import("@/features/statistics/page")), "StatisticsPage"),
});

const consolePage = createRoute({
  getParentRoute: () => admin,
  path: "/console",
  validateSearch: only("op", "pane"),
  component: lazyRouteComponent(() => withWords(import("@/features/console/page")), "ConsolePage"),
});

const users = createRoute({
  getParentRoute: () => admin,
  path: "/users",
  validateSearch: (search: Search): UsersSearch => ({
    q: text(search.q),
    role: text(search.role),
    state: text(search.state),
    user: text(search.user),
  }),
  component: lazyRouteComponent(() => withWords(import("@/features/users/page")), "UsersPage"),
});

const teams = createRoute({
  getParentRoute: () => admin,
  path: "/teams",
  validateSearch: (search: Search): { team?: string } => ({ team: text(search.team) }),
  component: lazyRouteComponent(() => withWords(import("@/features/teams/page")), "TeamsPage"),
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

const settings = createRoute({
  getParentRoute: () => admin,
  path: "/settings",
  validateSearch: (search: Search): { q?: string; show?: string } => ({ q: text(search.q), show: text(search.show) }),
  component: lazyRouteComponent(() => withWords(import("@/features/settings/page")), "SettingsPage"),
});

const audit = createRoute({
  getParentRoute: () => admin,
  path: "/audit",
  validateSearch: (search: Search): AuditSearch => ({
    actor: text(search.actor),
    action: text(search.action),
    subject: text(search.subject),
    outcome: text(search.outcome),
    from: text(search.from),
    to: text(search.to),
  }),
  component: lazyRouteComponent(() => withWords(import("@/features/audit/page")), "AuditPage"),
});

const health = createRoute({
  getParentRoute: () => admin,
  path: "/health",
  component: lazyRouteComponent(() => withWords(import("@/features/health/page")), "HealthPage"),
});

const backups = createRoute({
  getParentRoute: () => admin,
  path: "/backups",
  component: lazyRouteComponent(() => withWords(import("@/features/backups/page")), "BackupsPage"),
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
  component: lazyRouteComponent(() => withWords(import("@/features/entry/login")), "LoginPage"),
});

const setup = createRoute({
  getParentRoute: () => root,
  path: "/setup",
  component: lazyRouteComponent(() => withWords(import("@/features/entry/setup")), "SetupPage"),
});

const invite = createRoute({
  getParentRoute: () => root,
  path: "/invite",
  component: lazyRouteComponent(() => withWords(import("@/features/entry/invite")), "InvitePage"),
});

const reset = createRoute({
  getParentRoute: () => root,
  path: "/reset",
  component: lazyRouteComponent(() => withWords(import("@/features/entry/reset")), "ResetPage"),
});

const tree = root.addChildren([
  share,
  shortShare,
  login,
  setup,
  invite,
  reset,
  inside.addChildren([
    create,
    library,
    video,
    characters,
    queue,
    account,
    formerChannels,
    admin.addChildren([
      adminHome,
      channels,
      models,
      desk,
      statistics,
      consolePage,
      users,
      teams,
      health,
      settings,
      audit,
      backups,
    ]),
  ]),
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
