// The page against a build whose every word is meant ill: what people, git and jobs say stays text. `node hostile.mjs LINK
// URL BRANCH`: the link that the server printed, the repository, and the branch to build. What the repository holds is in the
// test that starts it, `tests/house/bad_input/page.rs`.

import assert from "node:assert/strict";

import { launch } from "./chromium.js";

const [link, url, branch] = process.argv.slice(2);
const origin = new URL(link).origin;
const browser = await launch();
try {
  await hostile(await browser.page());
} finally {
  await browser.close();
}

async function hostile(page) {
  const ask = (method, path, body) => page.evaluate(`fetch(${JSON.stringify(`/v1${path}`)}, { method: ${JSON.stringify(method)}, headers: { "content-type": "application/json" }, body: ${body ? `JSON.stringify(${JSON.stringify(body)})` : "undefined"} }).then(async (answer) => [answer.status, await answer.text(), Object.fromEntries(answer.headers)])`);
  const quiet = async (what) => {
    assert.equal(await page.evaluate("window.pwned"), undefined, what);
    assert.deepEqual(page.complaints, [], what);
    assert.equal(await page.evaluate("document.querySelectorAll('main script, main img[src=x], main iframe, main svg[onload], [onerror]').length"), 0, what);
  };
  await page.open(link);
  await page.see("Organisations");
  assert.equal((await ask("PUT", "/orgs/ill", {}))[0], 201);
  assert.equal((await ask("PUT", "/orgs/ill/repos/web", { url, defaultBranch: branch }))[0], 201);
  const [status, text] = await ask("POST", "/orgs/ill/repos/web/builds", { branch });
  assert.equal(status, 201, text);
  const path = "/orgs/ill/repos/web/builds/1";
  await page.until(`fetch("/v1${path}").then((answer) => answer.json()).then((build) => Boolean(build.ended))`, "the build to end");

  // Case U7: a branch that is markup.
  await page.open(`${origin}/o/ill/r/web`);
  await page.see("onload=window.pwned");
  await quiet("U7");
  // Case U8: a commit whose message and author are markup.
  await page.open(`${origin}/o/ill/r/web/b/1`);
  await page.see("<script>window.pwned=1</script>");
  await quiet("U8");
  // Case U9: a log with markup, with links of a terminal, and with words for the clipboard (OSC 52).
  await page.open(`${origin}/o/ill/r/web/b/1/j/ill`);
  await page.see("<img src=x onerror=window.pwned=2>");
  assert.equal(await page.evaluate("[...document.links].filter((one) => !['http:', 'https:', 'data:'].includes(one.protocol)).length"), 0);
  await page.see("click \ufffdgpj.exe");
  assert.ok(!(await page.evaluate("document.body.innerText")).includes("cHduZWQ="), "the escape is taken out");
  await quiet("U9");
  // Case U10: a test whose name and message are markup.
  await page.open(`${origin}/o/ill/r/web/b/1/j/ill?tab=tests`);
  await page.see("<img src=x onerror=window.pwned=3>");
  await quiet("U10");
  // Case U11: a log that the browser shows by itself.
  const log = `${path}/jobs/ill/attempts/1/log`;
  const [, , headers] = await ask("GET", log);
  assert.match(headers["content-type"], /^text\/plain/);
  assert.equal(headers["x-content-type-options"], "nosniff");
  await page.open(`${origin}/v1${log}`);
  await page.until("document.contentType === 'text/plain'", "plain text");
  assert.equal(await page.evaluate("window.pwned"), undefined);
  // Case U12: a page that another site puts into a frame, or adds a script to.
  await page.open(`${origin}/`);
  await page.see("Organisations");
  const policy = await page.evaluate("fetch('/').then((answer) => answer.headers.get('content-security-policy'))");
  for (const part of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]) assert.ok(policy.includes(part), policy);
  assert.equal(await page.evaluate("(() => { const one = document.createElement('script'); one.textContent = 'window.pwned = 4'; document.head.append(one); return window.pwned; })()"), undefined);
  // Case U13: somebody else's page asks in the name of who is signed in.
  const forged = await fetch(`${origin}/v1/orgs/forged`, { method: "PUT", headers: { "content-type": "application/json", origin: "https://evil.example.net", cookie: await cookies(page) }, body: "{}" });
  assert.equal(forged.status, 403);
}

/** The cookies of the page, also those that its scripts do not see. */
async function cookies(page) {
  const { cookies } = await page.send("Network.getCookies", { urls: [origin] });
  assert.ok(cookies.length > 0 && cookies.every(({ httpOnly }) => httpOnly));
  return cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
}
