// Test results: failures first, then the slowest; and how one test did in the builds before.

import { get } from "../api.js";
import { h } from "../element.js";
import { page, rest } from "../route.js";
import { icon } from "../status.js";
import { duration } from "../time.js";

/** Passed tests that are shown at first. */
const SLOWEST = 20;
/** Builds before this one that are looked at for a test's history. */
const BEFORE = 20;
/** Requests at a time. */
const AT_ONCE = 4;

/**
 * The tests of a job's suites in the order of interest: failed ones, then by time. Pure.
 * @param {any[]} suites
 * @returns {{ key: string, name: string, group: string, status: string, time: number, problems: any[] }[]}
 */
export function tests(suites) {
  const rows = suites.flatMap((suite) => (suite.testCases ?? []).map((one) => {
    const problems = [...(one.failures ?? []), ...(one.errors ?? [])];
    const status = one.failures?.length ? "failure" : one.errors?.length ? "error" : one.skipped ? "skipped" : "success";
    const group = one.className || suite.name || "";
    return { key: `${group}\u0000${one.testCase}`, name: one.testCase, group, status, time: one.time ?? 0, problems };
  }));
  const rank = { failure: 0, error: 0, success: 1, skipped: 2 };
  return rows.sort((a, b) => rank[a.status] - rank[b.status] || b.time - a.time);
}

/** How many passed, failed and were skipped. Pure. */
export function tally(rows) {
  const counts = { failed: 0, passed: 0, skipped: 0, time: 0 };
  for (const { status, time } of rows) {
    counts[{ failure: "failed", error: "failed", success: "passed", skipped: "skipped" }[status]]++;
    counts.time += time;
  }
  return counts;
}

/**
 * Draws test results.
 * @param {any[]} rows of {@link tests}
 * @param {{ id: any, job: string, state: any, redraw: () => void, signal: AbortSignal }} how `state` is kept by the view
 */
export function testResults(rows, { id, job, state, redraw, signal }) {
  const counts = tally(rows);
  const wanted = (state.filter ?? "").toLowerCase();
  const found = wanted ? rows.filter(({ name, group }) => `${group} ${name}`.toLowerCase().includes(wanted)) : rows;
  const failed = found.filter(({ status }) => status === "failure" || status === "error");
  const others = found.slice(failed.length);
  const shown = state.all || wanted ? others.slice(0, 2000) : others.slice(0, SLOWEST);
  const slowest = Math.max(0.001, ...others.map(({ time }) => time));
  const history = async (row) => {
    if (state.histories?.has(row.key)) state.histories.delete(row.key);
    else {
      (state.histories ??= new Map()).set(row.key, []);
      redraw();
      await lookBack(id, job, row.key, signal, (past) => state.histories.has(row.key) && (state.histories.set(row.key, past), redraw()));
    }
    redraw();
  };
  const item = (row) => h("li.test", { key: row.key, "data-status": row.status },
    h("div.line", icon(row.status, 16),
      h("span.words", h("span.group", row.group), h("b", row.name)),
      h("span.meter", h("span", { style: { width: `${Math.min(100, (row.time / slowest) * 100)}%` } })),
      h("span.took", duration(row.time * 1000)),
      h("button.small.quiet", { type: "button", "aria-expanded": String(Boolean(state.histories?.has(row.key))), on: { click: () => history(row) } }, "History")),
    state.histories?.has(row.key) && past(state.histories.get(row.key), id, job),
    row.problems.map(({ message, type, description }) => h("div.problem", (message || type) && h("p", type && h("span.type", type), message), description && h("pre", description.trim()))));
  return h("section.tests", { key: "tests" },
    h("div.bar-line", h("p.tally", counts.failed > 0 && h("b", { "data-status": "failure" }, `${counts.failed} failed`),
      h("span", `${counts.passed} passed`), counts.skipped > 0 && h("span", `${counts.skipped} skipped`), h("span", duration(counts.time * 1000))),
    h("input", { type: "search", placeholder: "Filter tests", "aria-label": "Filter tests", "data-search": true, value: state.filter ?? "", on: { input: (event) => {
      state.filter = event.target.value;
      redraw();
    } } })),
    failed.length > 0 && [h("h2", "Failed"), h("ul", failed.map(item))],
    shown.length > 0 && [h("h2", wanted ? "Others" : "Slowest"), h("ul", shown.map(item))],
    shown.length < others.length && !wanted && h("p.more", h("button", { type: "button", on: { click: () => {
      state.all = true;
      redraw();
    } } }, `All ${others.length}`)));
}

/** One mark per build, oldest first: whether the test passed there, and how long it took. */
function past(marks, id, job) {
  const ran = marks.filter(({ status }) => status === "success" || status === "failure" || status === "error");
  const flips = ran.filter(({ status }, at) => at > 0 && status !== ran[at - 1].status).length;
  const bad = ran.filter(({ status }) => status !== "success").length;
  const verdict = ran.length === 0 ? "No earlier build has it." : flips > 1 ? `Flaky: failed ${bad} of ${ran.length} times, changed ${flips} times.` : `Failed ${bad} of ${ran.length} times.`;
  return h("div.history", marks.map((mark) => h("a", { key: mark.number, href: page.job(id.org, id.repo, mark.number, job), title: `#${mark.number} ${mark.status}${mark.time ? ` ${duration(mark.time * 1000)}` : ""}` }, icon(mark.status, 14))), h("span.verdict", verdict));
}

async function lookBack({ org, repo, number }, job, key, signal, tell) {
  const wanted = [];
  for (let at = Number(number) - 1; at > 0 && wanted.length < BEFORE; at--) wanted.push(at);
  const found = new Map();
  const next = async () => {
    for (let at = wanted.shift(); at !== undefined; at = wanted.shift()) {
      const view = await get(rest.job(org, repo, at, job), signal).catch(() => null);
      const row = view && tests(view.result?.["monkey.ci/tests"] ?? []).find((one) => one.key === key);
      if (row) found.set(at, { number: at, status: row.status, time: row.time });
      tell([...found.values()].sort((a, b) => a.number - b.number));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}
