// Accounts of programs in an organisation, each with its tokens.

import { send } from "../api.js";
import { h } from "../element.js";
import { collection } from "./collection.js";
import { ROLES } from "./members.js";
import { tokensOf } from "./tokens.js";

/** The service accounts of the organisation at `path`. */
export function serviceAccounts(path, how) {
  const opened = new Map();
  const at = (name) => `${path}/service-accounts/${encodeURIComponent(name)}`;
  const toggle = (name) => {
    if (opened.delete(name)) return how.redraw();
    const list = tokensOf(`${at(name)}/tokens`, path, { ...how, title: `Tokens of ${name}` });
    opened.set(name, list);
    return list.load();
  };
  return collection({
    ...how, title: "Service accounts", path: `${path}/service-accounts`, noun: "a service account", empty: "No service accounts yet.", key: ({ name }) => name,
    hint: "Accounts of programs: they cannot sign in, and ask by tokens that owners make for them.",
    row: ({ name, role, description, integration, disabled }) => [
      h("span.what", h("b", name), description && h("span.meta", h("span", description))),
      h("span.tag", role), integration && h("span.tag", "integration"), disabled && h("span.tag", "disabled"),
      how.mayWrite && h("span.verbs", h("button.small.quiet", { type: "button", "aria-expanded": String(opened.has(name)), on: { click: () => toggle(name) } }, "Tokens")),
      opened.get(name)?.draw(),
    ],
    fields: (item) => [
      { name: "name", label: "Name", value: item?.name, required: true, disabled: Boolean(item), placeholder: "deployer" },
      { name: "role", label: "Role", kind: "select", value: item?.role ?? "developer", options: ROLES },
      { name: "description", label: "What it is for", value: item?.description },
      { name: "integration", label: "Integration: acts for people whose chat is linked", kind: "check", value: item?.integration },
      { name: "disabled", label: "Disabled: its tokens are good for nothing", kind: "check", value: item?.disabled },
    ],
    save: ({ name, role, description, integration, disabled }, item) =>
      send("PUT", at(item?.name ?? name), { role, description: description || undefined, integration, disabled }, item ?? {}),
  });
}
