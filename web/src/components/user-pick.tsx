import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { oneUser, usersSought } from "@/api/people";

type Named = { id: string; name: string; username: string };

/** Somebody chosen by a part of their name, however many there are. */
export function UserPick({
  label,
  value,
  without = [],
  clearable = false,
  onChange,
}: {
  label: string;
  value: string | null;
  without?: readonly string[];
  clearable?: boolean;
  onChange: (id: string | null) => void;
}) {
  const { t } = useTranslation("users");
  const [typed, setTyped] = useState("");
  const [sought] = useDebouncedValue(typed, 250);
  const found = useInfiniteQuery(usersSought({ search: sought.trim() || undefined, state: "active" }));
  // Somebody chosen before, by an address, may not be among those shown.
  const chosen = useQuery({ ...oneUser(value ?? ""), enabled: value !== null });
  const users: Named[] = [...(found.data?.pages[0]?.data ?? [])];
  if (chosen.data && !users.some((user) => user.id === value)) users.unshift(chosen.data.user);
  const data = users
    .filter((user) => !without.includes(user.id))
    .map((user) => ({ value: user.id, label: user.name === user.username ? user.name : `${user.name} (${user.username})` }));
  return (
    <Select
      label={label}
      placeholder={t("search")}
      searchable
      clearable={clearable}
      value={value}
      onChange={(id) => onChange(id)}
      onSearchChange={setTyped}
      // The server has searched already, and in more than what is shown.
      filter={({ options }) => options}
      nothingFoundMessage={t("nobody")}
      data={data}
    />
  );
}
