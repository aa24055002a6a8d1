import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, createRootRoute, createRoute, createRouter, Outlet, RouterProvider } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import type { Me } from "@/api/session";
import { SessionProvider } from "@/lib/session";
import { theme } from "@/styles/theme";

export const ADA: Me = {
  user: {
    id: "user_1",
    userId: "user_1",
    username: "ada",
    name: "Ada",
    email: null,
    role: "admin",
    disabled: false,
    hasPassword: true,
    createdAt: null,
    lastLoginAt: null,
  },
  role: "admin",
  permissions: ["videos:read", "videos:write", "admin"],
  projectId: "proj_1",
  projects: [{ id: "proj_1", name: "Home", teamId: null, role: null }],
  teams: [],
  providers: [],
  session: null,
  csrfToken: null,
  registration: "invite",
  firstRun: false,
};

/** Shows one page as the studio would, at an address, to somebody who is signed in. */
export function show(Page: () => ReactNode, at = "/", who: Me = ADA, path = "$") {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const root = createRootRoute({ component: Outlet, notFoundComponent: () => null });
  const here = createRoute({ getParentRoute: () => root, path, component: Page });
  const first = createRoute({ getParentRoute: () => root, path: "/", component: Page });
  const router = createRouter({
    routeTree: root.addChildren([first, here]),
    history: createMemoryHistory({ initialEntries: [at] }),
  });
  const view = render(
    <QueryClientProvider client={client}>
      <MantineProvider theme={theme} env="test">
        <SessionProvider who={who}>
          <RouterProvider router={router as never} />
        </SessionProvider>
      </MantineProvider>
    </QueryClientProvider>,
  );
  return { ...view, client, router };
}

/** Shows a page whose address names something, such as `/videos/$id`. */
export function showAt(Page: () => ReactNode, path: string, at: string, who: Me = ADA) {
  return show(Page, at, who, path);
}
