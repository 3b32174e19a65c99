// Who belongs to an organisation.

import { send } from "../api.js";
import { h } from "../element.js";
import { agoElement } from "../time.js";
import { collection } from "./collection.js";

export const ROLES = [["viewer", "Viewer: reads"], ["developer", "Developer: runs, cancels, approves"], ["maintainer", "Maintainer: changes repositories and params"], ["owner", "Owner: changes members"]];

/** The members of the organisation at `path`. */
export function members(path, how) {
  return collection({
    ...how, title: "Members", path: `${path}/members`, noun: "a member", empty: "Nobody yet.", key: ({ name }) => name,
    row: ({ name, role, since }) => [h("span.what", h("b", name)), h("span.tag", role), h("span.when", "since ", agoElement(since))],
    fields: (item) => [
      { name: "name", label: "Name", value: item?.name, required: true, disabled: Boolean(item), placeholder: "ann" },
      { name: "role", label: "Role", kind: "select", value: item?.role ?? "developer", options: ROLES },
    ],
    save: ({ name, role }, item) => send("PUT", `${path}/members/${encodeURIComponent(item?.name ?? name)}`, { role }),
  });
}
