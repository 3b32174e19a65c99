import assert from "node:assert/strict";
import { test } from "node:test";

import { apply, count, criticalPath, fromDetail, unknown } from "../script/live/build.js";
import { withBuild } from "../script/live/list.js";
import { figures } from "../script/part/chart.js";
import { ceiling, timeCeiling } from "../script/part/day_chart.js";
import { tally, tests } from "../script/part/tests.js";

/** A build after these facts, one millisecond apart. */
function after(...facts) {
  const build = unknown();
  facts.forEach((fact, at) => assert.ok(apply(build, { seq: at + 1, time: 1000 + at, ...fact })));
  return build;
}

const job = (id, more = {}) => ({ id, ...more });
const started = (...jobs) => [{ type: "build/triggered", trigger: { source: "api" } }, { type: "build/initializing" }, { type: "script/start", jobs }];
const ran = (jobId, attempt, result = { exit: 0 }) => [
  { type: "job/queued", jobId, attempt }, { type: "job/initializing", jobId, attempt, fence: attempt, worker: "w" },
  { type: "job/start", jobId, attempt }, { type: "job/executed", jobId, attempt, result },
];

test("a build goes from trigger to end", () => {
  const build = after(...started(job("a")), ...ran("a", 1), { type: "job/end", jobId: "a", status: "success" }, { type: "build/end", status: "success" });
  assert.equal(build.status, "success");
  assert.equal(build.created, 1000);
  assert.equal(build.ended, 1008);
  const { status, attempts } = build.jobs.get("a");
  assert.equal(status, "success");
  assert.deepEqual(attempts.map(({ queued, leased, started, ended }) => [queued, leased, started, ended]), [[1003, 1004, 1005, 1006]]);
});

test("each attempt keeps what came out of it", () => {
  const build = after(...started(job("a")), ...ran("a", 1, { cause: "lost" }), ...ran("a", 2));
  const { attempt, attempts, status } = build.jobs.get("a");
  assert.equal(attempt, 2);
  assert.equal(status, "running");
  assert.deepEqual(attempts.map((one) => one.status), ["error", "success"]);
});

test("a build whose open jobs all wait for a person is blocked", () => {
  const facts = [...started(job("a"), job("b", { dependencies: ["a"] })), { type: "job/blocked", jobId: "a" }];
  assert.equal(after(...facts).status, "blocked");
  assert.equal(after(...facts, { type: "job/unblocked", jobId: "a", actor: "ann" }).status, "running");
  assert.equal(after(...facts, { type: "job/queued", jobId: "b", attempt: 1 }).status, "running");
});

test("what was taken in before, and what is derived, changes nothing", () => {
  const build = after(...started(job("a")));
  assert.equal(apply(build, { seq: 2, type: "build/end", status: "error" }), false);
  assert.equal(apply(build, { seq: 0, type: "command/start", jobId: "a" }), false);
  assert.equal(build.status, "running");
});

test("an event of a job that nobody knows does no harm", () => {
  const build = after(...started(job("a")), { type: "job/start", jobId: "gone", attempt: 1 }, { type: "something/new" });
  assert.deepEqual([...build.jobs.keys()], ["a"]);
});

test("what the server tells in one piece is shown too", () => {
  const build = fromDetail({ status: "running", trigger: {}, created: 1, events: 9, jobs: [{ job: job("a"), status: "running", attempt: 1, started: 5 }] });
  assert.deepEqual(build.jobs.get("a").attempts, [{ attempt: 1, started: 5, ended: undefined, status: "running", worker: undefined, result: undefined }]);
  assert.equal(count(build).running, 1);
});

test("the critical path goes back through what ended last", () => {
  const build = after(...started(job("a"), job("b"), job("c", { dependencies: ["a", "b"] }), job("d")), ...ran("b", 1), ...ran("a", 1), ...ran("d", 1), ...ran("c", 1));
  assert.deepEqual([...criticalPath(build)], ["c", "a"]);
  assert.equal(criticalPath(unknown()).size, 0);
});

test("allowed failures count apart", () => {
  const build = after(...started(job("a", { allowFailure: true })), ...ran("a", 1, { cause: "failure" }), { type: "job/end", jobId: "a", status: "failure" });
  assert.deepEqual(count(build), { total: 1, ended: 1, allowed: 1 });
});

test("a list takes in a build once, and never goes back", () => {
  const old = { repo: "web", number: 1, events: 5, created: 1 };
  const [first] = withBuild([old], { ...old, events: 3, status: "running" });
  assert.equal(first, old);
  assert.deepEqual(withBuild([old], { repo: "web", number: 2, events: 1, created: 2 }).map(({ number }) => number), [2, 1]);
});

test("failed tests come first, then the slowest", () => {
  const suites = [{ name: "s", testCases: [{ testCase: "fast", time: 0.1 }, { testCase: "slow", time: 9 }, { testCase: "bad", time: 0, failures: [{ message: "no" }] }, { testCase: "off", skipped: true }] }];
  const rows = tests(suites);
  assert.deepEqual(rows.map(({ name }) => name), ["bad", "slow", "fast", "off"]);
  assert.deepEqual(tally(rows), { failed: 1, passed: 2, skipped: 1, time: 9.1 });
});

test("figures of builds leave out what was not decided", () => {
  const now = 20 * 86_400_000;
  const build = (status, took) => ({ status, created: now - 1000, ended: now - 1000 + took });
  const { rate, median, days } = figures([build("success", 10), build("success", 30), build("failure", 5), build("canceled", 1), { status: "running", created: now }], now);
  assert.equal(rate, 2 / 3);
  assert.equal(median, 30);
  assert.equal(days.length, 14);
  assert.equal(figures([]).rate, null);
});

test("an axis ends at what people read well", () => {
  assert.deepEqual([0, 1, 3, 7, 10, 11, 22, 480, 601].map(ceiling), [2, 2, 4, 8, 10, 12, 24, 600, 800]);
  assert.deepEqual([1, 1000, 1001, 31_000, 61_000, 3_700_000, 90_000_000].map(timeCeiling), [1000, 1000, 2000, 60_000, 120_000, 7_200_000, 172_800_000]);
});
