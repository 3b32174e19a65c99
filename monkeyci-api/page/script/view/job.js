// One job: its log as it is written, its tests, what it left, and what it was told to do.

import { all, get } from "../api.js";
import { h, hold } from "../element.js";
import { bind } from "../keys.js";
import { watch } from "../live/watch.js";
import { fromMarks, fromResult } from "../log/sections.js";
import { logView } from "../log/view.js";
import { may } from "../me.js";
import { approve, cancel, reject } from "../part/actions.js";
import { artifactList, details } from "../part/job_details.js";
import { tally, testResults, tests } from "../part/tests.js";
import { headline, plain } from "../part/trigger.js";
import { buildId, page, rest } from "../route.js";
import { badge, icon, isBad, isEnded } from "../status.js";
import { agoElement, elapsed } from "../time.js";

/** Marks that are asked for at once. */
const MARKS = 1000;
/** Jobs of the list beside the log. */
const MOST = 300;

/** Draws the view, and keeps it current. */
export async function show({ params: id, query, me, signal, draw, go }) {
  const { org, repo, number, job: name } = id;
  const here = page.job(org, repo, number, name);
  const tab = query.get("tab") ?? "log";
  const wanted = Number(query.get("attempt")) || null;
  const testState = {};
  let log = null;
  let artifacts = null;
  const marks = markReader(id, signal);

  const paint = (build) => {
    const job = build.jobs.get(name);
    if (!job) return missing(build, id, draw);
    const attempt = wanted ?? job.attempt;
    const result = job.attempts.find((one) => one.attempt === attempt)?.result ?? (attempt === job.attempt ? job.result : null);
    const rows = tests(result?.["monkey.ci/tests"] ?? []);
    const isRunning = attempt === job.attempt && !isEnded(job.status) && !(result && job.status === "running");
    if (tab === "log" && attempt > 0 && log?.attempt !== attempt) log = openLog(job, attempt, isRunning);
    if (log) marks(log, result, isRunning);
    const address = (changes) => {
      const to = new URLSearchParams(Object.entries({ tab, attempt: wanted, ...changes }).filter(([key, value]) => value && !(key === "tab" && value === "log")));
      return to.size ? `${here}?${to}` : here;
    };
    const counts = tally(rows);
    const tabs = [["log", "Log"], ["tests", "Tests", rows.length > 0 && (counts.failed || rows.length), counts.failed > 0], ["artifacts", "Artifacts", result?.artifacts?.length], ["details", "Details"]];
    const body = {
      log: () => (log ? hold(log.view.element) : waits(job)),
      tests: () => (rows.length ? testResults(rows, { id, job: name, state: testState, redraw: () => paint(watched.current()), signal }) : h("p.empty", isEnded(job.status) ? "This job has no test report." : "Test reports are read when the job has ended.")),
      artifacts: () => artifactList(artifacts?.filter((one) => one.job === name), result, id),
      details: () => details(job, result),
    }[tab] ?? (() => null);
    draw(h("div.job-page",
      h("nav.jobs", { "aria-label": "Jobs of the build" }, h("ol", jobList(build, id))),
      h("div.job-main", heading(job, attempt, id, me, address),
        result?.message && isBad(job.status) && h("p.job-message", { "data-status": job.status }, result.message),
        h("nav.tabs", { "aria-label": "Parts of the job" }, tabs.map(([key, label, count, isBad]) => h("a", { key, href: address({ tab: key }), "aria-current": key === tab ? "page" : null }, label, count > 0 && h("span.count", { class: isBad ? "bad" : null }, String(count))))),
        body())),
    { title: `${name} #${number} ${repo}`, status: job.status, trail: [[org, page.org(org)], [repo, page.repo(org, repo)], [`#${number}`, page.build(org, repo, number)], [name, here]] });
  };

  const openLog = (job, attempt, isRunning) => {
    const command = (index) => plain(job.job.script?.[index] ?? (index === 0 ? (job.job.command ?? []).map(plain).join(" ") : `line ${index + 1}`));
    const view = logView({ path: rest.log(org, repo, number, name, attempt), name: `${repo}-${number}-${name}-${attempt}`, signal, command, isRunning });
    bind([...keys, ...view.keys]);
    return { attempt, view };
  };
  const keys = [
    ["]", "Next job", () => neighbour(1)], ["[", "Job before", () => neighbour(-1)],
    ["a", "Approve", () => may(me, org, "developer", repo) && watched.current().jobs.get(name)?.status === "blocked" && approve(id, name, () => {})],
    ["c", "Cancel the build", () => may(me, org, "developer", repo) && !isEnded(watched.current().status) && cancel(id, () => {})],
  ];
  const neighbour = (by) => {
    const names = [...watched.current().jobs.keys()];
    const to = names[names.indexOf(name) + by];
    if (to) go(page.job(org, repo, number, to));
  };
  bind(keys);
  let watched = null;
  watched = await watch(id, signal, {
    changed: paint,
    event: ({ type, jobId }) => jobId === name && type.startsWith("command/") && marks.moved(),
  });
  paint(watched.current());
  if (tab === "artifacts") {
    artifacts = await all(`${rest.build(org, repo, number)}/artifacts`, signal).catch(() => []);
    paint(watched.current());
  }
}

/** Where lines of the script begin and end: from the result when there is one, else asked for as the job goes on. */
function markReader(id, signal) {
  let told = [];
  let at = 0;
  let from = null;
  let asking = false;
  const ask = async () => {
    if (asking || !from) return;
    asking = true;
    const { log, attempt } = from;
    const path = `${rest.job(id.org, id.repo, id.number, id.job)}/attempts/${attempt}/marks`;
    try {
      for (let more = true; more && !signal.aborted; ) {
        const { items } = await get(`${path}?first=${at}&limit=${MARKS}`, signal);
        at += items.length;
        told.push(...items.filter(({ type }) => type.startsWith("line-")));
        more = items.length === MARKS;
      }
      if (from?.log === log) log.view.mark(fromMarks(told), true);
    } catch {
      // Without marks the log is one section; the next event asks again.
    }
    asking = false;
  };
  const every = setInterval(ask, 2000);
  signal.addEventListener("abort", () => clearInterval(every));
  const read = (log, result, isRunning) => {
    if (log.settled) return;
    if (result?.lines?.length || !isRunning) {
      log.settled = Boolean(result) || !isRunning;
      from = null;
      return log.view.mark(fromResult(result?.lines ?? []), false);
    }
    if (from?.log === log) return;
    [told, at, from] = [[], 0, { log, attempt: log.attempt }];
    ask();
  };
  read.moved = () => setTimeout(ask, 50);
  return read;
}

function heading(job, attempt, id, me, address) {
  const { status, started, ended, attempts } = job;
  const mayAct = status === "blocked" && may(me, id.org, "developer", id.repo);
  // A terminal is loaded with the first shell.
  const mayEnter = status === "running" && may(me, id.org, "maintainer", id.repo) && (() => import("../terminal/shell.js").then(({ open }) => open(id)));
  const numbers = attempts.length > 1 || job.attempt > 1 ? Array.from({ length: job.attempt }, (_, at) => at + 1) : [];
  return h("header.head", { "data-status": status }, h("h1", badge(status), id.job),
    mayAct && h("div.actions", h("button", { type: "button", class: "quiet", on: { click: () => reject(id, id.job, () => {}) } }, "Reject"), h("button.primary", { type: "button", on: { click: () => approve(id, id.job, () => {}) } }, "Approve")),
    mayEnter && h("div.actions", h("button.quiet", { type: "button", on: { click: mayEnter } }, "Open a shell")),
    h("p.facts",
      numbers.length > 0 && h("span.attempts", "Attempt ", numbers.map((one) => {
        const known = attempts.find((other) => other.attempt === one);
        return h("a.chip", { key: one, href: address({ attempt: one === job.attempt ? null : one }), "aria-current": one === attempt ? "true" : null }, known && icon(known.status, 12), String(one));
      })),
      started ? [agoElement(started), h("span.took", elapsed(started, isEnded(status) || status === "queued" ? ended ?? started : undefined))] : job.waiting && h("span", job.waiting),
      job.worker && h("span", `on ${job.worker}`), job.job.image && h("code.image", job.job.image),
      job.addresses.map(({ exposed, host, port }) => h("code", `${exposed} → ${host}:${port}`)), job.shell && h("span", `${job.shell} has a shell open`), job.held && h("span", "held for a shell"),
      job.reason && h("span", job.reason)));
}

function jobList(build, { org, repo, number, job: name }) {
  return [...build.jobs.values()].slice(0, MOST).map(({ job, status, started, ended }) => h("li", { key: job.id },
    h("a", { href: page.job(org, repo, number, job.id), "data-item": true, "aria-current": job.id === name ? "page" : null },
      icon(status, 14), h("span.name", job.id), started && h("span.took", elapsed(started, isEnded(status) || status === "queued" ? ended ?? started : undefined)))));
}

function waits({ job, waiting, status, reason, taken }) {
  const from = taken && buildId(taken.build);
  if (from) return h("p.empty", "It ended well in ", h("a", { href: page.job(from.org, from.repo, from.number, job.id) }, `#${from.number}`), ", and ran no more here.");
  return h("p.empty", status === "skipped" ? `Skipped: ${reason ?? "it could no longer run"}.` : isEnded(status) ? "It never ran." : waiting ?? "It has not begun yet.");
}

function missing(build, { org, repo, number, job }, draw) {
  draw(h("section.empty", h("p", build.jobs.size || isEnded(build.status) ? `The build has no job ${job}.` : "The build's script is being loaded."), h("p", h("a", { href: page.build(org, repo, number) }, headline(build.trigger, number)))),
    { title: `${job} #${number}`, trail: [[org, page.org(org)], [repo, page.repo(org, repo)], [`#${number}`, page.build(org, repo, number)]] });
}
