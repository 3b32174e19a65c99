// API tokens: of whoever is signed in, or of a service account.

import { send } from "../api.js";
import { h } from "../element.js";
import { secretOnce } from "../form.js";
import { agoElement } from "../time.js";
import { collection } from "./collection.js";

const DAY = 86_400_000;
const ROLES = ["viewer", "developer", "maintainer", "owner"];

/** Tokens of whoever is signed in; `orgs` are those that one may be limited to. */
export function tokens(orgs, how) {
  return list("/v1/tokens", {
    ...how, title: "Tokens",
    choices: [
      { name: "org", label: "Limited to", kind: "select", value: "", options: [["", "nothing: whatever you may"], ...orgs.map((org) => [org, org])] },
      { name: "role", label: "as", kind: "select", value: "viewer", options: ROLES.map((role) => [role, role]) },
    ],
    scope: ({ org, role }) => (org ? { org, role } : undefined),
  });
}

/** Tokens at `path` of an account in the organisation at `org`. */
export function tokensOf(path, org, how) {
  return list(path, {
    ...how,
    choices: [{ name: "role", label: "May at the most", kind: "select", value: "", options: [["", "what the account may"], ...ROLES.map((role) => [role, role])] }],
    scope: ({ role }) => (role ? { org: decodeURIComponent(org.split("/").at(-1)), role } : undefined),
  });
}

function list(path, { choices, scope: scopeOf, ...how }) {
  return collection({
    ...how, path, noun: "a token", empty: "No tokens yet.", key: ({ description, id }) => description || id, isFixed: true,
    row: ({ id, description, scope, created, expires, used }) => [
      h("span.what", h("b", description || id), h("span.meta", h("code", id), scope ? `${scope.role} of ${scope.org}` : "whatever you may")),
      expires && expires < Date.now() && h("span.tag", "expired"),
      h("span.when", h("span", "made ", agoElement(created)), expires && h("span", "good until ", new Date(expires).toLocaleDateString()), used ? h("span", "used ", agoElement(used)) : h("span", "never used")),
    ],
    fields: () => [
      { name: "description", label: "What it is for", required: true, placeholder: "laptop" },
      ...choices,
      { name: "days", label: "Good for days", kind: "number", value: 90 },
    ],
    save: async ({ description, days, ...rest }) => {
      const body = { description, scope: scopeOf(rest), expires: Number(days) > 0 ? Date.now() + Number(days) * DAY : undefined };
      const made = await send("POST", path, body);
      secretOnce("Your new token", "It is not shown again.", made.secret);
    },
  });
}
