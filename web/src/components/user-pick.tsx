import { Select } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { usersSought } from "@/api/people";

/** Somebody chosen by a part of their name, however many there are. */
export function UserPick({
  label,
  value,
  without = [],
  onChange,
}: {
  label: string;
  value: string | null;
  without?: readonly string[];
  onChange: (id: string | null) => void;
}) {
  const { t } = useTranslation("users");
  const [typed, setTyped] = useState("");
  const [sought] = useDebouncedValue(typed, 250);
  const found = useInfiniteQuery(usersSought({ search: sought.trim() || undefined, state: "active" }));
  const users = found.data?.pages[0]?.data ?? [];
  const data = users
    .filter((user) => !without.includes(user.id))
    .map((user) => ({ value: user.id, label: user.name === user.username ? user.name : `${user.name} (${user.username})` }));
  return (
    <Select
      label={label}
      placeholder={t("search")}
      searchable
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
