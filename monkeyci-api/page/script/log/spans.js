// A line of a log as elements.

import { h } from "../element.js";
import { afterReturns, plainPen, runs } from "./ansi.js";

/** Characters of a line that are shown; whoever needs more has the raw log. */
const LONGEST = 5000;

/**
 * The elements of a line.
 * @param {string} line
 * @param {{ pen?: import("./ansi.js").Pen, needle?: string }} [how] the pen of the line before; what is searched, in lower case
 * @returns {Node[]}
 */
export function spans(line, { pen = plainPen(), needle = "" } = {}) {
  const text = afterReturns(line);
  const cut = text.length > LONGEST;
  const found = runs(cut ? text.slice(0, LONGEST) : text, pen);
  const nodes = found.flatMap(({ text, pen }) => {
    const parts = needle ? marked(text, needle) : [document.createTextNode(visible(text))];
    return isPlain(pen) ? parts : [styled(parts, pen)];
  });
  if (cut) nodes.push(h("span.cut", ` … ${text.length - LONGEST} more characters in the raw log`));
  return nodes;
}

/** Overrides of writing direction would make a line lie about what it says. */
const visible = (text) => text.replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "�");

const isPlain = (pen) => !pen.fg && !pen.bg && !pen.bold && !pen.dim && !pen.italic && !pen.underline && !pen.inverse && !pen.strike;

function styled(children, pen) {
  const classes = ["bold", "dim", "italic", "underline", "strike"].filter((name) => pen[name]);
  let [fg, bg] = [pen.fg, pen.bg];
  if (pen.inverse) {
    [fg, bg] = [bg ?? "ground", fg ?? "ink"];
  }
  const style = {};
  if (bg?.startsWith("#")) style["background-color"] = bg;
  else if (bg) classes.push(`b-${bg}`);
  // White and black are ours to choose on our own ground, and meant as they are on another.
  if (bg && !fg) classes.push("on");
  else if (bg && ["7", "15"].includes(fg)) classes.push("f-white");
  else if (bg && ["0", "8"].includes(fg)) classes.push("f-black");
  else if (fg?.startsWith("#")) {
    style[bg ? "color" : "--true"] = fg;
    if (!bg) classes.push("true");
  } else if (fg) classes.push(`f-${fg}`);
  return h("span", { class: classes.join(" ") || null, style }, children);
}

function marked(text, needle) {
  const parts = [];
  const low = text.toLowerCase();
  // Lower case may have another length (İ): then nothing is marked rather than the wrong letters.
  if (low.length !== text.length) return [document.createTextNode(visible(text))];
  let from = 0;
  for (let at = low.indexOf(needle); at >= 0; at = low.indexOf(needle, from)) {
    if (at > from) parts.push(document.createTextNode(visible(text.slice(from, at))));
    parts.push(h("mark", text.slice(at, at + needle.length)));
    from = at + needle.length;
  }
  if (from < text.length) parts.push(document.createTextNode(visible(text.slice(from))));
  return parts;
}
