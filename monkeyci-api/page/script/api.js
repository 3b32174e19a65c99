// The REST API. What came once is kept, so that a page seen before is there at once and is corrected when the answer
// comes.

/** What the server refused, with what to tell people. */
export class Problem extends Error {
  /** @param {{ status: number, title?: string, detail?: string, errors?: { pointer: string, detail: string }[] }} body */
  constructor(body) {
    super(body.detail || body.title || `The server answered ${body.status}.`);
    this.status = body.status;
    this.errors = body.errors ?? [];
  }
}

const MOST_KEPT = 100;
const kept = new Map();

/** What `GET path` answered last, if anything. */
export const peek = (path) => kept.get(path);

/** Forgets what was answered to others. */
export const forget = () => kept.clear();

/**
 * `GET path` as JSON.
 * @param {string} path
 * @param {AbortSignal} [signal]
 */
export async function get(path, signal) {
  const answer = await request("GET", path, { signal });
  kept.delete(path);
  kept.set(path, answer);
  if (kept.size > MOST_KEPT) kept.delete(kept.keys().next().value);
  return answer;
}

/**
 * Sends `body` and answers with what came back; null when there is none.
 * @param {"POST" | "PUT" | "DELETE"} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {{ revision?: number }} [options] the revision that is changed: another one's change in between is not lost
 */
export function send(method, path, body, { revision } = {}) {
  const headers = {};
  if (method === "POST") headers["Idempotency-Key"] = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
  if (revision !== undefined) headers["If-Match"] = `"${revision}"`;
  return request(method, path, { body, headers });
}

/** Every item of a list, page by page, at most `most`. */
export async function all(path, signal, most = 1000) {
  const items = [];
  for (let next = null; ; ) {
    const mark = path.includes("?") ? "&" : "?";
    const answer = await get(`${path}${mark}limit=200${next ? `&cursor=${encodeURIComponent(next)}` : ""}`, signal);
    items.push(...answer.items);
    next = answer.next;
    if (!next || items.length >= most) return items;
  }
}

/** What `early.js` asked for, once: later it would be old. */
function takeEarly(path) {
  const answer = globalThis.early?.get(path);
  globalThis.early?.delete(path);
  return answer;
}

async function request(method, path, { body, headers = {}, signal }) {
  const options = { method, headers: { Accept: "application/json", ...headers }, signal, credentials: "same-origin" };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const answer = await (method === "GET" && takeEarly(path) || fetch(path, options)).catch((error) => {
    if (error.name === "AbortError") throw error;
    throw new Problem({ status: 0, detail: "The server does not answer. Is it running, and is the network there?" });
  });
  const text = await answer.text();
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    if (answer.ok) throw new Problem({ status: answer.status, detail: "The server's answer is no JSON." });
  }
  if (!answer.ok) throw new Problem({ ...value, status: answer.status });
  return value;
}
