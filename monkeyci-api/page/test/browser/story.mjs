// The page against a real server, as somebody uses it: sign in, add a repository, run it, watch its log move, approve,
// cancel, retry. `node story.mjs LINK URL GO`: the link that the server printed, the repository, and the file that lets
// its jobs go on, and on with `.on` after its name. What it expects of the repository is in the test that starts it, `tests/house/page.rs`.

import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";

import { launch } from "./chromium.js";

const [link, url, go] = process.argv.slice(2);
const origin = new URL(link).origin;
const browser = await launch();
try {
  await story(await browser.page());
  await chat(await browser.page());
  await phone(await browser.page({ width: 360, height: 740, phone: true, dark: true }));
} finally {
  await browser.close();
}

/** A shell in the place of the job that runs: its keys, its screen, its time, its end. */
async function terminal(page) {
  const shown = (row) => `document.querySelector('dialog.terminal .xterm-rows > div:nth-child(${row})')?.textContent ?? ''`;
  assert.equal(await page.evaluate("performance.getEntriesByType('resource').some(({ name }) => name.includes('/vendor/'))"), false);
  await page.click("Open a shell");
  await page.until("/^[0-9]+:[0-9][0-9] left$/.test(document.querySelector('dialog.terminal .left')?.textContent)", "the time that is left");
  await page.until("document.activeElement.matches('dialog.terminal textarea')", "the keys to go to the shell");
  await page.type("echo one''two; stty size");
  await page.press("Enter");
  await page.until("/onetwo\\s*[0-9]+ [0-9]+/.test([...document.querySelectorAll('dialog.terminal .xterm-rows > div')].map((row) => row.textContent.trim()).join('\\n'))", "what the shell says, and the size of its screen");
  // It is a screen: what is written has a place and a colour.
  await page.type("printf '\\033[2J\\033[7;5H\\033[31mred''hot\\033[0m'; sleep 1");
  await page.press("Enter");
  await page.until(`(${shown(7)}).includes("redhot")`, "a word in the seventh line");
  // Escape is the shell's.
  await page.press("Escape");
  await page.until("document.querySelector('dialog.terminal')?.open", "it to stay open");
  await page.click("End");
  await page.until("!document.querySelector('dialog.terminal')", "it to be gone");
  await page.until("[...document.querySelectorAll('button')].some((one) => one.textContent === 'Open a shell')", "the job to run still");
}

async function story(page) {
  const status = (word) => page.until(`document.querySelector(".head .badge")?.textContent === ${JSON.stringify(word)}`, `to read ${word}`);

  // The link signs in, and its token stays neither in the address nor in the history.
  await page.open(link);
  await page.see("Organisations");
  assert.equal(await page.evaluate("location.href"), `${origin}/`);

  await page.click("New organisation");
  await page.type("page-story");
  await page.click("Create");
  await page.see("No repository yet.");

  await page.click("Add repository");
  await page.type(url);
  await page.evaluate("document.querySelector('dialog [name=id]').focus()");
  await page.type("demo");
  await page.click("Add");
  await page.see("Not built yet.");

  // A refusal is told in the form.
  await page.press("r");
  await page.see("Run demo");
  await page.evaluate("document.querySelector('dialog [name=commit]').focus()");
  await page.type("newest");
  await page.press("Enter");
  await page.until("[...document.querySelectorAll('dialog .refusal')].some((one) => !one.hidden && one.textContent.includes('newest'))", "to be told what is wrong with the commit");

  // By the keyboard alone: run, and into the job.
  await page.evaluate("document.querySelector('dialog [name=commit]').select()");
  await page.press("Backspace");
  await page.press("Enter");
  await page.until("/[/]b[/]1$/.test(location.pathname)", "to be at the build");
  await page.until("document.querySelectorAll('.graph .job').length === 3", "to see the graph of its jobs");
  await page.until("document.querySelector('.job[data-status=running] .name')?.textContent === 'count'", "the job to run");
  await page.evaluate("document.querySelector('.job[data-status=running] a').focus()");
  await page.press("Enter");
  await page.see("line 500");
  assert.ok(!(await page.evaluate("document.body.innerText")).includes("line 501"));
  assert.equal(await page.evaluate("document.title"), "Running · count #1 demo · MonkeyCI");

  await terminal(page);

  // The log moves while nothing is touched, and its colours are colours.
  writeFileSync(go, "");
  await page.see("line 1000");

  // Whoever scrolls up stays there, and comes back to the end when they want to.
  await page.evaluate("document.querySelector('.scroller').scrollTop -= 600");
  await page.until("!document.querySelector('.jump').hidden", "the button to the end");
  writeFileSync(`${go}.on`, "");
  await status("Passed");
  await page.until("document.querySelector('.size').textContent.startsWith('2,001 lines')", "all lines");
  assert.ok(!(await page.evaluate("document.body.innerText")).includes("line 1001"));
  await page.press("f");
  await page.see("line 2000");
  await page.press("g");
  await page.press("g");
  await page.until("document.querySelector('.window .log-head[aria-expanded=false]')?.click() ?? document.querySelector('.log-line .number')?.textContent === '1'", "the first section to open");
  await page.until("[...document.querySelectorAll('.f-2')].some((one) => one.textContent === 'green')", "a green word");
  assert.equal(await page.evaluate("document.querySelectorAll('.log-text script, .log-text img').length"), 0);

  // Search, and a link to a line.
  await page.press("/");
  await page.type("line 777");
  await page.until("document.querySelector('.hits').textContent === '1'", "one hit");
  await page.press("Enter");
  const line = await page.until("document.querySelector('.log-line.hit')?.dataset.line", "to see the hit");
  await page.open("about:blank");
  await page.open(`${origin}/o/page-story/r/demo/b/1/j/count#L${line}`);
  await page.until(`document.querySelector('.log-line.chosen')?.dataset.line === "${line}"`, "the line of the link");
  // What was asked for before the modules came was taken, and asked for once.
  assert.equal(await page.evaluate("early.size"), 0);

  // Approve.
  await page.press("u");
  await status("Needs approval");
  await page.click("Approve gate");
  await page.click("Approve");
  await status("Passed");
  assert.equal(await page.evaluate("document.querySelectorAll('.timeline li').length"), 3);

  // Do it again, and cancel that while it runs.
  rmSync(go);
  rmSync(`${go}.on`);
  await page.click("Retry all");
  await page.until("/[/]b[/]2$/.test(location.pathname)", "to be at the next build");
  await page.until("document.querySelector('.job[data-status=running]')", "its job to run");
  await page.press("c");
  await page.see("Cancel build #2?");
  await page.type("enough of it");
  await page.click("Cancel the build");
  await status("Canceled");
  await page.see("enough of it");

  // Back, as browsers go back.
  await page.evaluate("history.back()");
  await page.until("/[/]b[/]1$/.test(location.pathname) && document.querySelector('.badge')?.textContent === 'Passed'", "to be back at the first");
  await page.press("u");
  await page.until("document.querySelectorAll('.builds li').length === 2", "both builds");

  // A secret goes in and does not come out.
  await page.click("Settings");
  await page.click("Add a param");
  await page.type("TOKEN");
  await page.evaluate("document.querySelector('dialog [name=value]').focus()");
  await page.type("hush-hush");
  await page.evaluate("document.querySelector('dialog [name=secret]').click()");
  await page.click("Add");
  await page.until("[...document.querySelectorAll('#params li')].some((one) => one.innerText.includes('TOKEN') && one.innerText.includes('secret'))", "the param");
  assert.ok(!(await page.evaluate("document.documentElement.outerHTML")).includes("hush-hush"));

  // How builds went: one passed, one was canceled.
  await page.open(`${origin}/o/page-story/r/demo/statistics`);
  await page.until("document.querySelectorAll('.days rect[data-status]').length === 2", "the builds of today in the chart");
  await page.until("[...document.querySelectorAll('.jobs-of th bdi')].some((one) => one.textContent === 'count')", "its jobs");

  // Somebody is told of builds: added, tested, looked at, paused, asked why, removed.
  await page.open(`${origin}/o/page-story/settings`);
  await page.click("Add a subscription");
  await page.type("deploys");
  await page.evaluate("document.querySelector('dialog [name=kind]').value = 'webhook'");
  await page.evaluate("document.querySelector('dialog [name=to]').focus()");
  await page.type("hooks.example.com");
  await page.click("Add");
  await page.until("[...document.querySelectorAll('dialog .refusal')].some((one) => !one.hidden && one.textContent.includes('https'))", "to be told what is wrong with the address");
  await page.evaluate("document.querySelector('dialog [name=to]').value = 'https://hooks.example.com/ci'");
  await page.click("Add");
  await page.see("whsec_");
  await page.click("I have it");
  await page.click("Test deploys");
  await page.click("Send a test");
  await page.until("document.querySelector('#subscriptions .deliveries')?.innerText.includes('page-story/example#1')", "the test among the deliveries");
  await page.evaluate("document.querySelector('#subscriptions .delivery').click()");
  await page.until("document.querySelector('dialog pre.body')?.textContent.includes('\"test\": true')", "what is sent");
  await page.click("Send again");
  await page.click("Pause deploys");
  await page.until("document.querySelector('#subscriptions .tag')?.textContent === 'paused'", "that it is paused");
  await page.click("Who is told of a build, and why");
  await page.type("demo");
  await page.evaluate("document.querySelector('dialog [name=number]').focus()");
  await page.type("1");
  await page.click("Look");
  await page.see("not told: it is paused");
  await page.click("Close");
  await page.click("Delete deploys");
  await page.click("Delete");
  await page.see("Nobody is told of builds.");

  // The API tells of itself, and is found by words.
  await page.open(`${origin}/api`);
  await page.see("/v1/orgs/{org}/repos/{repo}/builds");
  await page.evaluate("document.querySelector('[data-search]').focus()");
  await page.type("post builds");
  await page.until("document.querySelectorAll('.operation').length > 0 && [...document.querySelectorAll('.operation .method')].every((one) => one.textContent === 'POST')", "only what starts or changes builds");
  await page.evaluate("document.querySelector('#post_orgs_org_repos_repo_builds').open = true");
  await page.see("A commit, 40 or 64 hex digits; the newest when it is not said.");

  // The account: this browser, which is ended like any other.
  await page.open(`${origin}/account`);
  await page.until("document.querySelector('#browsers .tag')?.textContent === 'this one'", "this browser");
  await page.see("By a token alone: this server knows no other way.");
  await page.until("document.querySelectorAll('#tokens li').length === 1", "the token");
  await page.click("Sign out everywhere");
  await page.until("document.querySelector('dialog[open] button.danger')", "to be asked");
  await page.evaluate("document.querySelector('dialog[open] button.danger').click()");
  await page.until("location.pathname === '/login'", "to be signed out");
  await page.see("Sign in");
  assert.deepEqual(page.complaints, []);
  assert.ok([...page.received].filter(([at]) => at?.includes("/-/") && !at.includes("/vendor/")).reduce((sum, [, bytes]) => sum + bytes, 0) < 400_000);
}

/** A program gets an account, and somebody says who they are in its chat. */
async function chat(page) {
  const fill = (name, text) => page.evaluate(`document.querySelector('dialog [name=${name}]').focus()`).then(() => page.type(text));
  await page.open(link);
  await page.see("Organisations");
  await page.open(`${origin}/o/page-story/settings#service-accounts`);
  await page.click("Add a service account");
  await fill("name", "slack");
  await page.evaluate("document.querySelector('dialog [name=integration]').click()");
  await page.click("Add");
  await page.until("document.querySelector('#service-accounts li')?.innerText.includes('integration')", "the account");
  await page.click("Tokens");
  await page.see("Tokens of slack");
  await page.evaluate("document.querySelector('#tokens-of-slack button').click()");
  await fill("description", "the app");
  await page.click("Add");
  const token = await page.until("document.querySelector('dialog code.secret')?.textContent", "the secret");
  await page.click("I have it");

  const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/json" };
  const wanted = { provider: "slack", subject: "T1/U1", name: "Ann <b>in</b> the chat" };
  const answer = await fetch(`${origin}/v1/orgs/page-story/integrations/slack/links`, { method: "POST", headers, body: JSON.stringify(wanted) });
  const { code } = await answer.json();
  const me = () => fetch(`${origin}/v1/me`, { headers: { ...headers, "Monkeyci-Act-As": "slack:T1/U1" } }).then((told) => told.json());
  assert.equal((await me()).code, "not-linked");
  await page.open("about:blank");
  await page.open(`${origin}/link#${code}`);
  await page.see("Ann <b>in</b> the chat");
  assert.equal(await page.evaluate("location.href"), `${origin}/link`, "the code stays nowhere");
  await page.click("Yes, that is me: admin");
  await page.see("You may go back to the chat.");
  const { name, via } = await me();
  assert.deepEqual([name, via], ["admin", "page-story/slack"]);

  await page.click("Your account");
  await page.click("Delete slack:T1/U1");
  await page.click("Delete");
  await page.see("You are nobody in any chat yet.");
  assert.equal((await me()).code, "not-linked");
  assert.deepEqual(page.complaints, []);
}

/** On a narrow phone nothing is wider than the screen. */
async function phone(page) {
  await page.open(link);
  await page.see("Organisations");
  for (const path of ["/", "/o/page-story", "/o/page-story/settings", "/o/page-story/statistics", "/o/page-story/r/demo", "/o/page-story/r/demo/settings", "/o/page-story/r/demo/b/1", "/o/page-story/r/demo/b/1/j/count", "/account", "/api", "/grant", "/link", "/login"]) {
    await page.open(origin + path);
    await page.until("document.querySelector('main').dataset.view && document.querySelector('main').children.length > 0", path);
    assert.ok(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), `${path} is wider than the screen`);
  }
  assert.deepEqual(page.complaints, []);
}
