// The accounts elsewhere by which whoever is signed in signs in.

import { send } from "../api.js";
import { h } from "../element.js";
import { agoElement } from "../time.js";
import { collection } from "./collection.js";

/** Identities; `providers` are where one more can be linked. */
export function identities(providers, how) {
  const link = async ({ id }, told) => {
    try {
      const { url } = await send("POST", `/v1/me/identities/${encodeURIComponent(id)}`, { next: "/account" });
      location.assign(url);
    } catch (error) {
      told.textContent = error.message;
      told.hidden = false;
    }
  };
  const nameOf = (id) => providers.find((provider) => provider.id === id)?.name ?? id;
  const told = h("span.refusal", { role: "alert", hidden: true });
  const buttons = providers.map((provider) => h("button.small.quiet", { type: "button", on: { click: () => link(provider, told) } }, `Link ${provider.name}`));
  return collection({
    ...how, title: "Signing in", path: "/v1/me/identities", noun: "an account", isFixed: true,
    empty: providers.length ? "By a token alone." : "By a token alone: this server knows no other way.",
    hint: providers.length ? ["Accounts elsewhere by which you sign in. ", buttons, told] : null,
    at: ({ provider, subject }) => `${encodeURIComponent(provider)}/${encodeURIComponent(subject)}`,
    key: ({ provider, name, subject }) => `${nameOf(provider)} ${name || subject}`, verb: "Unlink", about: "You sign in by it no more. Sessions stay.",
    row: ({ provider, subject, name, email, created, used }) => [
      h("span.what", h("b", nameOf(provider)), h("span.meta", name || h("code", subject), email && ` ${email}`)),
      h("span.when", h("span", "linked ", agoElement(created)), h("span", "used ", agoElement(used))),
    ],
  });
}
