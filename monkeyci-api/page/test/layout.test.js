import assert from "node:assert/strict";
import { test } from "node:test";

import { apart, layout } from "../script/part/layout.js";
import { step } from "../script/part/timeline.js";

test("a diamond is symmetric, as the program draws it", () => {
  const { columns, rows } = layout(4, [[0, 1], [0, 2], [1, 3], [2, 3]]);
  assert.deepEqual(columns, [0, 1, 1, 2]);
  assert.deepEqual(rows, [0.5, 0, 1, 0.5]);
});

test("an edge over several columns goes around what stands between", () => {
  const { rows, paths } = layout(3, [[0, 1], [1, 2], [0, 2]]);
  const [column, row] = paths[2][1];
  assert.equal(column, 1);
  assert.ok(Math.abs(row - rows[1]) >= 1);
});

test("crossings are undone", () => {
  const { rows } = layout(4, [[0, 3], [1, 2]]);
  assert.ok(Math.abs(rows[0] - rows[3]) < 0.01);
});

test("what stands in a column keeps its distance", () => {
  for (const wishes of [[0, 0, 0], [5, 1, 1.2], [-1, 0, 7], []]) {
    const rows = apart(wishes);
    assert.equal(rows.length, wishes.length);
    rows.slice(1).forEach((row, at) => assert.ok(row - rows[at] > 0.999));
  }
});

test("cycles and emptiness do no harm, and a thousand jobs take a moment", () => {
  assert.deepEqual(layout(0, []).rows, []);
  assert.deepEqual(layout(2, [[0, 1], [1, 0]]).columns, [0, 0]);
  const edges = Array.from({ length: 3000 }, (_, at) => [Math.floor(at / 3) % 900, 900 - ((at * 7) % 900) + (Math.floor(at / 3) % 900)]).filter(([a, b]) => a < b && b < 1000);
  const start = performance.now();
  assert.ok(layout(1000, edges).rows.every(Number.isFinite));
  assert.ok(performance.now() - start < 20_000);
});

test("an axis has at most eight marks, whatever its span", () => {
  for (const span of [1, 999, 61_000, 3_600_000, 400_000_000]) assert.ok(Math.floor(span / step(span)) <= 7, String(span));
});
