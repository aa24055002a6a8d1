import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Failure } from "@/lib/failure";
import { colorScheme } from "@/lib/scheme";
import { theme } from "@/styles/theme";

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
        <Notifications position="bottom-right" limit={4} />
        {children}
      </MantineProvider>
    </QueryClientProvider>
  );
}
