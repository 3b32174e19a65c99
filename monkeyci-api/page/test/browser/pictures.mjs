// Takes the pictures of the page for the documentation, from real builds on a real server.
// `node pictures.mjs LINK URL FOLDER`: the link that the server printed, the repository, and where the pictures go.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { launch } from "./chromium.js";

const [link, url, folder] = process.argv.slice(2);
const origin = new URL(link).origin;
mkdirSync(folder, { recursive: true });
const browser = await launch();
try {
  const page = await browser.page();
  await page.open(link);
  await page.see("Organisations");
  await prepare(page);
  for (const dark of [false, true]) await pictures(await signedIn({ dark }), dark ? "dark" : "light");
  await phone(await signedIn({ width: 390, height: 780, phone: true, scale: 1.5 }));
} finally {
  await browser.close();
}

async function signedIn(look) {
  const page = await browser.page(look);
  await page.open(link);
  await page.see("Organisations");
  return page;
}

/** An organisation with a few repositories, and builds that passed, failed and wait. */
async function prepare(page) {
  const call = (method, path, body) => page.evaluate(`fetch(${JSON.stringify(path)}, { method: ${JSON.stringify(method)}, headers: { "Content-Type": "application/json" }, body: ${JSON.stringify(JSON.stringify(body))} }).then(async (answer) => answer.ok ? answer.json() : Promise.reject(new Error(await answer.text())))`);
  const ended = (repo, number, status) => page.until(`fetch("/v1/orgs/acme/repos/${repo}/builds/${number}").then((answer) => answer.json()).then((build) => ${JSON.stringify(status)}.includes(build.status))`, `${repo} ${number} to end`);
  await call("PUT", "/v1/orgs/acme", { name: "Acme Inc." });
  for (const repo of ["web", "api", "mobile"]) await call("PUT", `/v1/orgs/acme/repos/${repo}`, { url });
  const run = async (repo, branch, status) => {
    const { number } = await call("POST", `/v1/orgs/acme/repos/${repo}/builds`, { branch });
    await ended(repo, number, status);
    return number;
  };
  const done = ["blocked", "success", "failure", "error"];
  for (const branch of ["main", "main", "search", "main"]) {
    const number = await run("web", branch, done);
    if (branch !== "search") {
      await call("POST", `/v1/orgs/acme/repos/web/builds/${number}/jobs/deploy-production/approve`, {});
      await ended("web", number, ["success"]);
    }
  }
  await Promise.all([run("api", "main", done), run("mobile", "search", done)]);
  await run("web", "search", done);
  await run("web", "main", ["blocked"]);
}

async function pictures(page, look) {
  const take = async (name, path, ready) => {
    await page.open(origin + path);
    await page.until(ready, `${name} to be there`);
    // Fonts and pictures are local; two frames later everything stands.
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))");
    writeFileSync(join(folder, `page-${name}-${look}.png`), await page.picture());
  };
  if (look === "light") await take("organisation", "/o/acme", "document.querySelectorAll('.repos li').length === 3");
  if (look === "light") await take("repository", "/o/acme/r/web", "document.querySelectorAll('.builds li').length > 4");
  if (look === "light") await take("api", "/api?q=builds", "document.querySelectorAll('.operation').length > 4");
  await take("statistics", "/o/acme/statistics", "document.querySelectorAll('.days').length === 2");
  await take("build", "/o/acme/r/web/b/6", "document.querySelectorAll('.timeline li').length > 5");
  if (look === "light") await take("failure", "/o/acme/r/web/b/5", "document.querySelector('.tail .log-text') && document.querySelector('.timeline')");
  await take("log", "/o/acme/r/web/b/5/j/unit-tests", "document.querySelectorAll('.log-line').length > 10");
  if (look === "light") await take("tests", "/o/acme/r/web/b/5/j/unit-tests?tab=tests", "document.querySelectorAll('.test').length > 2");
}

async function phone(page) {
  for (const [name, path, ready] of [
    ["failure", "/o/acme/r/web/b/5", "document.querySelector('.tail .log-text')"],
    ["log", "/o/acme/r/web/b/5/j/unit-tests", "document.querySelectorAll('.log-line').length > 10"],
  ]) {
    await page.open(origin + path);
    await page.until(ready, `${name} to be there`);
    writeFileSync(join(folder, `page-${name}-phone.png`), await page.picture());
  }
}
