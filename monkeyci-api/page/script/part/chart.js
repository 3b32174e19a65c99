// Small charts of a repository's builds: how they ended, how long they took, how many there were each day.

import { h, svg } from "../element.js";
import { page } from "../route.js";
import { isBad, word } from "../status.js";
import { duration } from "../time.js";

const DAY = 86_400_000;

/**
 * Figures of builds that ended. Pure.
 * @param {any[]} builds newest first
 */
export function figures(builds, now = Date.now()) {
  const decided = builds.filter(({ status }) => ["success", "failure", "error"].includes(status));
  const good = decided.filter(({ status }) => status === "success");
  const times = good.filter(({ ended }) => ended).map(({ created, ended }) => ended - created).sort((a, b) => a - b);
  const at = (part) => times[Math.min(times.length - 1, Math.floor(times.length * part))];
  const days = new Map();
  const day = (time) => Math.floor(time / DAY);
  for (let past = 13; past >= 0; past--) days.set(day(now) - past, { good: 0, bad: 0, other: 0 });
  for (const { created, status } of builds) {
    const found = days.get(day(created));
    if (found) found[status === "success" ? "good" : isBad(status) ? "bad" : "other"]++;
  }
  return {
    rate: decided.length ? good.length / decided.length : null,
    decided: decided.length, median: at(0.5), slow: at(0.9),
    days: [...days].map(([at, counts]) => ({ time: at * DAY, ...counts })),
  };
}

/** The charts of a repository, from its newest builds. */
export function charts(builds) {
  const found = figures(builds);
  if (builds.length < 2) return null;
  return h("section.charts", { "aria-label": "Statistics" },
    figure("Passed", found.rate === null ? "–" : `${Math.round(found.rate * 100)}%`, `of the last ${found.decided}`, outcomes(builds.slice(0, 55))),
    figure("Duration", found.median === undefined ? "–" : duration(found.median),
      found.slow === undefined ? "none has passed" : `median; nine of ten in ${duration(found.slow)}`, durations(builds)),
    figure("Builds", String(found.days.reduce((sum, day) => sum + day.good + day.bad + day.other, 0)), "in 14 days", perDay(found.days)));
}

function figure(name, value, about, picture) {
  return h("figure", h("figcaption", h("span.name", name), h("b", value), h("span.about", about)), picture);
}

const label = (build) => `#${build.number} ${word(build.status)}${build.ended ? `, ${duration(build.ended - build.created)}` : ""}`;

/** A bar for each build, the newest at the right; its shape says how it ended. */
function outcomes(builds) {
  const first = 55 - builds.length;
  const bars = [...builds].reverse().map((build, at) => {
    const tall = build.status === "success" ? 16 : 34;
    return svg("a", { href: page.build(build.org, build.repo, build.number), tabindex: -1 }, svg("title", label(build)),
      svg("rect", { x: (first + at) * 6, y: 36 - tall, width: 4.4, height: tall, rx: 1.2, "data-status": build.status }));
  });
  return svg("svg.chart", { viewBox: "0 0 330 38", role: "img", "aria-label": "How the newest builds ended" }, bars);
}

/** A dot for each build that ran to its end, the newest at the right. */
function durations(builds) {
  const ran = builds.filter(({ ended, status }) => ended && status !== "canceled").slice(0, 60).reverse();
  const most = Math.max(1, ...ran.map(({ created, ended }) => ended - created));
  const x = (at) => (ran.length > 1 ? (at / (ran.length - 1)) * 322 + 4 : 165);
  const y = ({ created, ended }) => 34 - ((ended - created) / most) * 30;
  const line = ran.map((build, at) => `${at ? "L" : "M"}${x(at).toFixed(1)} ${y(build).toFixed(1)}`).join("");
  return svg("svg.chart", { viewBox: "0 0 330 38", role: "img", "aria-label": `How long builds took, ${duration(most)} at the most` },
    svg("path.trend", { d: line }),
    ran.map((build, at) => svg("a", { href: page.build(build.org, build.repo, build.number), tabindex: -1 }, svg("title", label(build)),
      svg("circle", { cx: x(at).toFixed(1), cy: y(build).toFixed(1), r: isBad(build.status) ? 2.6 : 2, "data-status": build.status }))));
}

function perDay(days) {
  const most = Math.max(1, ...days.map(({ good, bad, other }) => good + bad + other));
  return svg("svg.chart", { viewBox: "0 0 330 38", role: "img", "aria-label": "Builds of each day" }, days.map((day, at) => {
    let y = 36;
    const part = (count, status) => {
      const tall = (count / most) * 34;
      y -= tall;
      return count > 0 && svg("rect", { x: at * 23.8, y: y.toFixed(1), width: 19, height: tall.toFixed(1), rx: 1.5, "data-status": status });
    };
    const title = `${new Date(day.time).toLocaleDateString()}: ${day.good} passed, ${day.bad} failed, ${day.other} others`;
    return svg("g", svg("title", title), svg("rect.ground", { x: at * 23.8, y: 35, width: 19, height: 1 }),
      part(day.good, "success"), part(day.other, "canceled"), part(day.bad, "failure"));
  }));
}
