// Who is told of what happens in builds, what they were told, and why.

import { get, send } from "../api.js";
import { h } from "../element.js";
import { ask, secretOnce } from "../form.js";
import { agoElement } from "../time.js";
import { collection } from "./collection.js";
import { field as labelField, fromLines, shown as shownLabels } from "./labels.js";

const STATUS = { delivered: "success", failed: "failure", queued: "queued" };
const MOMENTS = { failed: "fails", recovered: "recovers", "still-failing": "fails again", succeeded: "succeeds", started: "starts", waiting: "waits for approval", canceled: "is canceled", deployed: "is deployed" };
const KINDS = [["mail", "People, by e-mail"], ["webhook", "A server, by a signed request"], ["slack", "A channel of Slack"], ["chat", "A place in another chat"]];

const words = (text) => text.split(/[\s,]+/).filter(Boolean);

/** To whom a subscription goes, for people. Pure. */
export function recipient({ mail, webhook, slack, chat }) {
  if (webhook) return webhook.url;
  if (slack) return `${slack.workspace} ${slack.channel}`;
  if (chat) return `${chat.integration} ${chat.place}`;
  return [...(mail.to ?? []), mail.author && "the author", mail.actor && "whoever caused the build"].filter(Boolean).join(", ");
}

/** The subscriptions of the organisation at `path`. */
export function subscriptions(path, how) {
  const opened = new Map();
  const at = (name) => `${path}/subscriptions/${encodeURIComponent(name)}`;
  const look = async (name) => {
    opened.set(name, (await get(`${at(name)}/deliveries?limit=50`, how.signal)).items);
    how.redraw();
  };
  const toggle = (name) => {
    if (opened.delete(name)) how.redraw();
    else look(name);
  };
  const tell = ({ name, secret }) => secret && secretOnce("The secret of the webhook", `What comes from ${name} is signed with it. It is not shown again.`, secret);
  const put = async (item, body) => tell(await send("PUT", at(item.name), body, item));
  const pause = async (item, load) => {
    await put(item, { ...bodyOf(item), paused: !item.paused });
    await load();
  };
  const rotate = ({ name }, load) => ask(`A new secret for ${name}?`, {
    fields: [], submit: "Make a new secret", about: "The one before signs as well for a day, so that the receiver can be told the new one.",
    done: async () => {
      tell(await send("POST", `${at(name)}/rotate`, {}));
      await load();
    },
  });
  const test = ({ name }) => ask(`Send a test to ${name}?`, {
    fields: [], submit: "Send a test", about: "It says of itself that it is one. What went out, and how that went, is among the deliveries.",
    done: async () => {
      await send("POST", `${at(name)}/test`, {});
      await look(name);
    },
  });
  const verb = (text, click, more) => h("button.small.quiet", { type: "button", on: { click }, ...more }, text);
  const list = collection({
    ...how, title: "Subscriptions", path: `${path}/subscriptions`, noun: "a subscription", empty: "Nobody is told of builds.", key: ({ name }) => name,
    hint: h("span", "Who is told when a build fails, recovers or waits. ", h("button.small", { type: "button", on: { click: () => why(path) } }, "Who is told of a build, and why")),
    row: (item, { load }) => [
      h("span.what", h("b", item.name), h("span.meta", h("bdi", recipient(item.to)), h("span", `when it ${item.on.map((on) => MOMENTS[on] ?? on).join(", ")}`),
        h("span", filters(item)))),
      item.paused && h("span.tag", "paused"), item.rotating && h("span.tag", "two secrets sign"),
      how.mayWrite && h("span.verbs", isOurs(item.to) && verb("Deliveries", () => toggle(item.name), { "aria-expanded": String(opened.has(item.name)), "aria-label": `Deliveries of ${item.name}` }),
        isOurs(item.to) && verb("Test", () => test(item), { "aria-label": `Test ${item.name}` }),
        verb(item.paused ? "Resume" : "Pause", () => pause(item, load), { "aria-label": `${item.paused ? "Resume" : "Pause"} ${item.name}` }),
        item.to.webhook && verb("New secret", () => rotate(item, load))),
      opened.has(item.name) && deliveries(opened.get(item.name), { at: at(item.name), look: () => look(item.name) }),
    ],
    fields: (item) => fields(item),
    save: (values, item) => put(item ?? { name: values.name }, { ...fromFields(values, item), paused: item?.paused ?? false }),
  });
  return list;
}

const bodyOf = ({ to, repos, labelFilters, refs, jobs, actors, events, on, paused }) => ({ to, repos, labelFilters, refs, jobs, actors, events, on, paused });

/** Whether the server itself tells somebody, and no integration. */
const isOurs = ({ slack, chat }) => !slack && !chat;

/** What a subscription leaves out, for people. Pure. */
export function filters({ repos = [], refs = [], jobs = [], actors = [], events = [], labelFilters = [] }) {
  const part = (name, globs) => globs.length > 0 && `${name} ${globs.join(", ")}`;
  return [part("in", repos), labelFilters.length > 0 && `labelled ${shownLabels(labelFilters)}`, part("at", refs), part("about", jobs), part("by", actors), part("of", events)].filter(Boolean).join("; ");
}

function fields(item) {
  const { mail } = item?.to ?? {};
  const kind = KINDS.map(([word]) => word).find((word) => item?.to[word]) ?? "mail";
  const list = (name, label, placeholder, hint) => ({ name, label, value: (item?.[name] ?? []).join(", "), placeholder, hint });
  return [
    { name: "name", label: "Name", value: item?.name, required: true, disabled: Boolean(item), placeholder: "team" },
    { name: "kind", label: "Who is told", kind: "select", value: kind, options: KINDS },
    { name: "to", label: "Address", value: item && !mail ? recipient(item.to) : (mail?.to ?? []).join(", "), placeholder: "team@example.com",
      hint: "Of e-mail: one or more. Of a server: https://… . Of Slack: workspace and channel, as T0123ABCD #builds. Of a chat: integration and place." },
    { name: "author", label: "Also the author of the commit", kind: "check", value: mail?.author, hint: "By e-mail, where a provider has verified the address." },
    { name: "actor", label: "Also whoever caused the build", kind: "check", value: mail?.actor },
    { name: "on", label: "When a build", value: (item?.on ?? ["failed", "recovered", "waiting"]).join(", "), hint: `Of: ${Object.keys(MOMENTS).join(", ")}.` },
    list("repos", "Repositories", "all", "Globs; those that begin with ! are left out."), labelField(item?.labelFilters),
    list("refs", "Branches, tags, pull requests", "all", "main, v*, pull/*"), list("jobs", "Jobs", "all"), list("actors", "Caused by", "anybody"),
    list("events", "Caused by what", "anything", "Of: push, tag, pull-request, schedule, build, manual."),
  ];
}

function fromFields({ kind, to, author, actor, on, repos, labelFilters, refs, jobs, actors, events }, item) {
  const [first = "", ...rest] = to.trim().split(/\s+/);
  const slack = { ...item?.to.slack, workspace: first, channel: rest.join(" ") };
  const recipients = { mail: { to: words(to), author, actor }, webhook: { url: to.trim() }, slack, chat: { integration: first, place: rest.join(" ") } };
  return { to: { [kind]: recipients[kind] }, on: words(on), repos: words(repos), labelFilters: fromLines(labelFilters), refs: words(refs), jobs: words(jobs), actors: words(actors), events: words(events) };
}

function deliveries(found, { at, look }) {
  if (!found.length) return h("p.empty", "Nothing was sent yet.");
  return h("ol.deliveries", found.map((one) => h("li", { key: one.id, "data-status": STATUS[one.state] },
    h("button.delivery", { type: "button", on: { click: () => open(one, at, look) } }, h("span.state", one.state), h("b", one.build), h("span.tag", one.on), h("span.why", one.note ?? one.to), agoElement(one.created)))));
}

async function open({ id }, at, look) {
  const path = `${at}/deliveries/${encodeURIComponent(id)}`;
  const full = await get(path);
  const body = JSON.parse(full.body ?? "{}");
  const tries = full.tries === 1 ? "once" : `${full.tries} times`;
  const facts = [["To", full.to], ["Subject", body.subject], ["Sent", `${tries}${full.next ? `, again ${new Date(full.next).toLocaleString()}` : ""}`], ["Went wrong", full.note], ["Because", body.because]];
  ask(`${full.build}: ${full.on}`, {
    about: [h("dl.params", facts.filter(([, value]) => value).map(([name, value]) => [h("dt", name), h("dd", value)])), h("pre.body", (body.text ?? JSON.stringify(body, null, 2)).slice(0, 20_000))],
    fields: [], submit: "Send again",
    done: async () => {
      await send("POST", `${path}/redeliver`, {});
      await look();
    },
  });
}

/** Asks for a build, and shows of each subscription whether it is told of that, and why. */
function why(path) {
  ask("Who is told of a build?", {
    fields: [{ name: "repo", label: "Repository", required: true, placeholder: "web" }, { name: "number", label: "Build", kind: "number", required: true, placeholder: "42" }],
    submit: "Look",
    done: async ({ repo, number }) => {
      const matches = await get(`${path}/repos/${encodeURIComponent(repo)}/builds/${encodeURIComponent(number)}/subscriptions`);
      ask(`Who is told of ${repo} #${number}`, {
        about: matches.length ? h("dl.params", matches.map((one) => [h("dt", one.subscription), h("dd", `${one.on ? "told" : "not told"}: ${one.why}`)])) : "Nobody: there is no subscription, or nothing has happened yet that anybody is told.",
        fields: [], submit: "Close", done: async () => {},
      });
    },
  });
}
