// A program asks to act as whoever is signed in: `monkeyci login` sends browsers here.

import { send } from "../api.js";
import { h } from "../element.js";

const ROLES = ["viewer", "developer", "maintainer", "owner"];

/** What became of it, once the program has it. */
const TOLD = {
  allowed: ["It goes on where you ran it", "monkeyci has what it needs. You may close this page."],
  denied: ["Nothing was allowed", "monkeyci was told so. You may close this page."],
};

/**
 * What a program asks for, or null when that is none of ours.
 * @param {URLSearchParams} query
 */
export function wish(query) {
  const [challenge, host, org, role, port, state] = ["challenge", "host", "org", "role", "port", "state"].map((name) => query.get(name));
  if (!/^[A-Za-z0-9_-]{43}$/.test(challenge ?? "")) return null;
  // Nowhere but to a port of this machine, and none that belongs to the system.
  const isPort = /^[1-9]\d{3,4}$/.test(port ?? "") && Number(port) >= 1024 && Number(port) <= 65535;
  if (port !== null && !(isPort && /^[A-Za-z0-9_-]{16,100}$/.test(state ?? ""))) return null;
  if ((org === null) !== (role === null) || (role !== null && !ROLES.includes(role))) return null;
  const name = (host ?? "").slice(0, 100) || "an unknown machine";
  return { challenge, host: name, scope: org === null ? undefined : { org, role }, back: port && { port, state } };
}

/** Draws the view. */
export async function show({ me, query, draw, go }) {
  const trail = { title: "A program asks", trail: [["A program asks", "/grant"]] };
  const told = TOLD[query.get("told")];
  if (told) return draw(h("section.empty", h("h1", told[0]), h("p", told[1])), trail);
  if (!me) return go(`/login?next=${encodeURIComponent(location.pathname + location.search)}`, { replace: true });
  const asked = wish(query);
  if (!asked) return draw(h("section.empty", h("h1", "This address is not complete"), h("p", "Run ", h("code", "monkeyci login"), " once more.")), trail);
  const { challenge, host, scope, back } = asked;
  const leave = (pairs) => location.replace(`http://127.0.0.1:${back.port}/?${new URLSearchParams({ ...pairs, state: back.state })}`);
  const refused = h("p.refusal", { role: "alert", hidden: true });
  const allow = async (event) => {
    event.target.disabled = true;
    try {
      const { code } = await send("POST", "/v1/me/grants", { challenge, description: `monkeyci on ${host}`, scope });
      if (back) return leave({ code });
      draw(h("section.empty", h("h1", "Your code"), h("p", "Paste it where you ran ", h("code", "monkeyci login"), ", and give it to nobody. It is good once, for five minutes."),
        h("p", h("code.secret", code))), trail);
    } catch (error) {
      refused.textContent = error.message;
      refused.hidden = false;
      event.target.disabled = false;
    }
  };
  const deny = () => (back ? leave({ error: "access_denied" }) : go("/", { replace: true }));
  draw(h("section.empty.grant", h("h1", "monkeyci on ", h("b", host), " wants to act as you"),
    h("p", "It may do ", scope ? ["what a ", h("b", scope.role), " of ", h("b", scope.org), " may"] : h("b", "all that you may"), ` as ${me.name}, for 90 days. Your account lists its token, and revokes it.`),
    h("p.hint", "Allow it only if you have just run ", h("code", "monkeyci login"), back ? " on this machine." : ` on ${host}. Whoever sent you here otherwise gets to act as you.`),
    refused,
    h("div.actions", h("button.primary", { type: "button", on: { click: allow } }, "Allow"), h("button.quiet", { type: "button", on: { click: deny } }, "Deny"))), trail);
}
