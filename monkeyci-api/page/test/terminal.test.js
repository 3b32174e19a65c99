// What passes between the page and a shell.

import assert from "node:assert/strict";
import { test } from "node:test";

import { read, size, typed } from "../script/terminal/frame.js";

test("what is typed goes as it is, and a large paste in pieces", () => {
  assert.deepEqual(typed(Uint8Array.of(0, 255, 3)), [Uint8Array.of(0, 0, 255, 3)]);
  const pieces = typed(new Uint8Array(40_000).fill(7));
  assert.deepEqual(pieces.map((piece) => piece.length), [16_385, 16_385, 7_233]);
  assert.equal(typed(new Uint8Array(0)).length, 0);
});

test("what comes is shown, or is a word, or nothing", () => {
  assert.deepEqual(read(Uint8Array.of(1, 104, 105).buffer), { shown: Uint8Array.of(104, 105) });
  assert.deepEqual(read(Uint8Array.of(2, 33).buffer), { shown: Uint8Array.of(33) });
  const word = new TextEncoder().encode('\u0003{"type":"closed","exit":3}');
  assert.deepEqual(read(word.buffer), { word: { type: "closed", exit: 3 } });
  for (const none of [[], [0, 1], [9], [3, 123]]) assert.equal(read(Uint8Array.from(none).buffer), null);
});

test("a size is the word that the server knows", () => {
  assert.equal(new TextDecoder().decode(size(24, 80).subarray(1)), '{"type":"size","rows":24,"columns":80}');
  assert.equal(size(24, 80)[0], 3);
});
