// When each attempt of each job waited and ran: one bar per attempt on the build's own time.

import { h } from "../element.js";
import { criticalPath } from "../live/build.js";
import { page } from "../route.js";
import { icon } from "../status.js";
import { duration } from "../time.js";

/** Most rows; a build of thousands of jobs shows those that ran longest. */
const MOST = 150;

/**
 * Distances of marks on an axis of `span` milliseconds: at most seven. Pure.
 * @param {number} span
 * @returns {number} milliseconds
 */
export function step(span) {
  const steps = [100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000];
  return steps.find((one) => span / one <= 7) ?? Math.ceil(span / 7 / 3_600_000) * 3_600_000;
}

/**
 * Draws the timeline.
 * @param {any} build as `live/build.js` has it
 * @param {{ org: string, repo: string, number: string }} id
 */
export function timeline(build, id, now = Date.now()) {
  let jobs = [...build.jobs.values()].filter((job) => job.attempts.length);
  if (!jobs.length) return null;
  const begin = (attempt) => attempt.queued ?? attempt.leased ?? attempt.started ?? now;
  const from = Math.min(build.began ?? Infinity, ...jobs.map((job) => Math.min(...job.attempts.map(begin))));
  const last = Math.max(...jobs.map((job) => job.attempts.at(-1).ended ?? now));
  const span = Math.max(1, (build.ended ?? last) - from);
  const left = (time) => `${(Math.min(1, Math.max(0, (time - from) / span)) * 100).toFixed(3)}%`;
  const part = (a, b) => `${(Math.max(0, Math.min(b, from + span) - Math.max(a, from)) / span * 100).toFixed(3)}%`;
  const hidden = Math.max(0, jobs.length - MOST);
  const took = (job) => job.attempts.reduce((sum, one) => sum + (one.ended ?? now) - begin(one), 0);
  if (hidden) jobs = jobs.sort((a, b) => took(b) - took(a)).slice(0, MOST);
  jobs.sort((a, b) => begin(a.attempts[0]) - begin(b.attempts[0]));
  const critical = criticalPath(build);
  const every = step(span);
  const marks = Array.from({ length: Math.floor(span / every) + 1 }, (_, at) => at * every);
  const row = (job) => h("li", { key: job.job.id, class: critical.has(job.job.id) ? "critical" : null, "data-status": job.status },
    h("a.row", { href: page.job(id.org, id.repo, id.number, job.job.id), "data-item": true },
      h("span.name", icon(job.status, 14), h("span.text", job.job.id)),
      h("span.track", job.attempts.map((one) => bars(one, { left, part, begin, now })),
        h("span.took", { style: { left: left(job.attempts.at(-1).ended ?? now) } }, total(job, now)))));
  return h("div.timeline", { key: "timeline" },
    h("div.axis", { "aria-hidden": "true" }, h("span.name"), h("span.track", marks.map((time) => h("span.mark", { style: { left: left(from + time) } }, time === 0 ? "0" : duration(time).replace(/\.0s/, "s"))))),
    h("ol", jobs.map(row)),
    h("p.legend", h("span.key.wait", "waits for capacity"), h("span.key.prepare", "prepares"), h("span.key.run", "runs"), h("span.key.critical", "critical path"),
      hidden > 0 && ` The ${MOST} longest of ${hidden + MOST} jobs.`));
}

function total(job, now) {
  const { started, ended } = job.attempts.at(-1);
  return started ? duration((ended ?? now) - started) : "";
}

function bars(attempt, { left, part, begin, now }) {
  const { queued, leased, started, ended, status } = attempt;
  const end = ended ?? now;
  const bar = (kind, a, b) => a !== undefined && b >= a && h(`span.bar.${kind}`, { style: { left: left(a), width: part(a, b) }, "data-status": status });
  const title = [`attempt ${attempt.attempt}`, queued && `waited ${duration((leased ?? started ?? end) - queued)}`,
    leased && `prepared ${duration((started ?? end) - leased)}`, started && `ran ${duration(end - started)}`, attempt.worker && `on ${attempt.worker}`];
  return h("span.attempt", { title: title.filter(Boolean).join(", ") },
    bar("wait", queued ?? begin(attempt), leased ?? started ?? end), leased && bar("prepare", leased, started ?? end), started && bar("run", started, end));
}
