// The first page: every organisation with its repositories, so that what is broken is seen at once.

import { all, get, peek, send } from "../api.js";
import { h } from "../element.js";
import { ask } from "../form.js";
import { page, rest } from "../route.js";
import { icon, isBad } from "../status.js";
import { agoElement } from "../time.js";
import { headline } from "../part/trigger.js";

/** Organisations whose repositories are shown; the others are links. */
const MOST = 12;

/** Draws the view. */
export async function show({ me, signal, draw, go }) {
  if (!me) return go("/login", { replace: true });
  const paint = (orgs, repos) => draw([
    h("header.head", h("h1", "Organisations"), me.admin && h("div.actions", h("button", { type: "button", on: { click: () => create(go) } }, "New organisation"))),
    orgs.length === 0 && nothing(me),
    orgs.map((org) => section(org, repos.get(org.id))),
  ], { title: "Organisations", trail: [], status: null });
  const before = peek("/v1/orgs?limit=200");
  const repos = new Map();
  if (before) {
    for (const { id } of before.items) repos.set(id, peek(`${rest.org(id)}/repos?limit=200`)?.items);
    paint(before.items, repos);
  }
  const { items } = await get("/v1/orgs?limit=200", signal);
  await Promise.all(items.slice(0, MOST).map(async ({ id }) => repos.set(id, await all(`${rest.org(id)}/repos`, signal))));
  paint(items, repos);
}

function section(org, repos) {
  return h("section.org", { key: org.id },
    h("h2", h("a", { href: page.org(org.id), "data-item": true }, h("bdi", org.name || org.id)), org.name && org.name !== org.id && h("span.id", org.id)),
    repos?.length === 0 && h("p.hint", "No repository yet."),
    repos?.length > 0 && h("ul.tiles", [...repos].sort(byNews).map((repo) => tile(repo))));
}

function tile({ org, id, latest }) {
  return h("li", { key: id, "data-status": latest?.status ?? "none" },
    h("a.tile", { href: page.repo(org, id), "data-item": true },
      h("span.name", latest ? icon(latest.status, 16) : icon("pending", 16), h("b", id)),
      latest ? h("span.meta", h("bdi.line", headline(latest.trigger, latest.number)), agoElement(latest.created)) : h("span.meta", "Not built yet")));
}

function byNews(a, b) {
  const bad = (repo) => (repo.latest && isBad(repo.latest.status) ? 0 : 1);
  return bad(a) - bad(b) || (b.latest?.created ?? 0) - (a.latest?.created ?? 0);
}

function nothing(me) {
  return h("section.empty", h("p", me.admin ? "No organisation yet. Make the first: repositories, params and people belong to one." : "You belong to no organisation yet. Ask an owner to make you a member."));
}

function create(go) {
  ask("New organisation", {
    fields: [
      { name: "id", label: "Id", required: true, placeholder: "acme", hint: "Letters, digits, _, - and . ; paths name it." },
      { name: "name", label: "Name", placeholder: "Acme Inc." },
    ],
    submit: "Create",
    done: async ({ id, name }) => {
      await send("PUT", rest.org(id), { name: name || undefined });
      go(page.org(id));
    },
  });
}
