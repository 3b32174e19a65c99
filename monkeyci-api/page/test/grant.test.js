import assert from "node:assert/strict";
import { test } from "node:test";

globalThis.document = { createElement: () => ({}) };
const { wish } = await import("../script/view/grant.js");

const challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
const state = "0123456789abcdefghij";
const of = (fields) => wish(new URLSearchParams({ challenge, host: "laptop", ...fields }));

test("a program is answered at a port of this machine and nowhere else", () => {
  assert.deepEqual(of({ port: "40123", state }), { challenge, host: "laptop", scope: undefined, back: { port: "40123", state } });
  assert.deepEqual(of({ org: "acme", role: "viewer" }), { challenge, host: "laptop", scope: { org: "acme", role: "viewer" }, back: null });
  for (const fields of [
    { challenge: "short" }, { challenge: `${challenge}&` }, { port: "80", state }, { port: "65536", state }, { port: "4000@evil.example.net", state },
    { port: "4000/../", state }, { port: "4000" }, { port: "4000", state: "a b" }, { port: "", state }, { org: "acme" }, { role: "owner" }, { org: "acme", role: "god" },
  ]) assert.equal(of(fields), null, JSON.stringify(fields));
  assert.equal(of({ host: "x".repeat(500) }).host.length, 100);
  assert.equal(of({ host: "" }).host, "an unknown machine");
});
