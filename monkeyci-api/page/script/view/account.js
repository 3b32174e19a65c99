// Whoever is signed in: their roles, how they sign in and where, their tokens and chats; everybody, for who runs the server.

import { get } from "../api.js";
import { h } from "../element.js";
import { page } from "../route.js";
import { identities } from "../settings/identities.js";
import { sessions } from "../settings/sessions.js";
import { ownChats } from "../settings/chats.js";
import { people } from "../settings/people.js";
import { tokens } from "../settings/tokens.js";
import { REFUSED } from "./login.js";

/** Draws the view. */
export async function show({ me, query, signal, draw, go }) {
  if (!me) return go("/login?next=/account", { replace: true });
  const roles = Object.entries(me.orgs ?? {});
  const providers = await get("/v1/sign-in", signal).then((list) => list.items, () => []);
  const how = { signal, redraw: () => paint(), mayWrite: true };
  const lists = [
    identities(providers, how),
    sessions(() => location.assign("/login"), how),
    tokens(roles.map(([org]) => org), how),
    ownChats(how),
    ...(me.admin ? [people(me.name, how)] : []),
  ];
  const refused = REFUSED[query.get("refused")];
  const paint = () => draw([
    h("header.head", h("h1", me.name, me.admin && h("span.tag", "runs this server"))),
    refused && h("p.refusal", { role: "alert" }, refused),
    roles.length > 0 && h("p.facts", roles.map(([org, role]) => h("span", { key: org }, h("a", { href: page.org(org) }, org), ` ${role}`))),
    h("p.hint", "Programs use ", h("a", { href: "/api" }, "the API"), " with a token of yours."),
    h("div.parts", lists.map((list) => list.draw())),
  ], { title: me.name, trail: [[me.name, "/account"]] });
  paint();
  await Promise.all(lists.map((list) => list.load()));
}
