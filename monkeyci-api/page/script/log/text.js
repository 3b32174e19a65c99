// The lines of a log as text and as rows: only what is looked at is decoded.

import { h } from "../element.js";
import { icon } from "../status.js";
import { duration } from "../time.js";
import { carry, plainPen } from "./ansi.js";
import { spans } from "./spans.js";

/** Bytes of a line that are decoded. */
const LONGEST = 1 << 16;
/** Lines before the first that is seen which may have set its colour. */
const LOOK_BACK = 60;
/** Pens that are kept. */
const MOST_PENS = 4000;

const decoder = new TextDecoder();

/** Lines as text. */
export class Text {
  #bytes;
  #lines;
  #missed;
  #pens = new Map();
  #hasColours = false;

  /** @param {() => void} came tells that bytes which were asked for are there */
  constructor(bytes, lines, came) {
    this.#bytes = bytes;
    this.#lines = lines;
    this.#missed = (from, to) => bytes.read(from, to).then(came, () => {});
  }

  /** Looks at bytes that came: whether there are colours at all. */
  look(bytes) {
    this.#hasColours ||= bytes.includes(27);
  }

  /** A line without its end; null when its bytes have to be asked for first. */
  line(at) {
    const from = this.#lines.start(at);
    const end = this.#lines.end(at);
    // Of a progress bar that never ended its line, the last state counts.
    const late = end - from > LONGEST ? this.#bytes.slice(end - LONGEST, end) : null;
    const start = late?.includes(13) ? end - LONGEST : from;
    const bytes = this.#bytes.slice(start, Math.min(end, start + LONGEST));
    if (!bytes) {
      this.#missed(start, Math.min(end, start + LONGEST));
      return null;
    }
    return decoder.decode(bytes).replace(/\r*\n?$/, "");
  }

  /** The pen with which a line begins. */
  pen(at, first) {
    if (!this.#hasColours) return plainPen();
    if (this.#pens.size > MOST_PENS) this.#pens.clear();
    let from = at;
    while (from > Math.max(first, at - LOOK_BACK) && !this.#pens.has(from)) from--;
    const pen = { ...(this.#pens.get(from) ?? plainPen()) };
    for (; from < at; from++) carry(this.line(from) ?? "", pen);
    this.#pens.set(at, { ...pen });
    return pen;
  }

  /** Forgets what it knew of lines that were numbered anew. */
  forget() {
    this.#pens.clear();
  }
}

/** The row of a line. `number` is from 1. */
export function lineRow({ number, text, pen, needle, isChosen, isHit }) {
  const classes = [isChosen && "chosen", isHit && "hit"].filter(Boolean).join(" ");
  return h("div.log-line", { class: classes || null, "data-line": number },
    h("a.number", { href: `#L${number}`, tabindex: -1, "aria-label": `Line ${number}` }, String(number)),
    h("span.log-text", text === null ? "…" : spans(text, { pen, needle })));
}

/** The row of a section's head. */
export function headRow({ section, command, isRunning, choose }) {
  const { mark, isOpen, first, end } = section;
  const { index, exit, duration: took } = mark;
  const status = exit === 0 ? "success" : exit === null ? (isRunning ? "running" : "canceled") : "failure";
  const [line, ...more] = command.split("\n");
  const count = end - first;
  return h("button.log-head", { type: "button", "data-status": status, "aria-expanded": String(isOpen), title: command, on: { click: () => choose(index, !isOpen) } },
    h("span.fold", { "aria-hidden": "true" }), icon(status, 14),
    h("span.command", line, more.length > 0 && " …"),
    h("span.count", count === 0 ? "no output" : isOpen ? "" : `${count.toLocaleString("en")} lines`),
    exit !== null && exit !== 0 && h("span.exit", `exit ${exit}`),
    took !== null && h("span.took", duration(took)));
}
