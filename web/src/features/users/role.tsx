import { Select } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Role } from "@/api/session";

export const ROLES: readonly Role[] = ["admin", "operator", "member", "viewer"];

/** What somebody may be, each with what it means. */
export function RoleSelect({ value, onChange, why }: { value: Role; onChange: (role: Role) => void; why?: string | null }) {
  const { t } = useTranslation(["users", "shell"]);
  return (
    <Select
      label={t("role.label")}
      description={why ?? t(`role.${value}`)}
      disabled={Boolean(why)}
      allowDeselect={false}
      value={value}
      onChange={(role) => {
        if (role) onChange(role as Role);
      }}
      data={ROLES.map((role) => ({ value: role, label: t(`shell:role.${role}`) }))}
    />
  );
}

/** Which role a list is of. */
export function RoleFilter({ value, onChange }: { value: Role | undefined; onChange: (role: string | undefined) => void }) {
  const { t } = useTranslation(["users", "shell"]);
  return (
    <Select
      aria-label={t("role.label")}
      allowDeselect={false}
      w={150}
      value={value ?? ""}
      onChange={(role) => onChange(role || undefined)}
      data={[{ value: "", label: t("role.any") }, ...ROLES.map((role) => ({ value: role, label: t(`shell:role.${role}`) }))]}
    />
  );
}
