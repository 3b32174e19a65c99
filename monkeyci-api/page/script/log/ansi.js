// Colours of terminals. Of all escape sequences only SGR means something here; the others are taken out. Pure.

/**
 * @typedef {{ fg: string | null, bg: string | null, bold: boolean, dim: boolean, italic: boolean, underline: boolean,
 *   inverse: boolean, strike: boolean }} Pen colours are `0` to `15`, or `#rrggbb`
 */

/** A pen that changes nothing. */
export const plainPen = () => ({ fg: null, bg: null, bold: false, dim: false, italic: false, underline: false, inverse: false, strike: false });

// CSI sequences; OSC, DCS and others up to their end; two-character ones; other controls but tab.
const ESCAPE = /\x1b\[([0-?]*)[ -/]*([@-~])|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\|(?=\n)|$)|\x1b[ -/]*[0-~]|\x1b|[\x00-\x08\x0b-\x1f\x7f]/g;

/**
 * The text without its escape sequences.
 * @param {string} text
 */
export function strip(text) {
  return text.includes("\x1b") ? text.replace(ESCAPE, "") : text;
}

/**
 * What a line shows once its carriage returns have done their work: what was written last.
 * @param {string} line
 */
export function afterReturns(line) {
  if (!line.includes("\r")) return line;
  const written = line.split("\r");
  for (let at = written.length - 1; at > 0; at--) if (strip(written[at]) !== "") return written[at];
  return written[0];
}

/**
 * The runs of one look that a line is made of.
 * @param {string} line
 * @param {Pen} pen as the line before left it; changed to how this one leaves it
 * @returns {{ text: string, pen: Pen }[]}
 */
export function runs(line, pen) {
  const found = [];
  let from = 0;
  const take = (to) => to > from && found.push({ text: line.slice(from, to), pen: { ...pen } });
  ESCAPE.lastIndex = 0;
  for (let escape = ESCAPE.exec(line); escape; escape = ESCAPE.exec(line)) {
    take(escape.index);
    from = escape.index + escape[0].length;
    if (escape[2] === "m") paint(pen, escape[1]);
  }
  take(line.length);
  return found;
}

/** Only what a line does to the pen. */
export function carry(line, pen) {
  if (line.includes("\x1b")) for (const [, codes, final] of line.matchAll(ESCAPE)) if (final === "m") paint(pen, codes);
}

const ON = { 1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "strike" };
const OFF = { 22: ["bold", "dim"], 23: ["italic"], 24: ["underline"], 27: ["inverse"], 29: ["strike"] };

function paint(pen, codes) {
  if (/[<=>?]/.test(codes)) return;
  const numbers = codes.split(/[;:]/).map(Number);
  for (let at = 0; at < numbers.length; at++) {
    const code = numbers[at];
    if (code === 0) Object.assign(pen, plainPen());
    else if (ON[code]) pen[ON[code]] = true;
    else if (OFF[code]) for (const name of OFF[code]) pen[name] = false;
    else if (code >= 30 && code <= 37) pen.fg = String(code - 30);
    else if (code >= 90 && code <= 97) pen.fg = String(code - 82);
    else if (code >= 40 && code <= 47) pen.bg = String(code - 40);
    else if (code >= 100 && code <= 107) pen.bg = String(code - 92);
    else if (code === 39) pen.fg = null;
    else if (code === 49) pen.bg = null;
    else if (code === 38 || code === 48) {
      const [colour, used] = extended(numbers.slice(at + 1));
      if (colour !== null) pen[code === 38 ? "fg" : "bg"] = colour;
      at += used;
    }
  }
}

/** `5;N` of 256 colours, or `2;R;G;B`. */
function extended([kind, a, b, c]) {
  const isByte = (number) => Number.isInteger(number) && number >= 0 && number <= 255;
  if (kind === 5) return [isByte(a) ? indexed(a) : null, 2];
  if (kind === 2) return [isByte(a) && isByte(b) && isByte(c) ? hex(a, b, c) : null, 4];
  return [null, Infinity];
}

function indexed(number) {
  if (number < 16) return String(number);
  if (number >= 232) return hex(...new Array(3).fill(8 + (number - 232) * 10));
  const level = (part) => (part === 0 ? 0 : 55 + part * 40);
  const at = number - 16;
  return hex(level(Math.floor(at / 36)), level(Math.floor(at / 6) % 6), level(at % 6));
}

const hex = (...parts) => `#${parts.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
