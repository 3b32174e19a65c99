// Charts of days: how many builds there were and how they ended, and how long they took.

import { svg } from "../element.js";
import { duration } from "../time.js";

const [HEIGHT, LEFT, BELOW] = [190, 40, 20];

/**
 * The next round number that is no smaller, and has a half: where an axis ends. Pure.
 * @param {number} value
 */
export function ceiling(value) {
  const unit = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return [1, 1.2, 1.6, 2, 2.4, 3, 4, 6, 8, 10].map((step) => Math.round(step * unit)).find((one) => one >= value && one % 2 === 0);
}

/**
 * The next time that people read well and is no shorter. Pure.
 * @param {number} millis
 */
export function timeCeiling(millis) {
  const steps = [1, 2, 5, 10, 20, 30].flatMap((step) => [step * 1000, step * 60_000]).concat([1, 2, 4, 8, 12, 24].map((hours) => hours * 3_600_000));
  return steps.sort((a, b) => a - b).find((one) => one >= millis) ?? Math.ceil(millis / 86_400_000) * 86_400_000;
}

const date = (time) => new Date(time).toLocaleDateString(undefined, { timeZone: "UTC", day: "numeric", month: "short" });

/** The frame of a chart: lines at a few heights, and the dates of a few days. */
function frame(days, most, told, label, inside) {
  // As wide as it is shown, so that its words are as large as all others.
  const width = Math.min(1160, Math.max(280, (globalThis.innerWidth ?? 800) - 76));
  const y = (value) => HEIGHT - BELOW - (value / most) * (HEIGHT - BELOW - 10);
  const wide = (width - LEFT) / days.length;
  const every = Math.ceil((days.length * 64) / width);
  return svg("svg.days", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": label },
    [0, most / 2, most].map((value) => [
      svg("line.grid", { x1: LEFT, x2: width, y1: y(value), y2: y(value) }),
      svg("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, told(value)),
    ]),
    days.map((day, at) => (days.length - 1 - at) % every === 0 && svg("text", { x: LEFT + (at + 0.5) * wide, y: HEIGHT - 5, "text-anchor": "middle" }, date(day.time))),
    inside({ y, x: (at) => LEFT + at * wide, wide }));
}

/** A bar for each day, of the builds by how they ended. */
export function counts(days) {
  const of = (day) => [["success", day.success], ["canceled", day.canceled + day.open], ["error", day.error], ["failure", day.failure]];
  const sum = (day) => of(day).reduce((all, [, count]) => all + count, 0);
  const most = ceiling(Math.max(...days.map(sum)));
  const total = days.reduce((all, day) => all + sum(day), 0);
  return frame(days, most, String, `Builds of each day, ${total} in all`, ({ x, y, wide }) => days.map((day, at) => {
    let below = 0;
    const bars = of(day).filter(([, count]) => count > 0).map(([status, count]) => {
      const bar = svg("rect", { x: (x(at) + wide * 0.1).toFixed(1), width: (wide * 0.8).toFixed(1), y: y(below + count).toFixed(1), height: (y(below) - y(below + count)).toFixed(1), "data-status": status });
      below += count;
      return bar;
    });
    const title = `${date(day.time)}: ${day.success} passed, ${day.failure} failed, ${day.error} broke, ${day.canceled} canceled${day.open ? `, ${day.open} open` : ""}`;
    return svg("g", svg("title", title), svg("rect.hit", { x: x(at), y: 0, width: wide, height: HEIGHT - BELOW }), bars);
  }));
}

/** How long builds of each day took: a bar up to 19 of 20, and a dot at the half. Days without any are left out. */
export function durations(days) {
  const times = days.flatMap((day) => (day.duration ? [day.duration.p95] : []));
  if (!times.length) return null;
  const most = timeCeiling(Math.max(...times, 1000));
  const told = (value) => value === 0 ? "0" : duration(value).replace(/ 00[sm]$/, "").replace(/\.0s$/, "s");
  return frame(days, most, told, "How long builds of each day took", ({ x, y, wide }) => {
    const seen = days.flatMap((day, at) => (day.duration ? [[day, x(at) + wide / 2]] : []));
    const line = seen.map(([day, left], at) => `${at ? "L" : "M"}${left.toFixed(1)} ${y(day.duration.p50).toFixed(1)}`).join("");
    return [svg("path.trend", { d: line }), seen.map(([day, left]) => {
      const { p50, p95, count } = day.duration;
      return svg("g", svg("title", `${date(day.time)}: half in ${duration(p50)}, 19 of 20 in ${duration(p95)}, of ${count}`),
        svg("rect.hit", { x: left - wide / 2, y: 0, width: wide, height: HEIGHT - BELOW }),
        svg("line.span", { x1: left.toFixed(1), x2: left.toFixed(1), y1: y(p50).toFixed(1), y2: y(p95).toFixed(1) }),
        svg("circle", { cx: left.toFixed(1), cy: y(p50).toFixed(1), r: 3 }));
    })];
  });
}
