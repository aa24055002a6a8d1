import { Button, FileInput, Menu, Select, Textarea, TextInput } from "@mantine/core";
import { useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { Confirm } from "@/components/confirm";
import { IconCopy, IconSend } from "@/components/icons";
import { Panel } from "@/components/panel";
import { AnswerView } from "./answer";
import classes from "./console.module.css";
import { type Document, isFile, isGrave, type Operation, operationsOf, sampleOf } from "./document";
import { type Answered, addressOf, asProgram, type Filled, FORMS, missingIn, sendFilled, wrongJson } from "./request";

type Props = { document: Document; chosen: string | null; onChoose: (id: string) => void };

const FIRST = "GET /v1/videos";

function begin(operation: Operation, document: Document, kind: string | null = null): Filled {
  const kinds = Object.keys(operation.bodies);
  const chosen = kind ?? kinds[0] ?? null;
  const sample = chosen === "application/json" ? sampleOf(operation.bodies[chosen], document) : null;
  return {
    operation,
    path: {},
    query: {},
    kind: chosen,
    text: sample === null || sample === undefined ? "" : JSON.stringify(sample, null, 2),
    fields: {},
  };
}

/** Fills in a request, sends it and shows what came back. */
export function Builder({ document, chosen, onChoose }: Props) {
  const { t } = useTranslation("console");
  const operations = useMemo(() => operationsOf(document), [document]);
  const operation = operations.find((one) => one.id === (chosen ?? FIRST)) ?? operations[0];
  if (!operation) return <p className="quiet">{t("noOperations")}</p>;
  const groups = [...new Set(operations.map((one) => one.tag))].map((tag) => ({
    group: tag,
    items: operations.filter((one) => one.tag === tag).map((one) => ({ value: one.id, label: `${one.id}  ${one.summary}` })),
  }));
  return (
    <div className={classes.builder}>
      <Select
        label={t("operation")}
        description={t("operationHint")}
        searchable
        allowDeselect={false}
        maxDropdownHeight={420}
        value={operation.id}
        onChange={(id) => (id ? onChoose(id) : undefined)}
        data={groups}
      />
      <Request key={operation.id} document={document} operation={operation} />
    </div>
  );
}

function Request({ document, operation }: { document: Document; operation: Operation }) {
  const { t } = useTranslation("console");
  const [filled, setFilled] = useState(() => begin(operation, document));
  const [answer, setAnswer] = useState<{ got: Answered | null; thrown: string | null; busy: boolean }>({
    got: null,
    thrown: null,
    busy: false,
  });
  const [sure, setSure] = useState(false);
  const abort = useRef<AbortController | null>(null);
  const set = (part: Partial<Filled>) => setFilled((before) => ({ ...before, ...part }));
  const wrong = wrongJson(filled);
  const method = operation.method.toUpperCase();
  const send = async () => {
    setSure(false);
    abort.current?.abort();
    abort.current = new AbortController();
    setAnswer({ got: null, thrown: null, busy: true });
    try {
      setAnswer({ got: await sendFilled(filled, abort.current.signal), thrown: null, busy: false });
    } catch (broken) {
      setAnswer({ got: null, thrown: broken instanceof Error ? broken.message : String(broken), busy: false });
    }
  };
  return (
    <>
      <Panel title={operation.summary || operation.id} action={<Copy filled={filled} />}>
        <p className={classes.address}>
          <b data-method={operation.method}>{method}</b> <code>{addressOf(filled)}</code>
        </p>
        <form
          className={classes.form}
          onSubmit={(event) => {
            event.preventDefault();
            if (isGrave(operation)) setSure(true);
            else void send();
          }}
        >
          <Named title={t("path")} names={operation.inPath} values={filled.path} required onChange={(path) => set({ path })} />
          <Named
            title={t("query")}
            hint={t("queryEmpty")}
            names={operation.inQuery}
            values={filled.query}
            onChange={(query) => set({ query })}
          />
          <Body filled={filled} wrong={wrong} onKind={(kind) => setFilled(begin(operation, document, kind))} onChange={set} />
          {operation.streams ? (
            <p className="quiet">{t("stream")}</p>
          ) : (
            <Button
              type="submit"
              className={classes.send}
              leftSection={<IconSend size={16} />}
              loading={answer.busy}
              disabled={wrong !== null || missingIn(filled).length > 0}
            >
              {t("sendIt", { method })}
            </Button>
          )}
        </form>
      </Panel>
      <Panel title={t("answer")}>
        <AnswerView got={answer.got} thrown={answer.thrown} />
      </Panel>
      {sure ? (
        <Confirm title={t("sure")} verb={t("sendIt", { method })} onYes={() => void send()} onClose={() => setSure(false)}>
          <p>{t("sureText", { method, path: addressOf(filled) })}</p>
        </Confirm>
      ) : null}
    </>
  );
}

type NamedProps = {
  title: string;
  hint?: string;
  names: string[];
  values: Record<string, string>;
  required?: boolean;
  onChange: (values: Record<string, string>) => void;
};

function Named({ title, hint, names, values, required = false, onChange }: NamedProps) {
  if (names.length === 0) return null;
  return (
    <fieldset className={classes.named}>
      <legend>
        {title} {hint ? <span className="faint">{hint}</span> : null}
      </legend>
      {names.map((name) => (
        <TextInput
          key={name}
          label={name}
          required={required}
          value={values[name] ?? ""}
          onChange={(event) => onChange({ ...values, [name]: event.currentTarget.value.trim() })}
        />
      ))}
    </fieldset>
  );
}

type BodyProps = {
  filled: Filled;
  wrong: string | null;
  onKind: (kind: string) => void;
  onChange: (part: Partial<Filled>) => void;
};

function Body({ filled, wrong, onKind, onChange }: BodyProps) {
  const { t } = useTranslation("console");
  const kinds = Object.keys(filled.operation.bodies);
  if (filled.kind === null) return null;
  const schema = filled.operation.bodies[filled.kind];
  const put = (name: string, value: string | File) => onChange({ fields: { ...filled.fields, [name]: value } });
  return (
    <fieldset className={classes.named} data-wide>
      <legend>{t("body")}</legend>
      {kinds.length > 1 ? (
        <Select
          label={t("kind")}
          allowDeselect={false}
          value={filled.kind}
          onChange={(kind) => (kind ? onKind(kind) : undefined)}
          data={kinds}
        />
      ) : null}
      {filled.kind === "application/json" ? (
        <Textarea
          label={t("json")}
          classNames={{ input: classes.mono }}
          autosize
          minRows={4}
          maxRows={24}
          spellCheck={false}
          error={wrong === null ? undefined : t("badJson", { reason: wrong })}
          value={filled.text}
          onChange={(event) => onChange({ text: event.currentTarget.value })}
        />
      ) : (
        Object.entries(schema?.properties ?? {}).map(([name, one]) => {
          const value = filled.fields[name];
          return isFile(one) ? (
            <FileInput
              key={name}
              label={name}
              placeholder={t("file")}
              clearable
              value={value instanceof File ? value : null}
              onChange={(file) => put(name, file ?? "")}
            />
          ) : (
            <TextInput
              key={name}
              label={name}
              value={typeof value === "string" ? value : ""}
              onChange={(event) => put(name, event.currentTarget.value)}
            />
          );
        })
      )}
    </fieldset>
  );
}

function Copy({ filled }: { filled: Filled }) {
  const { t } = useTranslation("console");
  const [told, setTold] = useState("");
  const copy = async (form: (typeof FORMS)[number]) => {
    const text = asProgram(form, filled, window.location.origin);
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without the clipboard, as on a page served without TLS, the text is shown to be taken by hand.
      setTold(text);
    }
  };
  return (
    <div className={classes.copy}>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button variant="default" leftSection={<IconCopy size={15} />}>
            {t("copyAs")}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {FORMS.map((form) => (
            <Menu.Item key={form} onClick={() => void copy(form)}>
              {t(`code.${form}`)}
            </Menu.Item>
          ))}
          <Menu.Label>{t("codeNote")}</Menu.Label>
        </Menu.Dropdown>
      </Menu>
      {told ? <pre className={classes.told}>{told}</pre> : null}
    </div>
  );
}
