import { Button, SegmentedControl, Select, Textarea, useMantineColorScheme } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Navigate, useNavigate } from "@tanstack/react-router";
import { lazy, type ReactNode, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { allModels } from "@/api/models";
import { me, setUp } from "@/api/session";
import { contentUrl, createVideo, oneVideo } from "@/api/videos";
import { Broken } from "@/components/broken";
import { IconMovie } from "@/components/icons";
import { Progress } from "@/components/progress";
import { chooseLanguage, type Language, withWords } from "@/lib/i18n";
import { freshKey } from "@/lib/ids";
import { AccountForm } from "./account-form";
import classes from "./entry.module.css";
import { Frame } from "./frame";
import { DeadLink, useLinkToken, useOpening } from "./link";

const ChannelStep = lazy(() => withWords(import("./channel-step")).then((step) => ({ default: step.ChannelStep })));
const STEPS = ["account", "look", "channel", "clip"] as const;
type Step = (typeof STEPS)[number];

/** The first run: four calm steps from a link to a clip. */
export function SetupPage() {
  const { t } = useTranslation("entry");
  const token = useLinkToken();
  const [step, setStep] = useState<Step>("account");
  const opening = useOpening(token);
  const client = useQueryClient();
  const who = useQuery({ ...me, enabled: step === "account" });
  if (step === "account") {
    if (who.data && !opening.data) return <Navigate to="/" replace />;
    if (token === "" || opening.error) return <DeadLink thrown={opening.error} again={() => void opening.refetch()} />;
  }
  return (
    <Frame title={t(`setup.${step}.title`)} text={t(`setup.${step}.text`)}>
      <Steps now={step} />
      {step === "account" ? (
        <AccountForm
          go={t("account.go")}
          send={async (made) => {
            await setUp({ ...made, token });
            window.history.replaceState(null, "", "/setup");
            await client.resetQueries({ queryKey: me.queryKey });
            setStep("look");
          }}
        />
      ) : null}
      {step === "look" ? <Look next={() => setStep("channel")} /> : null}
      {step === "channel" ? <Channel next={() => setStep("clip")} /> : null}
      {step === "clip" ? <Clip /> : null}
    </Frame>
  );
}

function Steps({ now }: { now: Step }) {
  const { t } = useTranslation("entry");
  const at = STEPS.indexOf(now);
  return (
    <ol className={classes.steps} aria-label={t("setup.step", { n: at + 1, of: STEPS.length })}>
      {STEPS.map((step, n) => (
        <li
          key={step}
          className={classes.step}
          data-state={n < at ? "done" : n === at ? "now" : "later"}
          aria-current={n === at ? "step" : undefined}
        >
          {t(`setup.steps.${step}`)}
        </li>
      ))}
    </ol>
  );
}

function Look({ next }: { next: () => void }) {
  const { t, i18n } = useTranslation(["entry", "shell"]);
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <div className={classes.form}>
      <SegmentedControl
        aria-label={t("shell:language")}
        value={i18n.language}
        onChange={(value) => void chooseLanguage(value as Language)}
        data={[
          { value: "en", label: t("shell:languages.en") },
          { value: "zh-CN", label: t("shell:languages.zh") },
        ]}
      />
      <SegmentedControl
        aria-label={t("shell:theme.label")}
        value={colorScheme}
        onChange={(value) => setColorScheme(value as "auto" | "dark" | "light")}
        data={[
          { value: "auto", label: t("shell:theme.auto") },
          { value: "dark", label: t("shell:theme.dark") },
          { value: "light", label: t("shell:theme.light") },
        ]}
      />
      <Buttons>
        <Button onClick={next}>{t("setup.look.go")}</Button>
      </Buttons>
    </div>
  );
}

function Channel({ next }: { next: () => void }) {
  const { t } = useTranslation("entry");
  const [own, setOwn] = useState(false);
  if (own) {
    return (
      <Suspense fallback={<p role="status">{t("setup.channel.loading")}</p>}>
        <ChannelStep onBack={() => setOwn(false)} onDone={next} />
      </Suspense>
    );
  }
  return (
    <div>
      <div className={classes.offer}>
        <IconMovie size={26} stroke={1.4} />
        <div>
          <h2>{t("setup.channel.animatic")}</h2>
          <p>{t("setup.channel.animaticText")}</p>
        </div>
      </div>
      <p className="quiet">{t("setup.channel.later")}</p>
      <Buttons>
        <Button variant="default" onClick={() => setOwn(true)}>
          {t("setup.channel.own")}
        </Button>
        <Button onClick={next}>{t("setup.channel.go")}</Button>
      </Buttons>
    </div>
  );
}

const LOOK_MS = 700;

function Clip() {
  const { t } = useTranslation("entry");
  const navigate = useNavigate();
  const [prompt, setPrompt] = useState(() => t("setup.clip.prompt"));
  const [id, setId] = useState<string | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const models = useQuery(allModels);
  const [wanted, setWanted] = useState<string | null>(null);
  const free = models.data?.find((one) => !one.video.generative) ?? models.data?.[0];
  const chosen = models.data?.find((one) => one.id === wanted) ?? free;
  const leave = (
    <Button variant={id ? "filled" : "subtle"} color={id ? undefined : "gray"} onClick={() => void navigate({ to: "/" })}>
      {t(id ? "setup.clip.finish" : "setup.clip.skip")}
    </Button>
  );
  const make = async () => {
    setBusy(true);
    setFailure(null);
    try {
      setId((await createVideo({ prompt, model: chosen?.id }, freshKey())).id);
    } catch (thrown) {
      setFailure(thrown);
    } finally {
      setBusy(false);
    }
  };
  if (id) return <Playing id={id} usual={chosen?.video.usual?.p50 ?? null} leave={leave} />;
  return (
    <div className={classes.form}>
      <Textarea
        autosize
        minRows={3}
        aria-label={t("setup.clip.title")}
        value={prompt}
        onChange={(event) => setPrompt(event.currentTarget.value)}
      />
      {models.data && models.data.length > 1 ? (
        <Select
          label={t("setup.clip.model")}
          description={t(chosen === free ? "setup.clip.free" : "setup.clip.paid")}
          allowDeselect={false}
          value={chosen?.id ?? null}
          onChange={setWanted}
          data={models.data.map((one) => one.id)}
        />
      ) : null}
      {failure ? <Broken thrown={failure} compact /> : null}
      <Buttons>
        {leave}
        <Button onClick={() => void make()} loading={busy} disabled={prompt.trim() === "" || models.isPending}>
          {t("setup.clip.go")}
        </Button>
      </Buttons>
    </div>
  );
}

function Playing({ id, usual, leave }: { id: string; usual: number | null; leave: ReactNode }) {
  const { t } = useTranslation("entry");
  const video = useQuery({
    ...oneVideo(id),
    refetchInterval: (query) =>
      query.state.data?.status === "completed" || query.state.data?.status === "failed" ? false : LOOK_MS,
  });
  const done = video.data?.status === "completed";
  return (
    <div>
      <div className={classes.screen}>
        {video.error ? <Broken thrown={video.error} again={() => void video.refetch()} compact /> : null}
        {video.data?.status === "failed" ? <p role="alert">{video.data.error?.message}</p> : null}
        {done ? <video src={contentUrl(id)} autoPlay loop muted controls playsInline width="100%" /> : null}
        {video.data && !done && video.data.status !== "failed" ? (
          <Progress
            word={video.data.status}
            percent={video.data.progress || null}
            sinceMs={video.data.created_at * 1000}
            usual={usual}
          />
        ) : null}
      </div>
      {done ? <p className="quiet">{t("setup.clip.done")}</p> : null}
      <Buttons>{leave}</Buttons>
    </div>
  );
}

function Buttons({ children }: { children: ReactNode }) {
  return <div className={classes.buttons}>{children}</div>;
}
