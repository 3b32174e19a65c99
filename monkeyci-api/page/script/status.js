// How a status looks: a colour and a shape of its own each, so that neither is needed alone.

import { h, svg } from "./element.js";

/** What is drawn in the circle of 16 by 16. */
const SHAPES = {
  success: ["disc", "M4.8 8.3l2.2 2.2 4.2-4.8"],
  failure: ["disc", "M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2"],
  error: ["triangle", "M8 5.6v3.6M8 11.4v.1"],
  running: ["ring", null],
  initializing: ["ring", null],
  queued: ["dots", "M8 5v3.2l2 1.3"],
  pending: ["dots", null],
  blocked: ["square", "M6.3 5.4v5.2M9.7 5.4v5.2"],
  canceled: ["circle", "M4.5 11.5l7-7"],
  skipped: ["circle", "M5.6 5.4L8.2 8l-2.6 2.6M8.4 5.4L11 8l-2.6 2.6"],
};

const OUTLINES = {
  disc: "M8 .8a7.2 7.2 0 1 1 0 14.4A7.2 7.2 0 0 1 8 .8z",
  triangle: "M8 1.2 15.2 14.2H.8z",
  square: "M3.2 1.2h9.6a2 2 0 0 1 2 2v9.6a2 2 0 0 1-2 2H3.2a2 2 0 0 1-2-2V3.2a2 2 0 0 1 2-2z",
};

const WORDS = {
  success: "Passed", failure: "Failed", error: "Error", running: "Running", initializing: "Starting", queued: "Queued",
  pending: "Waiting", blocked: "Needs approval", canceled: "Canceled", skipped: "Skipped",
};

/** A status in a word for people. */
export const word = (status) => WORDS[status] ?? String(status);

/** Whether nothing can follow on a status. */
export const isEnded = (status) => ["success", "failure", "error", "canceled", "skipped"].includes(status);

/** Whether a status is bad news. */
export const isBad = (status) => status === "failure" || status === "error";

/** The picture of a status; with its word for those who do not see it, unless that stands beside it. */
export function icon(status, size = 16, { isSilent = false } = {}) {
  const [outline, mark] = SHAPES[status] ?? SHAPES.pending;
  const parts = [];
  if (outline in OUTLINES) parts.push(svg("path.solid", { d: OUTLINES[outline] }));
  else if (outline === "ring") {
    parts.push(svg("circle.track", { cx: 8, cy: 8, r: 6.2 }), svg("path.turn", { d: "M8 1.8A6.2 6.2 0 0 1 14.2 8" }));
    parts.push(svg("circle.core", { cx: 8, cy: 8, r: 2.4 }));
  } else parts.push(svg(`circle.${outline}`, { cx: 8, cy: 8, r: 6.2 }));
  if (mark) parts.push(svg(`path.mark`, { d: mark, class: outline in OUTLINES ? "cut" : null }));
  const attributes = { viewBox: "0 0 16 16", width: size, height: size, "data-status": status, ...(isSilent ? { "aria-hidden": "true" } : { role: "img" }) };
  return svg("svg.status", attributes, !isSilent && svg("title", word(status)), parts);
}

/** A status as picture and word. */
export function badge(status) {
  return h("span.badge", { "data-status": status }, icon(status, 16, { isSilent: true }), word(status));
}

const COLOURS = {
  success: "#1f8a4c", failure: "#d1242f", error: "#a333c8", running: "#2f6fde", initializing: "#2f6fde", blocked: "#c77700",
};

/** The picture of the tab for a status, as a URL. */
export function tabIcon(status) {
  const [outline, mark] = SHAPES[status] ?? [];
  const colour = COLOURS[status] ?? "#7a808a";
  const shape = OUTLINES[outline] ?? OUTLINES.disc;
  const cut = mark ? `<path d="${mark}" fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round"/>` : `<circle cx="8" cy="8" r="3" fill="#fff"/>`;
  const text = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path d="${shape}" fill="${colour}"/>${cut}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(text)}`;
}
