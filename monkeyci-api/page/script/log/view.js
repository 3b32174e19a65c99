// A log as people read it: sections that fold, search, links to lines, and its end while it grows.

import { h } from "../element.js";
import { lines as linesOf } from "../route.js";
import { bytes as amount } from "../time.js";
import { Bytes } from "./bytes.js";
import { feed, range } from "./feed.js";
import { Lines } from "./lines.js";
import { Scroller } from "./scroller.js";
import { Search } from "./search.js";
import { Sections } from "./sections.js";
import { headRow, lineRow, Text } from "./text.js";

/**
 * A log.
 * @param {{ path: string, name: string, signal: AbortSignal, command: (index: number) => string, isRunning: boolean }} of
 * @returns {{ element: HTMLElement, mark: (marks: import("./sections.js").Mark[], isRunning: boolean) => void,
 *   keys: [string, string, () => void][] }}
 */
export function logView({ path, name, signal, command, isRunning }) {
  const lines = new Lines();
  const bytes = new Bytes((from, to) => range(path, from, to, signal));
  const sections = new Sections(lines);
  const text = new Text(bytes, lines, () => redraw());
  let epoch = 0;
  let chosen = linesOf(location.hash);
  let running = isRunning;
  let isWhole = false;
  let due = 0;
  // Where to go while the log comes in, until somebody touches it.
  let goal = chosen ? "chosen" : running ? "end" : "failed";

  const scroller = new Scroller({ rows: () => sections.rows, make, pinned, moved: () => bar() });
  const search = new Search(bytes, lines, () => (bar(), redraw()));
  const redraw = () => {
    epoch++;
    scroller.refresh();
  };

  function make(row) {
    const { section, line } = sections.row(row);
    if (line === null) {
      const { mark, isOpen, first, end } = section;
      const key = `s${mark.index} ${isOpen} ${mark.exit} ${isOpen ? end > first : end - first} ${running}`;
      return { key, element: () => headRow({ section, command: command(mark.index), isRunning: running, choose }) };
    }
    const isChosen = chosen && line + 1 >= chosen.first && line + 1 <= chosen.last;
    const isHit = search.needle !== "" && search.found[search.at] === line;
    const key = `l${line} ${lines.end(line)} ${epoch}`;
    const element = () => lineRow({ number: line + 1, text: text.line(line), pen: text.pen(line, section.first), needle: search.needle, isChosen, isHit });
    return { key, element };
  }

  /** The head of a section stays in view while its lines are. */
  function pinned(row) {
    const { section, line } = sections.row(row);
    return section.mark && line !== null ? section.row : null;
  }

  function choose(index, isOpen) {
    goal = null;
    scroller.isFollowing = false;
    sections.choose(index, isOpen);
    scroller.refresh();
    bar();
  }

  /** Has a line seen, in a section that is open. */
  function reveal(line, where) {
    const section = sections.of(line);
    if (section?.mark && !section.isOpen) sections.choose(section.mark.index, true);
    scroller.show(sections.rowOf(line), where);
  }

  function pursue() {
    if (goal === "end") scroller.follow();
    if (goal === "chosen" && chosen.first <= lines.count) reveal(chosen.first - 1);
    const { failed } = sections;
    if (goal === "failed" && failed) reveal(Math.max(failed.first, failed.end - 1), "end");
  }

  function settle() {
    due ||= requestAnimationFrame(() => {
      due = 0;
      sections.layOut();
      if (goal) pursue();
      scroller.refresh();
      bar();
      search.resume();
    });
  }

  const touched = () => {
    if (goal !== "end") goal = null;
  };
  for (const type of ["wheel", "pointerdown", "keydown"]) scroller.element.addEventListener(type, touched, { passive: true });
  scroller.element.addEventListener("click", (event) => {
    const number = event.target.closest(".number");
    if (!number) return;
    event.preventDefault();
    const at = Number(number.parentNode.dataset.line);
    chosen = event.shiftKey && chosen ? { first: Math.min(chosen.first, at), last: Math.max(chosen.first, at) } : { first: at, last: at };
    history.replaceState(history.state, "", chosen.first === chosen.last ? `#L${at}` : `#L${chosen.first}-L${chosen.last}`);
    redraw();
  });
  addEventListener("hashchange", () => {
    chosen = linesOf(location.hash);
    if (chosen && chosen.first <= lines.count) reveal(chosen.first - 1);
    redraw();
  }, { signal });

  const { element, bar } = toolbar({ path, name, scroller, search, lines, bytes, step, toEnd, wrap, state: () => ({ isWhole, running }) });

  function step(by) {
    goal = null;
    if (search.at < 0) search.near(by > 0 ? sections.row(Math.min(scroller.first, sections.rows - 1)).line ?? 0 : Infinity);
    const line = search.step(by);
    if (line !== null) reveal(line);
    redraw();
    bar();
  }

  function toEnd() {
    const last = sections.list.at(-1);
    if (last?.mark && !last.isOpen) sections.choose(last.mark.index, true);
    goal = null;
    scroller.follow();
    bar();
  }

  function wrap() {
    const { first } = scroller;
    scroller.isWrapped = scroller.element.classList.toggle("wrapped");
    if (!scroller.isFollowing) scroller.show(first, "start");
    redraw();
    bar();
  }

  feed(path, {
    signal,
    mayGrow: () => running,
    bytes: (part) => {
      text.look(part);
      bytes.append(part);
      lines.append(part);
      settle();
    },
    ended: () => {
      isWhole = true;
      settle();
    },
    broken: (error) => element.classList.toggle("broken-off", Boolean(error)),
  });

  const mark = (marks, isStillRunning) => {
    const before = lines.count;
    running = isStillRunning;
    sections.mark(marks);
    if (lines.count !== before) {
      text.forget();
      if (search.needle) search.start(search.needle);
    }
    if (!running && goal === "end" && sections.failed) goal = "failed";
    settle();
  };
  const toFailure = () => sections.failed && reveal(Math.max(sections.failed.first, sections.failed.end - 1), "end");
  const keys = [
    ["n", "Next hit of the search", () => step(1)], ["N", "Hit before", () => step(-1)], ["f", "End of the log, and follow it", toEnd],
    ["e", "What failed", toFailure], ["w", "Wrap long lines", wrap], ["g g", "Top of the log", () => scroller.show(0, "start")],
  ];
  return { element, mark, keys };
}

function toolbar({ path, name, scroller, search, lines, bytes, step, toEnd, wrap, state }) {
  const typed = (event) => {
    clearTimeout(typed.due);
    typed.due = setTimeout(() => search.start(event.target.value), 120);
  };
  const pressed = (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    step(event.shiftKey ? -1 : 1);
  };
  const field = h("input", { type: "search", placeholder: "Search the log", "aria-label": "Search the log", "data-search": true, on: { input: typed, keydown: pressed } });
  const hits = h("span.hits", { role: "status" });
  const size = h("span.size");
  const button = (label, title, click) => h("button.small.quiet", { type: "button", title, "aria-label": title, on: { click } }, label);
  const wrapped = button("Wrap", "Wrap long lines (w)", wrap);
  const jump = h("button.jump", { type: "button", hidden: true, on: { click: toEnd } }, "↓ Jump to the end");
  const element = h("div.log", h("div.log-bar", field, hits, button("↑", "Hit before (N)", () => step(-1)), button("↓", "Next hit (n)", () => step(1)),
    h("span.space"), size, wrapped, h("a.button.small.quiet", { href: path, download: `${name}.log` }, "Raw")), scroller.element, jump);
  const bar = () => {
    const { isWhole, running } = state();
    const count = search.found.length;
    hits.textContent = search.needle ? `${search.at >= 0 ? `${search.at + 1} of ` : ""}${count.toLocaleString("en")}${search.isDone ? "" : "…"}` : "";
    size.textContent = `${lines.count.toLocaleString("en")} lines, ${amount(bytes.size)}`;
    size.classList.toggle("is-live", !isWhole);
    wrapped.setAttribute("aria-pressed", String(scroller.isWrapped));
    jump.hidden = scroller.isFollowing || !running || scroller.isAtEnd;
    element.classList.toggle("is-empty", isWhole && lines.count === 0);
  };
  return { element, bar };
}
