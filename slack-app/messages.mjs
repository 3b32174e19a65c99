// What else a channel is told, for pictures: what is deployed, a job alone, a long log, a burst, links, a week in sum, a person alone.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** @param {{ api: any, emulator: any, slack: any, server: string, place: string, until: any, picture: any }} house */
export async function messages({ api, emulator, slack, server, place, until, picture }) {
  const channel = slack.channels.random;
  const code = join(place, "tool");
  const go = join(place, "go");
  const git = (...args) => execFileSync("git", ["-C", code, "-c", "user.name=Ann Example", "-c", "user.email=ann@example.com", ...args]);
  const write = (file, text) => writeFileSync(join(code, file), text);
  const say = (user, text, more = {}) => emulator("POST", "say", { user, channel: "random", text, ...more });
  const command = async (user, text) => {
    const answered = await emulator("POST", "command", { user, channel: "random", text });
    if (!answered.ok) throw new Error(`${text}: ${answered.error}`);
  };
  const told = (words, id = channel) => until(words, async () => (await emulator("GET", `channels/${id}`)).messages.findLast((message) => JSON.stringify(message).includes(words)));
  const ended = (number) => until(`build ${number} to end`, async () => ["success", "failure", "error", "blocked"].includes((await api("GET", `/repos/tool/builds/${number}`)).status));
  const begin = async (branch) => (await api("POST", "/repos/tool/builds", { branch })).number;
  const run = async (branch) => {
    const number = await begin(branch);
    await ended(number);
    return number;
  };
  const script = (unit) => `- id: unit\n  script: ['cat log', '${unit}']\n- id: lint\n  script: ['exit $(cat lint)']\n- id: deploy\n  environment: live\n  dependencies: [unit, lint]\n  script: ['true']\n`;
  const commit = (message, { unit = "exit $(cat unit)", log = "ok\n", ends = 0, lint = 0 } = {}) => {
    write(".monkeyci/build.yaml", script(unit));
    write("log", log);
    write("unit", `${ends}`);
    write("lint", `${lint}`);
    git("add", "--all");
    git("commit", "--quiet", "--allow-empty", "--message", message);
  };

  mkdirSync(join(code, ".monkeyci"), { recursive: true });
  git("init", "--quiet", "--initial-branch=main");
  await api("PUT", "/repos/tool", { url: `file://${code}` });
  await api("PUT", "/repos/tool/environments/live", { description: "shop.example.com" });
  await command("ann", "/build subscribe acme/tool on:failed,recovered,deploy,approval");
  await command("ann", "/build settings lines:60");
  commit("tool: the first of many");
  await run("main");
  await told("is deployed to live");
  await api("PUT", "/repos/tool/environments/live", { description: "shop.example.com", approvers: ["ann", "bob"] });
  commit("tool: prices have a currency");
  const waits = await run("main");
  await told(`#${waits}`);
  await picture("deploy", `c/${channel}?as=ann`);

  const log = Array.from({ length: 70 }, (_, at) => `[${String(at).padStart(2, "0")}] GET /v1/prices?currency=EUR&limit=100&cursor=${"x".repeat(60)} 200 in ${7 + at % 5} ms`).join("\n");
  commit("tool: one more currency", { log: `${log}\nerror: expected EUR, got USD\n`, ends: 3, lint: 2 });
  await command("ann", "/build settings direct:on");
  // As herself: what she causes, she hears of.
  await command("ann", "/build run tool @main");
  const failed = waits + 1;
  await until("it to begin", async () => api("GET", `/repos/tool/builds/${failed}`).catch(() => undefined));
  await ended(failed);
  const red = await told(`#${failed} FAILED`);
  await told("Retry this job");
  await told("unit-");
  await picture("thread", `c/${channel}?as=ann&thread=${red.ts}`);
  const direct = await until("a message to ann alone", async () => (await emulator("GET", "calls")).calls.findLast((call) => call.method === "chat.postMessage" && call.ok && call.arguments.channel?.startsWith("D")));
  await told(`#${failed} FAILED`, direct.arguments.channel);
  await picture("direct", `c/${direct.arguments.channel}?as=ann`);

  rmSync(go, { force: true });
  commit("tool: back to one", { unit: `until test -e ${go}; do sleep 0.1; done` });
  const running = await begin("main");
  await until("it to run", async () => (await api("GET", `/repos/tool/builds/${running}`)).status === "running");
  const page = `${server}/o/acme/r/tool/b`;
  await say("bob", `is it ${page}/${running} already?`);
  await say("bob", `this is what it was: ${page}/${failed}/j/unit#L68-L71`);
  await told("lines 68 to 71");
  await told(":large_blue_circle: *<");
  await picture("link", `c/${channel}?as=ann`);
  if (!existsSync(go)) writeFileSync(go, "");
  await ended(running);

  commit("tool: prices of tomorrow", { ends: 1, log: "error: there is no tomorrow\n" });
  for (let at = 0; at < 9; at += 1) {
    const branch = `dependabot/npm/package-${at}`;
    git("branch", "--force", branch, "main");
    await run(branch);
  }
  await told("more builds at once");
  const now = new Date();
  const time = `${String(now.getUTCHours()).padStart(2, "0")}:${String(now.getUTCMinutes()).padStart(2, "0")}`;
  const day = now.toLocaleDateString("en", { weekday: "short", timeZone: "UTC" }).toLowerCase();
  await until("the last of them", async () => (await emulator("GET", `channels/${channel}`)).messages.filter((message) => message.text.includes("FAILED on dependabot")).length >= 3);
  await picture("burst", `c/${channel}?as=ann`);
  await command("ann", `/build settings digest:${time} report:${day}-${time}`);
  await told("CI report");
  await told("CI digest");
  await picture("report", `c/${channel}?as=ann`);
}
