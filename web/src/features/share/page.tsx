import { Button, PasswordInput, Skeleton } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { enterShare, lookAtShare, type Shared } from "@/api/shares";
import { Broken } from "@/components/broken";
import { Empty } from "@/components/empty";
import { IconLink, IconLock } from "@/components/icons";
import { Player } from "@/components/player";
import { asFailure } from "@/lib/failure";
import classes from "./share.module.css";

/** What somebody sees who was given a link: the clip, and what its owner wants told. */
export function SharePage() {
  const { t } = useTranslation("share");
  const { token = "" } = useParams({ strict: false }) as { token?: string };
  const [entered, setEntered] = useState<Shared | null>(null);
  const looked = useQuery({
    queryKey: ["shared", token],
    queryFn: () => lookAtShare(token),
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
  });
  const shown = entered ?? looked.data;
  return (
    <main className={classes.page}>
      <header className={classes.head}>
        <img src="/mark.svg" width={22} height={22} alt="" />
        <span>{t("name")}</span>
      </header>
      {looked.isPending ? <Skeleton className={classes.waiting} radius="md" /> : null}
      {looked.error && !entered ? <Ended thrown={looked.error} again={() => void looked.refetch()} /> : null}
      {shown?.locked ? <Lock token={token} onOpen={setEntered} /> : null}
      {shown && !shown.locked ? <Clip shared={shown} /> : null}
    </main>
  );
}

function Ended({ thrown, again }: { thrown: unknown; again: () => void }) {
  const { t } = useTranslation("share");
  if (asFailure(thrown).status !== 404) return <Broken thrown={thrown} again={again} />;
  return (
    <Empty icon={IconLink} title={t("ended.title")}>
      {t("ended.text")}
    </Empty>
  );
}

function Lock({ token, onOpen }: { token: string; onOpen: (shared: Shared) => void }) {
  const { t } = useTranslation("share");
  const [password, setPassword] = useState("");
  const [state, setState] = useState<{ busy: boolean; thrown: unknown }>({ busy: false, thrown: null });
  const enter = async () => {
    setState({ busy: true, thrown: null });
    try {
      const shared = await enterShare(token, password);
      setState({ busy: false, thrown: null });
      onOpen(shared);
    } catch (thrown) {
      setState({ busy: false, thrown });
    }
  };
  return (
    <form
      className={classes.lock}
      onSubmit={(event) => {
        event.preventDefault();
        void enter();
      }}
    >
      <IconLock size={26} stroke={1.4} aria-hidden="true" />
      <h1>{t("locked")}</h1>
      <PasswordInput
        label={t("password")}
        autoComplete="off"
        data-autofocus
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      {state.thrown ? <Broken thrown={state.thrown} compact /> : null}
      <Button type="submit" disabled={!password} loading={state.busy}>
        {t("open")}
      </Button>
    </form>
  );
}

function Clip({ shared }: { shared: Shared }) {
  const { t } = useTranslation("share");
  const ratio = shared.width && shared.height ? shared.width / shared.height : 16 / 9;
  const title = shared.name ?? shared.prompt ?? t("clip");
  return (
    <div className={classes.clip}>
      <Player src={shared.video ?? ""} poster={shared.poster ?? null} ratio={ratio} label={title} />
      {shared.name ? <h1>{shared.name}</h1> : null}
      {shared.prompt ? <p className={classes.prompt}>{shared.prompt}</p> : null}
      {shared.model ? <p className={classes.model}>{t("model", { model: shared.model })}</p> : null}
    </div>
  );
}
