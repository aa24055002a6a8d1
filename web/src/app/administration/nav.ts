import type { ComponentType } from "react";
import {
  IconActivityHeartbeat,
  IconAdjustments,
  IconArchive,
  IconChartBar,
  IconCode,
  IconListCheck,
  IconPlug,
  IconShieldCheck,
  IconStack2,
  IconUser,
  IconUsersGroup,
} from "@/components/icons";
import type { Words } from "@/lib/i18n";

export type Group = keyof Words["admin"]["groups"];

/** One page of those who look after the installation. What a person may not use is not shown to them. */
export type AdminPage = {
  to: string;
  group: Group;
  word: keyof Words["admin"]["pages"];
  icon: ComponentType<{ size?: number; stroke?: number }>;
  scope: "operate" | "admin";
};

/** In the order they are shown; each stands under its group. */
export const PAGES: readonly AdminPage[] = [
  { to: "/admin/channels", group: "making", word: "channels", icon: IconPlug, scope: "operate" },
  { to: "/admin/models", group: "making", word: "models", icon: IconStack2, scope: "operate" },
  { to: "/admin/queue", group: "making", word: "queue", icon: IconListCheck, scope: "operate" },
  { to: "/admin/statistics", group: "making", word: "statistics", icon: IconChartBar, scope: "operate" },
  { to: "/admin/console", group: "making", word: "console", icon: IconCode, scope: "operate" },
  { to: "/admin/users", group: "people", word: "users", icon: IconUser, scope: "admin" },
  { to: "/admin/teams", group: "people", word: "teams", icon: IconUsersGroup, scope: "admin" },
  { to: "/admin/health", group: "installation", word: "health", icon: IconActivityHeartbeat, scope: "operate" },
  { to: "/admin/settings", group: "installation", word: "settings", icon: IconAdjustments, scope: "admin" },
  { to: "/admin/audit", group: "installation", word: "audit", icon: IconShieldCheck, scope: "admin" },
  { to: "/admin/backups", group: "installation", word: "backups", icon: IconArchive, scope: "admin" },
];

export const GROUPS: readonly Group[] = ["making", "people", "installation"];

/** The pages somebody may use. */
export function pagesFor(permissions: readonly string[]): AdminPage[] {
  return PAGES.filter((page) => permissions.includes(page.scope));
}
