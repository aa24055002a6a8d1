import { MantineProvider } from "@mantine/core";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { lazy, type ReactNode, Suspense } from "react";
import { Failure } from "@/lib/failure";
import { colorScheme } from "@/lib/scheme";
import { theme } from "@/styles/theme";

const Notes = lazy(() => import("./notes"));

/** A refusal stays one however often it is asked for; a broken line may heal. */
function again(count: number, thrown: unknown): boolean {
  const refused = thrown instanceof Failure && thrown.status >= 400 && thrown.status < 500;
  return !refused && count < 2;
}

export function makeClient(): QueryClient {
  return new QueryClient({
    defaultOptions: { queries: { retry: again, staleTime: 5_000, refetchOnWindowFocus: true } },
  });
}

export function Providers({ client, children }: { client: QueryClient; children: ReactNode }) {
  return (
    <QueryClientProvider client={client}>
      <MantineProvider theme={theme} defaultColorScheme="auto" colorSchemeManager={colorScheme}>
        <Suspense>
          <Notes />
        </Suspense>
        {children}
      </MantineProvider>
    </QueryClientProvider>
  );
}
