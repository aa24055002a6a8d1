import { Button, Modal, TextInput } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { makeUser, type NewUser, peopleKeys } from "@/api/people";
import type { Role } from "@/api/session";
import { useDo } from "@/api/use-do";
import { Broken } from "@/components/broken";
import { Mailed } from "@/components/mailed";
import { Once } from "@/components/once";
import { RoleSelect } from "./role";
import classes from "./users.module.css";

/** An account for somebody, who chooses a password by the link that comes of it. */
export function NewUserForm({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation(["users", "common"]);
  const [username, setUsername] = useState("");
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [role, setRole] = useState<Role>("member");
  const make = useDo((body: NewUser) => makeUser(body), peopleKeys.users, undefined, true);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate({ username: username.trim(), name: name.trim() || null, email: email.trim() || null, role });
  };
  return (
    <Modal opened onClose={onClose} title={t("new")} closeButtonProps={{ "aria-label": t("common:close") }}>
      {make.data?.link ? (
        <>
          <Once text={t("maker.once", { name: make.data.user.name })} secret={make.data.link.url} />
          <Mailed mail={make.data.link.mail} />
        </>
      ) : (
        <form className={classes.stack} onSubmit={submit}>
          <TextInput
            label={t("maker.username")}
            description={t("maker.usernameHint")}
            required
            data-autofocus
            autoComplete="off"
            value={username}
            onChange={(event) => setUsername(event.currentTarget.value)}
          />
          <TextInput label={t("about.name")} value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <TextInput
            label={t("about.email")}
            type="email"
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <RoleSelect value={role} onChange={setRole} />
          {make.error ? <Broken thrown={make.error} compact /> : null}
          <Button type="submit" loading={make.isPending} disabled={username.trim() === ""}>
            {t("maker.make")}
          </Button>
        </form>
      )}
    </Modal>
  );
}
