import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join, normalize, dirname, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import vm from "node:vm";

const page = fileURLToPath(new URL("..", import.meta.url));
const script = join(page, "script");

function modules(file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, to] of readFileSync(file, "utf8").matchAll(/from "(\.[^"]+)"/g)) modules(normalize(join(dirname(file), to)), found);
  return found;
}

const views = [...readFileSync(join(script, "main.js"), "utf8").matchAll(/(\w+): \(\) => import\("\.\/(view\/\w+\.js)"\)/g)];
const ofEveryPage = modules(join(script, "main.js"));

/** What the script of the shell asks for at a path: modules and data. */
function early(path, search = "") {
  const links = [];
  const asked = [];
  const document = { documentElement: { dataset: {} }, currentScript: { src: "/-/script/early.js" }, createElement: () => ({}), head: { append: ({ href }) => links.push(href) } };
  const world = { document, location: { pathname: path, search }, localStorage: { getItem: () => null }, fetch: async (wanted) => asked.push(wanted) };
  vm.runInNewContext(readFileSync(join(script, "early.js"), "utf8"), world);
  return { links: links.sort(), asked };
}

const PATHS = { orgs: "/", reference: "/api", org: "/o/a", orgSettings: "/o/a/settings", repo: "/o/a/r/b", repoSettings: "/o/a/r/b/settings", statistics: "/o/a/r/b/statistics", build: "/o/a/r/b/b/3", job: "/o/a/r/b/b/3/j/c" };

test("what a view imports is asked for at once", () => {
  for (const [, name, file] of views.filter(([, name]) => name in PATHS)) {
    const wanted = [...modules(join(script, file))].filter((one) => !ofEveryPage.has(one)).map((one) => `/-/script/${relative(script, one)}`);
    assert.deepEqual(early(PATHS[name]).links, wanted.sort(), name);
  }
});

test("the shell names the modules of every page", () => {
  const shell = readFileSync(join(page, "index.html"), "utf8");
  for (const file of ofEveryPage) assert.ok(shell.includes(`/-/script/${relative(script, file)}"`), file);
});

test("data is asked for at once, and none that is not needed", () => {
  assert.deepEqual(early("/o/a/r/b/b/3").asked, ["/v1/me", "/v1/orgs/a/repos/b/builds/3", "/v1/orgs/a/repos/b/builds/3/events?limit=200"]);
  assert.deepEqual(early("/o/a/r/b", "?status=failure").asked, ["/v1/me", "/v1/orgs/a/repos/b"]);
  assert.deepEqual(early("/o/a").asked, ["/v1/me", "/v1/orgs/a", "/v1/orgs/a/builds?limit=100", "/v1/orgs/a/repos?limit=200"]);
  assert.deepEqual(early("/o/a/r/b/statistics").asked, ["/v1/me", "/v1/orgs/a/repos/b/statistics?days=30"]);
  assert.deepEqual(early("/login").asked, []);
});
