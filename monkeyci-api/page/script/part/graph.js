// The jobs of a build as a graph that lives: boxes that link to their jobs, over the curves of what depends on what.

import { h, svg } from "../element.js";
import { page } from "../route.js";
import { icon, word } from "../status.js";
import { elapsed } from "../time.js";
import { layout } from "./layout.js";

const HEIGHT = 46;
const ROW = 60;
const GAP = 36;
const EDGE = 2;
/** Pixels of a box beside its name, and of the button in it. */
const BESIDE = 54;
const BUTTONS = 80;
const NARROWEST = 124;
const WIDEST = 300;

/** The same jobs stand in the same places, whatever they do; a layout is kept for them. */
let laidOut = { of: "", value: null };

/**
 * Draws the graph.
 * @param {any} build as `live/build.js` has it
 * @param {{ id: any, approve?: (job: string) => void }} how
 */
export function graph(build, { id, approve }) {
  const jobs = [...build.jobs.values()];
  if (!jobs.length) return null;
  const { columns, rows, paths, ends } = places(jobs);
  const lefts = [];
  let x = EDGE;
  for (let column = 0; column <= Math.max(...columns); column++) {
    const longest = Math.max(...jobs.filter((_, at) => columns[at] === column).map((job) => width(job)));
    lefts.push({ left: x, width: longest });
    x += longest + GAP;
  }
  const all = [...rows, ...paths.flat().map(([, row]) => row)];
  const size = { width: x - GAP + EDGE, height: Math.max(...all) * ROW + HEIGHT + 2 * EDGE };
  const edges = paths.map((path, at) => {
    const [from, to] = ends[at].map((index) => jobs[index]);
    return svg("path.edge", { key: `${from.job.id} ${to.job.id}`, d: curve(path, lefts), "data-status": from.status, class: isOpen(to) && from.status === "success" ? "ready" : null });
  });
  const boxes = jobs.map((job, at) => {
    const { left, width } = lefts[columns[at]];
    const place = { left: `${left}px`, top: `${EDGE + rows[at] * ROW}px`, width: `${width}px`, height: `${HEIGHT}px` };
    return box(job, { place, id, approve });
  });
  return h("div.graph", { key: "graph", role: "group", "aria-label": `${jobs.length} jobs`, tabindex: -1 },
    h("div.canvas", { style: { width: `${size.width}px`, height: `${size.height}px` } },
      svg("svg", { width: size.width, height: size.height, "aria-hidden": "true" }, edges), boxes));
}

const isOpen = (job) => !["success", "failure", "error", "canceled", "skipped"].includes(job.status);

function places(jobs) {
  const key = jobs.map(({ job }) => `${job.id}:${(job.dependencies ?? []).join()}`).join(" ");
  if (laidOut.of !== key) {
    const at = new Map(jobs.map(({ job }, index) => [job.id, index]));
    const edges = jobs.flatMap(({ job }, index) => (job.dependencies ?? []).filter((id) => at.has(id)).map((id) => [at.get(id), index]));
    const made = layout(jobs.length, edges);
    const ends = edges.filter(([from, to]) => made.columns[to] > made.columns[from]);
    laidOut = { of: key, value: { ...made, ends } };
  }
  return laidOut.value;
}

let pen = null;

/** Room for the name, and for the button of a job that will ask for approval: the graph must not jump when it does. */
function width(job) {
  if (!pen) {
    pen = document.createElement("canvas").getContext("2d");
    pen.font = `600 14px ${getComputedStyle(document.body).fontFamily}`;
  }
  const asks = (job.job.blocked && isOpen(job)) || job.status === "blocked" ? BUTTONS : 0;
  return Math.ceil(Math.min(WIDEST, Math.max(NARROWEST, pen.measureText(job.job.id).width + BESIDE)) + asks);
}

function curve(path, lefts) {
  const middle = (row) => (EDGE + row * ROW + HEIGHT / 2).toFixed(1);
  const [first, ...rest] = path;
  let x = lefts[first[0]].left + lefts[first[0]].width;
  let y = middle(first[1]);
  let line = `M${x} ${y}`;
  rest.forEach(([column, row], at) => {
    const { left, width } = lefts[column];
    const to = middle(row);
    const half = (x + left) / 2;
    line += ` C${half} ${y} ${half} ${to} ${left} ${to}`;
    [x, y] = [left, to];
    if (at + 1 < rest.length) line += ` H${(x = left + width)}`;
  });
  return line;
}

function box(job, { place, id, approve }) {
  const { job: { id: name, allowFailure, blocked: gated }, status, attempt, started, ended } = job;
  const asks = status === "blocked" && approve;
  return h("div.job", { key: name, style: place, "data-status": status, class: [allowFailure && "may-fail", asks && "asks"].filter(Boolean).join(" ") || null },
    h("a", { href: page.job(id.org, id.repo, id.number, name), "data-item": true, title: job.waiting ?? job.reason ?? job.result?.message ?? null },
      icon(status, 18),
      h("span.words", h("span.name", name),
        h("span.meta", started ? elapsed(started, isOpen(job) ? undefined : ended ?? started) : soon(job, gated), attempt > 1 && h("span.attempt", `attempt ${attempt}`)))),
    asks && h("span.verbs", h("button.small.primary", { type: "button", on: { click: () => approve(name) } }, "Approve")));
}

function soon({ status, waiting }, gated) {
  if (status === "pending" && gated) return "then needs approval";
  return (status === "queued" || status === "pending") && waiting ? waiting : word(status);
}
