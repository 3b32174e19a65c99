// @slack/types: what its types take the emulator takes, and what they refuse it refuses.
//
// Each block of `blocks.json` is changed in every place: a field is left out, one is added that nobody knows, a value is
// of another type. TypeScript and the emulator judge all of them. `node types.mjs URL FOLDER`.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [url, folder] = process.argv.slice(2);
const samples = JSON.parse(readFileSync(new URL("blocks.json", import.meta.url)));

/** Each place in a value: keys and indices from the outside. */
function places(value, at = []) {
  if (typeof value !== "object" || value === null) return [at];
  return [at, ...Object.entries(value).flatMap(([key, inner]) => places(inner, [...at, key]))];
}

/** A copy in which the value at a place is changed, or gone. */
function changed(value, [key, ...rest], change) {
  if (key === undefined) return change(value);
  const copy = Array.isArray(value) ? [...value] : { ...value };
  const inner = changed(value[key], rest, change);
  if (inner === undefined) delete copy[key];
  else copy[key] = inner;
  return Array.isArray(copy) ? copy.filter((one) => one !== undefined) : copy;
}

const variants = [];
for (const [name, sample] of Object.entries(samples)) {
  variants.push([name, "as it is", sample]);
  for (const at of places(sample)) {
    const where = `${name}/${at.join("/")}`;
    const inner = at.reduce((value, key) => value[key], sample);
    const isItem = !Number.isNaN(Number(at.at(-1)));
    if (at.length && !isItem) variants.push([where, "left out", changed(sample, at, () => undefined)]);
    if (typeof inner === "object" && !Array.isArray(inner)) variants.push([where, "with nonsense", changed(sample, at, (value) => ({ ...value, nonsense: 1 }))]);
    if (typeof inner !== "object") variants.push([where, "of another type", changed(sample, at, (value) => (typeof value === "string" ? 7 : "seven"))]);
    if (at.at(-1) === "type") variants.push([where, "of another kind", changed(sample, at, () => "nonsense")]);
  }
}

const lines = variants.map(([, , block]) => `check(${JSON.stringify(block)});`);
const head = 'import type { KnownBlock } from "@slack/types"; declare function check(block: KnownBlock): void;';
const file = join(folder, "variants.mts");
writeFileSync(file, [head, ...lines].join("\n"));
const compiler = join(folder, "node_modules/typescript/bin/tsc");
const flags = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "nodenext", "--pretty", "false", file];
let said = "";
try {
  execFileSync(process.execPath, [compiler, ...flags], { cwd: folder, encoding: "utf8" });
} catch (error) {
  said = error.stdout;
}
const refused = new Set([...said.matchAll(/variants\.mts\((\d+),/g)].map(([, line]) => Number(line) - 2));
assert.ok(refused.size > 100, said.slice(0, 2000));

/** Where the emulator is stricter than the types, for a reason that is not one of types. */
const STRICTER = [
  // The documentation says that these are required.
  /\/confirm\/(title|confirm|deny) left out$/, /options\/\d+\/value left out$/,
  // One of two must be there.
  /selects\/elements\/0\/options left out$/, /many\/elements\/0\/options left out$/,
];
const wrong = [];
const used = new Set();
for (const [index, [where, what, block]] of variants.entries()) {
  const answer = await fetch(`${url}/_emulator/check`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ blocks: [block] }) });
  const found = await answer.json();
  const text = `${where} ${what}`;
  const [types, emulator] = [!refused.has(index), found.length === 0];
  if (what === "as it is") assert.ok(types && emulator, `${text}: ${types} ${found}`);
  if (types === emulator) continue;
  const reason = types && STRICTER.find((pattern) => pattern.test(text));
  if (reason) used.add(reason);
  else wrong.push(`${text}: types ${types ? "take" : "refuse"} it, the emulator ${emulator ? "takes" : `refuses it: ${found}`}`);
}
assert.deepEqual(wrong, [], `${wrong.length} of ${variants.length} differ`);
assert.deepEqual(STRICTER.filter((pattern) => !used.has(pattern)), [], "no longer needed");
console.log(`@slack/types: ${variants.length} variants of ${Object.keys(samples).length} blocks are judged alike`);
