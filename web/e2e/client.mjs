// Asks the server as a page does, to prepare what a walk then looks at.

/** One sign-in: keeps its cookies, sends them along with the header that belongs to them. */
export class Client {
  constructor(origin) {
    this.origin = origin;
    this.jar = new Map();
  }

  /** Sends a request; gives the answer's JSON. Throws what the server said when it refuses. */
  async ask(method, path, body) {
    const answer = await this.send(method, path, body);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text && answer.headers.get("content-type")?.includes("json") ? JSON.parse(text) : text;
  }

  /** Sends a request; gives the answer, whatever it is. */
  async send(method, path, body) {
    const headers = { origin: this.origin };
    if (this.jar.size > 0) headers.cookie = [...this.jar].map(([name, value]) => `${name}=${value}`).join("; ");
    const token = this.jar.get("reelgate_csrf");
    if (token) headers["x-csrf-token"] = token;
    const form = body instanceof FormData;
    if (body !== undefined && !form) headers["content-type"] = "application/json";
    const answer = await fetch(this.origin + path, {
      method,
      headers,
      body: body === undefined || form ? body : JSON.stringify(body),
    });
    for (const line of answer.headers.getSetCookie()) {
      const [pair] = line.split(";");
      const at = pair.indexOf("=");
      this.jar.set(pair.slice(0, at), pair.slice(at + 1));
    }
    return answer;
  }

  /** What a browser is given to be signed in as the same person. */
  get cookies() {
    return [...this.jar].map(([name, value]) => ({
      name,
      value,
      url: this.origin,
      httpOnly: name.endsWith("session"),
      sameSite: "Strict",
    }));
  }

  /** Makes a clip and waits until it has ended; tells whether it is there. */
  async clip(prompt, more = {}) {
    const { id } = await this.ask("POST", "/v1/videos", { prompt, seconds: "4", size: "1280x720", ...more });
    return this.ended(id);
  }

  /** Waits until a clip has ended. */
  async ended(id) {
    for (;;) {
      const video = await this.ask("GET", `/v1/videos/${id}`);
      if (video.status === "completed" || video.status === "failed") return video;
      await new Promise((go) => setTimeout(go, 150));
    }
  }
}
