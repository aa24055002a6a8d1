import { CODES } from "@/api/made/vocabulary";

export type Code = keyof typeof CODES;
export type Side = (typeof CODES)[Code]["side"];
export type Charge = (typeof CODES)[Code]["charge"];

/** Why something did not happen, in the terms a person is told: what, whose side, was money touched, what next. */
export class Failure extends Error {
  readonly status: number;
  readonly code: string;
  readonly param: string | null;
  readonly requestId: string | null;

  constructor(status: number, code: string, message: string, param: string | null = null, requestId: string | null = null) {
    super(message);
    this.name = "Failure";
    this.status = status;
    this.code = code;
    this.param = param;
    this.requestId = requestId;
  }

  /** Whether the sign-in has ended. */
  get signedOut(): boolean {
    return this.status === 401;
  }
}

/** Codes that answers spell as OpenAI's clients know them. */
const SPELT: Record<string, Code> = { invalid_value: "invalid_request", invalid_api_key: "unauthorized" };

/** What our own vocabulary says of a code; null for words of other surfaces. */
export function known(code: string): (typeof CODES)[Code] | null {
  const own = SPELT[code] ?? code;
  return own in CODES ? CODES[own as Code] : null;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value ? value : null;
}

/** Reads either error envelope of the server. */
export function failureOf(status: number, body: unknown, headers?: Headers): Failure {
  const inside = (body as { error?: Record<string, unknown> } | undefined)?.error ?? {};
  const code = textOf(inside.code) ?? (status >= 500 ? "internal_error" : "refused");
  return new Failure(
    status,
    code,
    textOf(inside.message) ?? `HTTP ${status}`,
    textOf(inside.param),
    headers?.get("x-request-id") ?? null,
  );
}

export function unreachable(cause: unknown): Failure {
  return new Failure(0, "unreachable", cause instanceof Error ? cause.message : String(cause));
}

export function asFailure(thrown: unknown): Failure {
  return thrown instanceof Failure ? thrown : unreachable(thrown);
}
