// @slack/web-api and @slack/socket-mode: they post, wait, try again, upload, and are told everything through a socket.
// `node web.mjs URL FOLDER`: the emulator, and where the packages are.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";

const [url, folder] = process.argv.slice(2);
const require = createRequire(join(folder, "package.json"));
const { WebClient, LogLevel, ErrorCode } = require("@slack/web-api");
const { SocketModeClient } = require("@slack/socket-mode");

async function call(method, path, body) {
  const answer = await fetch(`${url}/_emulator/${path}`, { method, body: body && JSON.stringify(body), headers: { "content-type": "application/json" } });
  const text = await answer.text();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
  return JSON.parse(text);
}
const post = (path, body) => call("POST", path, body);

const { team_id: team } = await post("workspaces", { name: "Acme" });
const { user_id: ann } = await post("people", { team, name: "ann", email: "ann@example.com" });
const { channel_id: builds } = await post("channels", { team, name: "builds", members: ["ann"] });
const scopes = ["commands", "chat:write", "channels:read", "channels:history", "users:read", "users:read.email", "files:write", "app_mentions:read"];
const app = await post("apps", {
  display_information: { name: "MonkeyCI" },
  features: { bot_user: { display_name: "MonkeyCI" }, slash_commands: [{ command: "/build", description: "Runs builds" }] },
  oauth_config: { scopes: { bot: scopes } },
  settings: { event_subscriptions: { bot_events: ["app_mention"] }, interactivity: { is_enabled: true }, socket_mode_enabled: true },
});
const { token, bot_user_id: bot } = await post("install", { app: app.app_id, team });
await call("PATCH", `channels/${builds}`, { invite: [bot] });
const messages = async () => (await call("GET", `channels/${builds}`)).messages;
const quiet = { slackApiUrl: `${url}/api/`, logLevel: LogLevel.ERROR };
const client = new WebClient(token, quiet);

const who = await client.auth.test();
assert.equal(who.user_id, bot);
assert.ok(who.response_metadata.scopes.includes("chat:write"));
const blocks = [{ type: "section", text: { type: "mrkdwn", text: "*unit* failed" } }];
const posted = await client.chat.postMessage({ channel: builds, text: "web #1", blocks, metadata: { event_type: "build", event_payload: { number: 1 } } });
const changed = await client.chat.update({ channel: builds, ts: posted.ts, text: "web #1 went well" });
assert.equal(changed.message.text, "web #1 went well");

const wrong = [{ type: "section", text: { type: "mrkdwn", text: "a".repeat(3001) } }];
await assert.rejects(client.chat.postMessage({ channel: builds, text: "a", blocks: wrong }), (error) => {
  assert.equal(error.code, ErrorCode.PlatformError);
  assert.equal(error.data.error, "invalid_blocks");
  assert.match(error.data.response_metadata.messages[0], /json-pointer:\/blocks\/0\/text\/text/);
  return true;
});
await assert.rejects(client.chat.update({ channel: builds, ts: "1.2", text: "a" }), /message_not_found/);

// It waits by itself as long as it is told to, and says so.
let limited = 0;
client.on("rate_limited", (seconds) => { limited += 1; assert.equal(seconds, 1); });
for (const text of ["one", "two", "three"]) await client.chat.postMessage({ channel: builds, text });
assert.ok(limited >= 1);
assert.deepEqual((await messages()).slice(-3).map(({ text }) => text), ["one", "two", "three"]);
const impatient = new WebClient(token, { ...quiet, rejectRateLimitedCalls: true });
await post("faults", { method: "chat.postMessage", kind: "limited", seconds: 30 });
await assert.rejects(impatient.chat.postMessage({ channel: builds, text: "a" }), (error) => error.code === ErrorCode.RateLimitedError && error.retryAfter === 30);
await call("PUT", "habits", { ...(await call("GET", "habits")), limits: false });

// Answers are lost: it asks again, and the message is there once.
await post("faults", { method: "chat.postMessage", kind: "lost", times: 2 });
const stubborn = new WebClient(token, { ...quiet, retryConfig: { retries: 4, minTimeout: 10, factor: 1 } });
const again = await stubborn.chat.postMessage({ channel: builds, text: "once", client_msg_id: "11111111-1111-4111-8111-111111111111" });
assert.deepEqual((await messages()).filter(({ text }) => text === "once").map(({ ts }) => ts), [again.ts]);
await post("faults", { method: "chat.postMessage", kind: "broken", times: 1 });
await stubborn.chat.postMessage({ channel: builds, text: "after all" });

for (const number of [0, 1, 2]) await post("channels", { team, name: `more-${number}` });
const names = [];
for await (const page of client.paginate("conversations.list", { limit: 2 })) names.push(...page.channels.map(({ name }) => name));
assert.deepEqual(names.sort(), ["builds", "more-0", "more-1", "more-2"]);
assert.equal((await client.users.lookupByEmail({ email: "ann@example.com" })).user.id, ann);
await client.files.uploadV2({ channel_id: builds, filename: "log.txt", content: "log\n".repeat(100), initial_comment: "all of it" });
assert.equal((await messages()).at(-1).files[0].size, 400);

// A socket: what comes through it is acknowledged, and it is opened again when Slack wants that.
const socket = new SocketModeClient({ appToken: app.app_token, clientOptions: quiet, logLevel: LogLevel.ERROR });
const heard = [];
socket.on("slash_commands", async ({ body, ack }) => {
  heard.push(body.text);
  await ack({ text: `understood: ${body.text}` });
});
socket.on("app_mention", async ({ event, ack }) => {
  heard.push(event.text);
  await ack();
});
await socket.start();
const answered = await post("command", { user: "ann", channel: "builds", text: "/build run" });
assert.ok(answered.ok && answered.answer.text === "understood: run", JSON.stringify(answered));
await post("say", { user: "ann", channel: "builds", text: `<@${bot}> status` });
const until = async (what, find) => {
  for (let version = 0, tries = 0; tries < 1000; tries += 1) {
    if (await find()) return;
    ({ version } = await call("GET", `version?after=${version}`));
  }
  throw new Error(`this did not come true: ${what}`);
};
await until("the mention", () => heard.length === 2);
await call("DELETE", `apps/${app.app_id}/socket?reason=refresh_requested`);
await until("another socket", async () => {
  const { counts } = await call("GET", "calls?method=apps.connections.open");
  return counts["apps.connections.open"] === 2 && (await call("GET", `apps/${app.app_id}/socket`)).open === 1;
});
assert.ok((await post("command", { user: "ann", channel: "builds", text: "/build again" })).ok);
await socket.disconnect();
console.log("@slack/web-api, @slack/socket-mode: well");
process.exit(0);
