// Finds text in all of a log, a megabyte at a time, so that the page stays quick.

import { strip } from "./ansi.js";

/** Bytes that are looked through in one go. */
const STRIDE = 1 << 20;

/**
 * The lines of `text` that have `needle` in them, in any case. Pure.
 * @param {string} text
 * @param {string} needle in lower case
 * @returns {number[]} from 0
 */
export function linesWith(text, needle) {
  const found = [];
  const low = strip(text).toLowerCase();
  let [line, from] = [0, 0];
  for (let at = low.indexOf(needle); at >= 0; at = low.indexOf(needle, from)) {
    for (let next = low.indexOf("\n", from); next >= 0 && next < at; next = low.indexOf("\n", from)) {
      line++;
      from = next + 1;
    }
    found.push(line);
    const end = low.indexOf("\n", at);
    if (end < 0) break;
    line++;
    from = end + 1;
  }
  return found;
}

/** One search at a time over a log that may grow. */
export class Search {
  #bytes;
  #lines;
  #changed;
  #run = 0;
  #looked = 0;
  #isBusy = false;
  /** What is looked for, in lower case; nothing when it is empty. */
  needle = "";
  /** The lines that were found, in order. */
  found = [];
  /** Which of them is shown. */
  at = -1;

  constructor(bytes, lines, changed) {
    this.#bytes = bytes;
    this.#lines = lines;
    this.#changed = changed;
  }

  /** Whether all that is there has been looked through. */
  get isDone() {
    return !this.#isBusy;
  }

  /** Begins to look for `text`. */
  start(text) {
    this.#run++;
    this.#isBusy = false;
    this.#looked = 0;
    Object.assign(this, { needle: text.toLowerCase(), found: [], at: -1 });
    this.#changed();
    return this.resume();
  }

  /** Looks through what came since. */
  async resume() {
    if (!this.needle || this.#isBusy) return;
    this.#isBusy = true;
    const run = this.#run;
    const decoder = new TextDecoder();
    // The last line may grow: it is looked at again when it is whole.
    while (run === this.#run && this.#looked < this.#lines.count) {
      const first = this.#looked;
      const from = this.#lines.start(first);
      const last = Math.max(first + 1, Math.min(this.#lines.count, this.#lines.from(from + STRIDE), this.#lines.forcedAfter(first)));
      const text = decoder.decode(await this.#bytes.read(from, this.#lines.start(last)));
      if (run !== this.#run) return;
      const known = this.found.at(-1) ?? -1;
      for (const line of linesWith(text, this.needle)) if (first + line > known) this.found.push(first + line);
      this.#looked = last;
      this.#changed();
      await new Promise((done) => setTimeout(done));
    }
    if (run !== this.#run) return;
    this.#looked = Math.max(0, this.#looked - 1);
    this.#isBusy = false;
    this.#changed();
  }

  /** The next hit, or with -1 the one before; after the last comes the first. */
  step(by) {
    if (!this.found.length) return null;
    this.at = (this.at + by + this.found.length) % this.found.length;
    return this.found[this.at];
  }

  /** Has the next step go to the first hit at `line` or after it. */
  near(line) {
    this.at = this.found.findIndex((one) => one >= line) - 1;
  }
}
