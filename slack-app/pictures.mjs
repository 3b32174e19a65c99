// Takes the pictures of Slack for the documentation: a real server, the app, and the double of Slack that it is tested with.
// `node pictures.mjs LINK REPOSITORY FOLDER`: the link that the server printed, the folder of a repository whose branch
// `search` has a bug (and loses it), and where the pictures go. `monkeyci-slack` and `slack-emulator` are on the path.

import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { messages as others } from "./messages.mjs";
import { launch } from "../monkeyci-api/page/test/browser/chromium.js";

const [link, repository, folder] = process.argv.slice(2);
const server = new URL(link).origin;
const token = link.split("token=")[1].trim();
mkdirSync(folder, { recursive: true });
const place = mkdtempSync(join(tmpdir(), "monkeyci-slack-"));
const running = [];
const browser = await launch();
try {
  await story();
} finally {
  await browser.close();
  for (const child of running) child.kill();
  rmSync(place, { recursive: true, force: true });
}

/** Asks for JSON. */
async function ask(method, url, body, bearer) {
  const headers = { "Content-Type": "application/json", ...(bearer && { Authorization: `Bearer ${bearer}` }) };
  const answer = await fetch(url, { method, headers, body: body && JSON.stringify(body) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${text}`);
  return text && JSON.parse(text);
}

/** Waits until something is found. */
async function until(what, find) {
  for (const end = Date.now() + 90_000; ; ) {
    const found = await find();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** Starts a program; what it prints first, as JSON, where that is waited for. */
async function start(program, args, env, reads) {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "inherit"] });
  running.push(child);
  if (!reads) return undefined;
  const [line] = await once(child.stdout, "data");
  return JSON.parse(line);
}

async function story() {
  const api = (method, path, body) => ask(method, `${server}/v1/orgs/acme${path}`, body, token);
  const manifest = join(place, "manifest.json");
  writeFileSync(manifest, execFileSync("monkeyci-slack", ["manifest", "--server", server]));
  const slack = await start("slack-emulator", ["--listen", "127.0.0.1:0", "--manifest", manifest, "--workspace", "Acme Inc", "--person", "ann", "--person", "bob", "--channel", "builds", "--channel", "random"], {}, true);
  const emulator = (method, path, body) => ask(method, `${slack.url}/_emulator/${path}`, body);
  const builds = slack.channels.builds;
  const messages = async () => (await emulator("GET", `channels/${builds}`)).messages;

  await api("PUT", "", { name: "Acme Inc." });
  await api("PUT", "/service-accounts/slack", { role: "viewer", integration: true });
  const { secret } = await api("POST", "/service-accounts/slack/tokens", { description: "the app", scope: { org: "acme", role: "maintainer" } });
  for (const name of ["ann", "bob"]) {
    await api("PUT", `/members/${name}`, { role: "maintainer" });
    await api("PUT", `/chat-identities/slack/${encodeURIComponent(`${slack.team_id}/${slack.people[name]}`)}`, { person: name });
  }
  await api("PUT", "/repos/web", { url: `file://${repository}` });
  await start("monkeyci-slack", ["serve", "--listen", "127.0.0.1:0"], {
    MONKEYCI_SERVER: server, MONKEYCI_ORG: "acme", MONKEYCI_TOKEN: secret, SLACK_API_URL: slack.api.replace(/\/$/, ""),
    SLACK_BOT_TOKEN: slack.bot_token, SLACK_APP_TOKEN: slack.app_token, MONKEYCI_LOG: "warn",
  });
  await until("the app", async () => (await emulator("GET", `apps/${slack.app_id}/socket`)).open > 0);

  const command = async (user, text) => {
    const answered = await emulator("POST", "command", { user, channel: "builds", text });
    if (!answered.ok) throw new Error(`${text}: ${answered.error}`);
  };
  const seen = (what, find) => until(what, async () => (await messages()).findLast(find));
  const says = (word) => (message) => message.bot_id && !message.is_ephemeral && !message.thread_ts && JSON.stringify(message).includes(word);
  const ended = (number) => until(`build ${number} to end`, async () => ["success", "failure", "error", "blocked"].includes((await api("GET", `/repos/web/builds/${number}`)).status));
  const run = async (branch) => {
    const { number } = await api("POST", "/repos/web/builds", { branch });
    await ended(number);
    return number;
  };

  await command("ann", "/build subscribe acme/web on:failed,recovered,waiting");
  await seen("the subscription", (message) => message.bot_id);
  await emulator("POST", "say", { user: "bob", channel: "builds", text: "merged the new totals, let's see" });
  const failed = await run("search");
  const red = await seen("the failure", (message) => says(`#${failed}`)(message) && says("Retry failed")(message));
  await until("its thread", async () => (await messages()).some(({ thread_ts }) => thread_ts === red.ts));
  await emulator("POST", "react", { user: "ann", channel: "builds", ts: red.ts, name: "eyes" });
  await pictures("failed", `c/${builds}?as=ann&thread=${red.ts}`, [false, true]);

  const git = (...args) => execFileSync("git", ["-C", repository, "-c", "user.name=Bob Example", "-c", "user.email=bob@example.com", ...args]);
  git("switch", "--quiet", "search");
  git("rm", "--quiet", "bug");
  git("commit", "--quiet", "--message", "cart: totals are rounded once, at the end");
  git("switch", "--quiet", "main");
  const mended = await run("search");
  const asks = await seen("the approval", (message) => says(`#${mended}`)(message) && says("approval.approve")(message));
  const pressed = await emulator("POST", "click", { user: "ann", channel: "builds", ts: asks.ts, action_id: "approval.approve" });
  if (!pressed.ok) throw new Error(`the approval: ${pressed.error}`);
  await until("the build to go well", async () => (await api("GET", `/repos/web/builds/${mended}`)).status === "success");
  await seen("the recovery", (message) => says(`#${mended}`)(message) && !says("approval.approve")(message) && says("green")(message));

  const waiting = await run("main");
  await seen("the approval", says(`#${waiting}`));
  await pictures("approval", `c/${builds}?as=ann`);

  await api("PUT", "/repos/web/params/REGION", { value: "eu-west", description: "Where the shop is deployed" });
  await api("PUT", "/repos/web/params/REPLICAS", { value: "3" });
  await api("PUT", "/repos/web/params/DRY_RUN", { value: "false" });
  await api("PUT", "/repos/web/params/DEPLOY_TOKEN", { value: "not shown", secret: true });
  await command("ann", "/build run");
  await until("the form", async () => JSON.stringify(await emulator("GET", "modals?user=ann")).includes("REPLICAS"));
  await pictures("run", `c/${builds}?as=ann`);
  await emulator("POST", "modals/close", { user: "ann" });

  await emulator("POST", "home", { user: "ann", app: slack.app_id });
  await until("the home tab", async () => await emulator("GET", `home?user=ann&app=${slack.app_id}`));
  await pictures("home", `home/${slack.app_id}?as=ann`, [true]);

  await others({ api, emulator, slack, server, place, until, picture: pictures });

  async function pictures(name, path, looks = [false]) {
    for (const dark of looks) {
      const page = await browser.page({ dark, width: 1180, height: 720 });
      await page.open(`${slack.url}/${path}`);
      await page.until("document.querySelector('main')", `${name} to be there`);
      await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))");
      writeFileSync(join(folder, `slack-${name}-${dark ? "dark" : "light"}.png`), await page.picture());
    }
  }
}
