// Webhooks, with what forges delivered to them.

import { get, send } from "../api.js";
import { h } from "../element.js";
import { ask, secretOnce } from "../form.js";
import { buildId, page } from "../route.js";
import { agoElement, bytes } from "../time.js";
import { collection } from "./collection.js";

const FORGES = ["github", "gitlab", "bitbucket", "bitbucket-server", "gitea", "forgejo"].map((name) => [name, name]);
const STATUS = { built: "success", failed: "failure", ignored: "skipped", received: "queued" };

/** The webhooks of the repository at `path`. */
export function hooks(path, how) {
  const opened = new Map();
  const at = (name) => `${path}/hooks/${encodeURIComponent(name)}`;
  const look = async (name) => {
    opened.set(name, (await get(`${at(name)}/deliveries?limit=50`, how.signal)).items);
    how.redraw();
  };
  const toggle = (name) => {
    if (opened.delete(name)) how.redraw();
    else look(name);
  };
  const tell = (made) => secretOnce("The secret of the webhook", `Enter it at ${made.forge} with the URL ${made.url} . It is not shown again.`, made.secret);
  const rotate = ({ name }, load) => ask(`A new secret for ${name}?`, {
    fields: [], submit: "Make a new secret", about: "The one before stays good for a while, so that the forge can be told the new one.",
    done: async () => {
      tell(await send("POST", `${at(name)}/rotate`, {}));
      await load();
    },
  });
  return collection({
    ...how, title: "Webhooks", path: `${path}/hooks`, noun: "a webhook", empty: "No webhooks yet: pushes start no builds.", key: ({ name }) => name, isFixed: true,
    row: (hook, { load }) => [
      h("span.what", h("b", hook.name), h("span.meta", h("code.url", hook.url))),
      hook.rotating && h("span.tag", "two secrets are good"),
      h("span.when", hook.lastDelivery ? h("span", "last delivery ", agoElement(hook.lastDelivery)) : "nothing delivered yet"),
      how.mayWrite && h("span.verbs", h("button.small.quiet", { type: "button", "aria-expanded": String(opened.has(hook.name)), on: { click: () => toggle(hook.name) } }, "Deliveries"),
        h("button.small.quiet", { type: "button", on: { click: () => rotate(hook, load) } }, "New secret")),
      opened.has(hook.name) && deliveries(opened.get(hook.name), { at: at(hook.name), look: () => look(hook.name) }),
    ],
    fields: () => [
      { name: "forge", label: "Forge", kind: "select", value: "github", options: FORGES },
      { name: "name", label: "Name", placeholder: "that of the forge" },
      { name: "secret", label: "Secret", kind: "secret", placeholder: "drawn by lot", hint: "At least 16 bytes. Left empty, one is made and shown once." },
    ],
    save: async ({ forge, name, secret }) => tell(await send("POST", `${path}/hooks`, { forge, name: name || undefined, secret: secret || undefined })),
  });
}

function deliveries(found, { at, look }) {
  if (!found.length) return h("p.empty", "Nothing delivered yet.");
  return h("ol.deliveries", found.map((one) => h("li", { key: one.id, "data-status": STATUS[one.state] },
    h("button.delivery", { type: "button", on: { click: () => open(one, at, look) } }, h("span.state", one.state), h("b", one.event), h("span.why", one.message), h("span.size", bytes(one.size)), agoElement(one.received)),
    one.builds?.map((id) => link(id)))));
}

function link(id) {
  const found = buildId(id);
  return found && h("a", { key: id, href: page.build(found.org, found.repo, found.number) }, `#${found.number}`);
}

async function open({ id }, at, look) {
  const path = `${at}/deliveries/${encodeURIComponent(id)}`;
  const full = await get(path);
  let body = full.body ?? "";
  try {
    body = JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    // What is no JSON is shown as it came.
  }
  ask(`Delivery of ${full.event}`, {
    about: [full.message && h("p", full.message), h("dl.params", Object.entries(full.headers ?? {}).map(([name, value]) => [h("dt", name), h("dd", h("code", value))])), h("pre.body", body.slice(0, 20_000))],
    fields: [], submit: "Deliver again",
    done: async () => {
      await send("POST", `${path}/redeliver`, {});
      await look();
    },
  });
}
