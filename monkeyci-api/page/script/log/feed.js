// A log's bytes from the server: what is there and what follows, again from where it broke off.

import { seen, whileSeen } from "../seen.js";

/** Milliseconds before a broken connection is tried again; then twice as long each time. */
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;

/**
 * Reads a log until it ends or `signal` is aborted.
 * @param {string} path
 * @param {{ signal: AbortSignal, mayGrow: () => boolean, bytes: (bytes: Uint8Array) => void, ended: () => void,
 *   broken: (error: Error | null) => void }} to `mayGrow` says whether more may come after an answer's end
 */
export async function feed(path, { signal, mayGrow, bytes, ended, broken }) {
  let offset = 0;
  let pause = FIRST_PAUSE;
  while (!signal.aborted) {
    await seen(signal);
    const now = whileSeen(signal);
    try {
      const answer = await fetch(`${path}?offset=${offset}&follow=true`, { signal: now });
      // Nothing to read is no fault: an attempt that never started has no log.
      const isNothing = [204, 404, 416].includes(answer.status);
      if (!answer.ok && !isNothing) throw new Error(`the server answered ${answer.status}`);
      broken(null);
      const reader = isNothing ? null : answer.body.getReader();
      for (let part = isNothing ? { done: true } : await reader.read(); !part.done; part = await reader.read()) {
        offset += part.value.length;
        pause = FIRST_PAUSE;
        bytes(part.value);
      }
      // An answer may end because the server does, and a log that is not there may come.
      if (!mayGrow()) return ended();
    } catch (error) {
      if (signal.aborted) return;
      if (!now.aborted) broken(error);
    }
    await new Promise((done) => setTimeout(done, pause));
    pause = Math.min(LONGEST_PAUSE, pause * 2);
  }
}

/** Has the bytes of a range. */
export async function range(path, from, to, signal) {
  const answer = await fetch(path, { headers: { Range: `bytes=${from}-${to - 1}` }, signal });
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  return answer.status === 206 ? bytes : bytes.slice(from, to);
}
