// The sections of a log, one for each line of the script, and which rows are seen when some are folded. Pure.

/**
 * @typedef {{ index: number, offset: number, exit: number | null, duration: number | null, start?: number }} Mark
 * @typedef {{ mark: Mark | null, first: number, end: number, isOpen: boolean, row: number }} Section lines from `first`
 *   to before `end`; `row` is its first row: its head, or for what has none its first line
 */

/** Sections over an index of lines. */
export class Sections {
  #lines;
  #marks = [];
  #chosen = new Map();
  /** @type {Section[]} */
  list = [];
  /** How many rows are seen. */
  rows = 0;

  /** @param {import("./lines.js").Lines} lines */
  constructor(lines) {
    this.#lines = lines;
    this.layOut();
  }

  /** @param {Mark[]} marks by offset */
  mark(marks) {
    this.#marks = marks;
    marks.forEach(({ offset }) => this.#lines.breakAt(offset));
    this.layOut();
  }

  /** Folds a section, or opens it; `index` is that of its line of the script. */
  choose(index, isOpen) {
    this.#chosen.set(index, isOpen);
    this.layOut();
  }

  /** Finds the rows anew: lines came, or a section was folded. */
  layOut() {
    const { count } = this.#lines;
    const firsts = this.#marks.map(({ offset }) => this.#lines.from(offset));
    this.list = [];
    const before = firsts[0] ?? count;
    if (before > 0 || !this.#marks.length) this.list.push({ mark: null, first: 0, end: before, isOpen: true, row: 0 });
    this.#marks.forEach((mark, at) => {
      this.list.push({ mark, first: firsts[at], end: firsts[at + 1] ?? count, isOpen: this.#isOpen(mark, at), row: 0 });
    });
    let row = 0;
    for (const section of this.list) {
      section.row = row;
      row += (section.mark ? 1 : 0) + (section.isOpen ? section.end - section.first : 0);
    }
    this.rows = row;
  }

  /** What went well folds by itself, but for the last, which people come for when all went well. */
  #isOpen({ index, exit }, at) {
    return this.#chosen.get(index) ?? (exit !== 0 || at === this.#marks.length - 1);
  }

  /**
   * What a row shows: the head of a section, or a line.
   * @returns {{ section: Section, line: number | null }}
   */
  row(row) {
    let [low, high] = [0, this.list.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.list[middle].row <= row) low = middle;
      else high = middle - 1;
    }
    const section = this.list[low];
    const at = row - section.row - (section.mark ? 1 : 0);
    return { section, line: at < 0 ? null : section.first + at };
  }

  /** The section that a line is in. */
  of(line) {
    return this.list.findLast((section) => section.first <= line && line < section.end) ?? this.list.at(-1);
  }

  /** The row of a line; of its section's head where that is folded. */
  rowOf(line) {
    const section = this.of(line);
    if (!section.isOpen) return section.row;
    return section.row + (section.mark ? 1 : 0) + line - section.first;
  }

  /** The first section that went wrong. */
  get failed() {
    return this.list.find(({ mark }) => mark && mark.exit !== null && mark.exit !== 0) ?? null;
  }
}

/**
 * Marks of sections from those that the server tells, in order of their offsets; starts without an end are running.
 * @param {{ type: string, index: number, offset: number, millis: number, exit?: number }[]} told
 * @returns {Mark[]}
 */
export function fromMarks(told) {
  const found = new Map();
  for (const { type, index, offset, millis, exit } of told) {
    if (type === "line-start") found.set(index, { index, offset, exit: null, duration: null, start: millis });
    const begun = found.get(index);
    if (type === "line-end" && begun) Object.assign(begun, { exit, duration: millis - begun.start });
  }
  return [...found.values()];
}

/** Marks of sections from the lines of a job's result. */
export function fromResult(lines) {
  return lines.map(({ index, exit = null, duration, logOffset }) => ({ index, exit, duration, offset: logOffset })).sort((a, b) => a.offset - b.offset);
}
