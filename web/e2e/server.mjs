// Real processes for the walks: a Reelgate on an empty folder, and the fake upstream of `reelgate.testing`.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "./client.mjs";

export const PATIENCE_MS = Number(process.env.PATIENCE_MS ?? 120_000);
const PYTHON = process.env.PYTHON ?? "python3";

/** Waits until `look` gives something; asks again every few moments. */
export async function until(look, what, patience = PATIENCE_MS) {
  const end = Date.now() + patience;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`Waited in vain for ${what}.`);
    await new Promise((go) => setTimeout(go, 50));
  }
}

function cleanEnvironment(more) {
  const ours = Object.entries(process.env).filter(([name]) => !/^(REELGATE_|LC_|LANG)/.test(name));
  return { ...Object.fromEntries(ours), REELGATE_LANG: "en", ...more };
}

/** One child process and everything it said. */
export class Child {
  constructor(args, env = {}) {
    this.said = "";
    this.process = spawn(PYTHON, args, { env: cleanEnvironment(env), stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream.on("data", (part) => {
        this.said += part;
      });
    }
    this.ended = new Promise((done) => this.process.on("exit", (code, signal) => done(signal ?? code)));
  }

  get running() {
    return this.process.exitCode === null && this.process.signalCode === null;
  }

  async stop(signal = "SIGTERM") {
    if (this.running) this.process.kill(signal);
    return this.ended;
  }
}

function freePort() {
  return new Promise((done, fail) => {
    const probe = createServer();
    probe.on("error", fail);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}

/** A server as people start it. It can be stopped and started again in its place. */
export class Server {
  constructor(env = {}) {
    this.folder = mkdtempSync(join(tmpdir(), "reelgate-walk-"));
    this.env = env;
    this.said = "";
    this.child = null;
    this.port = 0;
  }

  get origin() {
    return `http://127.0.0.1:${this.port}`;
  }

  async start() {
    this.port ||= await freePort();
    const data = join(this.folder, "data");
    this.child = new Child(["-m", "reelgate.cli", "--data", data, "serve", "--port", String(this.port)], this.env);
    await until(async () => {
      if (!this.child.running) throw new Error(`The server ended: ${this.child.said}`);
      return fetch(`${this.origin}/ready`).then(
        (answer) => answer.ok,
        () => false,
      );
    }, "the server to be ready");
    return this;
  }

  /** Ends it in order. */
  async stop() {
    const code = await this.child.stop();
    this.said += this.child.said;
    if (code !== 0) throw new Error(`The server ended with ${code}: ${this.child.said.slice(-4000)}`);
  }

  /** The link the first start prints. */
  get link() {
    const found = /http:\/\/\S+\/setup#\S+/.exec(this.said + this.child.said);
    if (!found) throw new Error(`No link was printed: ${this.child.said}`);
    return found[0];
  }

  /** Makes the first administrator and gives their way in. */
  async administrator(username = "ada", password = "a lighthouse keeper 1") {
    const client = new Client(this.origin);
    await client.ask("POST", "/api/auth/setup", { username, password, token: this.link.split("#")[1], session: "browser" });
    return client;
  }

  /** Makes somebody else and gives their way in. */
  async person(admin, username, role, password = "a lighthouse keeper 2") {
    await admin.ask("POST", "/api/admin/users", { username, role, password, name: username });
    const client = new Client(this.origin);
    await client.ask("POST", "/api/auth/login", { username, password, session: "browser" });
    return client;
  }

  /** The end of what it said, for whoever looks into a walk that failed. */
  get log() {
    return (this.said + (this.child?.said ?? "")).slice(-6000);
  }

  async close() {
    try {
      if (this.child?.running) await this.stop();
    } finally {
      rmSync(this.folder, { recursive: true, force: true });
    }
  }
}

/** The upstream that plays; its jobs take as long as a prompt says: `[takes:3]`. */
export class Upstream {
  constructor(...options) {
    this.child = new Child(["-m", "reelgate.testing.upstream", "--port", "0", ...options]);
  }

  async start() {
    const line = await until(() => {
      if (!this.child.running) throw new Error(`The upstream ended: ${this.child.said}`);
      return /^\{.*\}$/m.exec(this.child.said)?.[0];
    }, "the upstream to listen");
    this.address = JSON.parse(line).base_url;
    return this;
  }

  /** Connects it as a channel that has one model, `tide-1`. */
  async connect(admin, more = {}) {
    return admin.ask("POST", "/api/admin/channels", {
      name: "Tide",
      dialect: "openai_videos",
      base_url: this.address,
      models: { "tide-1": "sim-1" },
      self_hosted: true,
      secret: "sk-walk",
      poll_policy: "fixed:0.3",
      ...more,
    });
  }

  async close() {
    await this.child.stop();
  }
}
