import assert from "node:assert/strict";
import { test } from "node:test";

import { neutral, safeHref } from "../script/element.js";
import { headline, plain, ref } from "../script/part/trigger.js";
import { buildId, lines, match, page, rest } from "../script/route.js";
import { filters, recipient } from "../script/settings/subscriptions.js";
import { ago, bytes, duration } from "../script/time.js";

test("paths lead to views and back", () => {
  assert.deepEqual(match("/"), { name: "orgs", params: {} });
  assert.deepEqual(match("/o/acme/r/web/b/42/j/unit-tests"), { name: "job", params: { org: "acme", repo: "web", number: "42", job: "unit-tests" } });
  assert.deepEqual(match(page.repoSettings("a", "b")), { name: "repoSettings", params: { org: "a", repo: "b" } });
  for (const path of ["/o", "/o/acme/x", "/o/a/r/b/b/0", "/o/a/r/b/b/1x", "/o/%E0%A4%A/settings"]) assert.equal(match(path), null, path);
});

test("a subscription is told in few words", () => {
  assert.equal(recipient({ webhook: { url: "https://example.com" } }), "https://example.com");
  assert.equal(recipient({ chat: { integration: "slack", place: "T1/C2" } }), "slack T1/C2");
  assert.equal(recipient({ slack: { workspace: "T0123", channel: "#builds" } }), "T0123 #builds");
  assert.equal(recipient({ mail: { to: ["a@example.com"], author: true } }), "a@example.com, the author");
  assert.equal(filters({ repos: ["web"], labelFilters: [{ team: "shop" }], refs: ["main", "!pull/*"] }), "in web; labelled team=shop; at main, !pull/*");
  assert.equal(filters({}), "");
});

// Case U3: a name that is a path, a query or a fragment.
test("whatever a name holds, it stays one part of a path", () => {
  assert.equal(page.job("a", "b", 1, "../../x?y#z"), "/o/a/r/b/b/1/j/..%2F..%2Fx%3Fy%23z");
  assert.equal(rest.log("a", "b", 1, "x/y", 2), "/v1/orgs/a/repos/b/builds/1/jobs/x%2Fy/attempts/2/log");
});

test("fragments name lines", () => {
  assert.deepEqual(lines("#L12"), { first: 12, last: 12 });
  assert.deepEqual(lines("#L20-L12"), { first: 12, last: 20 });
  assert.equal(lines("#L0"), null);
  assert.deepEqual(buildId("acme/web/build-12"), { org: "acme", repo: "web", number: 12 });
  assert.equal(buildId("acme/web/12"), null);
});

// Case U4: links of `javascript:`, `data:` and other schemes.
test("links lead nowhere but to pages", () => {
  for (const href of ["javascript:alert(1)", " javascript:alert(1)", "JAVASCRIPT:x", "data:text/html,x", "//evil.example.com", "vbscript:x", "", null]) assert.equal(safeHref(href), null, String(href));
  for (const href of ["/o/acme", "#L1", "?tab=log", "https://example.com/x"]) assert.equal(safeHref(href), href);
});

test("text cannot change how its surroundings read", () => {
  // Case U5: text that turns its writing direction.
  assert.equal(neutral("a\u202egpj.exe\u2066"), "a�gpj.exe�");
  assert.equal(neutral("tab\tline\n"), "tab\tline\n");
  // Case U6: a name of 10 MB.
  assert.ok(neutral("A".repeat(10_000_000)).length < 5000);
});

test("durations and times are short", () => {
  assert.deepEqual([40, 400, 4000, 12_400, 64_000, 7_500_000, 200_000_000].map(duration), ["0.04s", "0.4s", "4.0s", "12s", "1m 04s", "2h 05m", "2d 7h"]);
  assert.deepEqual([949, 9949, 59_499, 59_500].map(duration), ["0.9s", "9.9s", "59s", "1m 00s"]);
  assert.equal(ago(1000, 2000), "now");
  assert.equal(ago(0, 300_000), "5m ago");
  assert.equal(ago(7_200_000, 0), "in 2h");
  assert.deepEqual([0, 999, 1500, 94_000_000, 999_600].map(bytes), ["0 B", "999 B", "1.5 kB", "94 MB", "1.0 MB"]);
});

test("a trigger is told in few words", () => {
  assert.deepEqual(ref({ git: { ref: "refs/heads/a/b" } }), { kind: "branch", name: "a/b" });
  assert.deepEqual(ref({ git: { ref: "refs/pull/7/head" } }), { kind: "ref", name: "pull/7/head" });
  assert.equal(headline({ git: { message: "\nfirst\nsecond" } }, 3), "first");
  assert.equal(headline({}, 3), "Build 3");
  assert.equal(plain(["a ", { secret: "TOKEN@2" }]), "a «TOKEN@2»");
});
