// Whoever is signed in: their roles and tokens.

import { h } from "../element.js";
import { page } from "../route.js";
import { tokens } from "../settings/tokens.js";

/** Draws the view. */
export async function show({ me, signal, draw, go }) {
  if (!me) return go("/login?next=/account", { replace: true });
  const roles = Object.entries(me.orgs ?? {});
  const list = tokens(roles.map(([org]) => org), { signal, redraw: () => paint(), mayWrite: true });
  const paint = () => draw([
    h("header.head", h("h1", me.name, me.admin && h("span.tag", "runs this server"))),
    roles.length > 0 && h("p.facts", roles.map(([org, role]) => h("span", { key: org }, h("a", { href: page.org(org) }, org), ` ${role}`))),
    list.draw(),
  ], { title: me.name, trail: [[me.name, "/account"]] });
  paint();
  await list.load();
}
