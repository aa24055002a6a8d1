import type { ComponentType } from "react";
import { IconLayoutGrid, IconListCheck, IconSettings, IconUsers, IconWand } from "@/components/icons";

/** One entry of the rail. What a person may not use is not shown to them. */
export type Entry = {
  to: string;
  key: string;
  word: "create" | "library" | "queue" | "characters" | "admin";
  icon: ComponentType<{ size?: number; stroke?: number }>;
  scope?: string;
  admin?: boolean;
};

export const ENTRIES: readonly Entry[] = [
  { to: "/", key: "c", word: "create", icon: IconWand },
  { to: "/library", key: "l", word: "library", icon: IconLayoutGrid },
  { to: "/queue", key: "q", word: "queue", icon: IconListCheck },
  { to: "/characters", key: "p", word: "characters", icon: IconUsers },
  { to: "/admin", key: "a", word: "admin", icon: IconSettings, scope: "operate", admin: true },
];
