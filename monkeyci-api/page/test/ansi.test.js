import assert from "node:assert/strict";
import { test } from "node:test";

import { afterReturns, carry, plainPen, runs, strip } from "../script/log/ansi.js";

const looks = (line, pen = plainPen()) => runs(line, pen).map(({ text, pen }) => [text, pen.fg, pen.bg, pen.bold]);

test("colours of sixteen, of 256 and of all are read, and reset", () => {
  assert.deepEqual(looks("a\x1b[31mb\x1b[1;92;44mc\x1b[0md"), [["a", null, null, false], ["b", "1", null, false], ["c", "10", "4", true], ["d", null, null, false]]);
  assert.deepEqual(looks("\x1b[38;5;208mx"), [["x", "#ff8700", null, false]]);
  assert.deepEqual(looks("\x1b[38;5;9mx\x1b[48;5;232my"), [["x", "9", null, false], ["y", "9", "#080808", false]]);
  assert.deepEqual(looks("\x1b[38;2;1;20;255mx\x1b[39my"), [["x", "#0114ff", null, false], ["y", null, null, false]]);
});

test("colours that do not exist change nothing", () => {
  for (const codes of ["38;5;256", "38;5", "38;2;1;2", "38;2;256;2;3", "48", "38;9;1", "999", "?25"]) {
    assert.deepEqual(looks(`\x1b[${codes}mx`), [["x", null, null, false]], codes);
  }
});

// Case U1: escapes that move, clear, name the window or hold a link (OSC 8).
test("everything that is no colour is taken out", () => {
  const hostile = "a\x1b[2J\x1b[10;20Hb\x1b]0;title\x07c\x1b]8;;https://example.com\x1b\\d\x1b(Be\x07\x00f\x1b";
  assert.equal(strip(hostile), "abcdef");
  assert.equal(runs(hostile, plainPen()).map(({ text }) => text).join(""), "abcdef");
  assert.equal(strip("\x1b]0;a title that never ends\nnext"), "\nnext");
});

test("a colour goes on in the next line", () => {
  const pen = plainPen();
  carry("one \x1b[1;33mtwo", pen);
  assert.deepEqual(looks("three", pen), [["three", "3", null, true]]);
});

test("of a progress line the last state is seen", () => {
  assert.equal(afterReturns("10%\r50%\r100%"), "100%");
  assert.equal(afterReturns("10%\rdone\r"), "done");
  assert.equal(afterReturns("done\r\x1b[K"), "done");
  assert.equal(afterReturns("plain"), "plain");
});

// Case U2: 200 000 escapes in one line.
test("a line of escapes alone takes no time", () => {
  const line = "\x1b[".repeat(100_000) + "\x1b]".repeat(100_000);
  const start = performance.now();
  runs(line, plainPen());
  assert.ok(performance.now() - start < 10_000);
});
