import assert from "node:assert/strict";
import { test } from "node:test";

import { Bytes } from "../script/log/bytes.js";
import { Lines } from "../script/log/lines.js";
import { linesWith, Search } from "../script/log/search.js";
import { fromMarks, fromResult, Sections } from "../script/log/sections.js";
import { lastLines } from "../script/part/broken.js";

const encoded = (text) => new TextEncoder().encode(text);
const linesOf = (...parts) => {
  const lines = new Lines();
  parts.forEach((part) => lines.append(encoded(part)));
  return lines;
};
const starts = (lines) => Array.from({ length: lines.count }, (_, at) => lines.start(at));

test("lines are the same however the bytes come", () => {
  const text = "a\n\nbc\r\nü\nlast";
  const whole = starts(linesOf(text));
  assert.deepEqual(whole, [0, 2, 3, 7, 10]);
  const lines = new Lines();
  for (const byte of encoded(text)) lines.append(Uint8Array.of(byte));
  assert.deepEqual(starts(lines), whole);
});

test("a newline at the end begins no line before there is something in it", () => {
  const lines = linesOf("a\n");
  assert.equal(lines.count, 1);
  lines.append(encoded("b"));
  assert.deepEqual(starts(lines), [0, 2]);
  assert.equal(lines.end(1), 3);
  assert.equal(linesOf("").count, 0);
});

test("where a command begins a line begins, though nothing ended the one before", () => {
  const lines = linesOf("abc");
  lines.breakAt(5);
  lines.append(encoded("dexyz\nend"));
  assert.deepEqual(starts(lines), [0, 5, 9]);
  lines.breakAt(5);
  assert.equal(lines.count, 3);
  assert.equal(lines.at(6), 1);
  assert.equal(lines.from(6), 2);
});

test("a million lines are indexed in a moment", () => {
  const piece = encoded("0123456789 some words of a log line that is as long as most\n".repeat(10_000));
  const lines = new Lines();
  const start = performance.now();
  for (let at = 0; at < 100; at++) lines.append(piece);
  assert.equal(lines.count, 1_000_000);
  assert.equal(lines.at(lines.start(777_777)), 777_777);
  assert.ok(performance.now() - start < 10_000);
});

test("sections that ended well are folded, but for the last; those that failed are open", () => {
  const lines = linesOf("head\n", "a1\na2\n", "b1\n", "c1\nc2\n");
  const sections = new Sections(lines);
  assert.equal(sections.rows, 6);
  const marks = [{ index: 0, offset: 5, exit: 0 }, { index: 1, offset: 11, exit: 2 }, { index: 2, offset: 14, exit: 0 }];
  sections.mark(marks);
  assert.deepEqual(sections.list.map(({ first, end, isOpen, row }) => [first, end, isOpen, row]), [[0, 1, true, 0], [1, 3, false, 1], [3, 4, true, 2], [4, 6, true, 4]]);
  assert.equal(sections.rows, 7);
  assert.equal(sections.row(0).line, 0);
  assert.equal(sections.row(1).line, null);
  assert.equal(sections.row(3).line, 3);
  assert.equal(sections.rowOf(2), 1);
  assert.equal(sections.failed.mark.index, 1);
  sections.choose(0, true);
  assert.equal(sections.rowOf(2), 3);
  assert.equal(sections.rows, 9);
});

test("a line of the script that printed nothing has a head and no lines", () => {
  const sections = new Sections(linesOf("x\n"));
  sections.mark([{ index: 0, offset: 0, exit: 0 }, { index: 1, offset: 0, exit: 0 }, { index: 2, offset: 2, exit: null }]);
  assert.deepEqual(sections.list.map(({ first, end }) => end - first), [0, 1, 0]);
  assert.equal(sections.list[0].mark.index, 0);
});

test("marks that the server tells become sections", () => {
  const told = [
    { type: "line-start", index: 0, offset: 0, millis: 5 }, { type: "line-end", index: 0, offset: 9, millis: 105, exit: 0 },
    { type: "line-start", index: 1, offset: 9, millis: 110 },
  ];
  assert.deepEqual(fromMarks(told), [{ index: 0, offset: 0, exit: 0, duration: 100, start: 5 }, { index: 1, offset: 9, exit: null, duration: null, start: 110 }]);
  assert.deepEqual(fromResult([{ index: 0, duration: 3, logOffset: 4 }]), [{ index: 0, offset: 4, exit: null, duration: 3 }]);
});

test("text is found in any case, through colours, once a line", () => {
  assert.deepEqual(linesWith("one\nERR\x1b[31mOR x error\n\nlast Error", "error"), [1, 3]);
  assert.deepEqual(linesWith("", "x"), []);
});

test("a search goes through all that is there, and through what comes", async () => {
  const lines = new Lines();
  const bytes = new Bytes(() => assert.fail("nothing was let go"));
  const add = (text) => {
    bytes.append(encoded(text));
    lines.append(encoded(text));
  };
  add("needle\nhay\n".repeat(200_000));
  const search = new Search(bytes, lines, () => {});
  await search.start("NEEDLE");
  assert.equal(search.found.length, 200_000);
  assert.equal(search.step(1), 0);
  assert.equal(search.step(-1), 399_998);
  add("one more needle\n");
  await search.resume();
  assert.equal(search.found.at(-1), 400_000);
});

test("bytes that were let go are asked for again", async () => {
  const mega = 1 << 20;
  const asked = [];
  const bytes = new Bytes(async (from, to) => {
    asked.push(from / mega);
    return new Uint8Array(to - from).fill(7);
  });
  for (let at = 0; at < 120; at++) bytes.append(new Uint8Array(mega).fill(at));
  assert.equal(bytes.slice(0, 4), null);
  assert.deepEqual([...await bytes.read(mega - 1, mega + 1)], [7, 7]);
  assert.deepEqual(asked, [0, 1]);
  assert.deepEqual([...bytes.slice(119 * mega - 1, 119 * mega + 1)], [118, 119]);
});

test("the last words of a log are told without its progress", () => {
  assert.deepEqual(lastLines("a\r\n1%\r2%\nb\n\n", 2), ["2%", "b"]);
  assert.deepEqual(lastLines(""), []);
});
