import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { asFailure } from "@/lib/failure";

/** Does one thing, says how it went, and has what it changed fetched again; `quiet` where the page itself shows what went wrong. */
export function useDo<W = void, R = void>(
  work: (wish: W) => Promise<R>,
  changes: readonly unknown[],
  said?: string,
  quiet = false,
) {
  const client = useQueryClient();
  return useMutation<R, unknown, W>({
    mutationFn: work,
    onSuccess: () => {
      if (said) notifications.show({ message: said });
    },
    onError: (thrown) => {
      if (!quiet) notifications.show({ color: "red", message: asFailure(thrown).message });
    },
    onSettled: () => client.invalidateQueries({ queryKey: [...changes] }),
  });
}
