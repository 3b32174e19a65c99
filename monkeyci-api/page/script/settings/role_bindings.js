// Members who may do more in some repositories than in their organisation.

import { send } from "../api.js";
import { h } from "../element.js";
import { collection } from "./collection.js";
import { field, fromLines, shown } from "./labels.js";
import { ROLES } from "./members.js";

/** The words of a text: names have no spaces. */
const words = (text) => text.split(/[\s,]+/).filter(Boolean);

/** The roles in some repositories of the organisation at `path`. */
export function roleBindings(path, how) {
  const at = (name) => `${path}/role-bindings/${encodeURIComponent(name)}`;
  return collection({
    ...how, title: "Roles in repositories", path: `${path}/role-bindings`, noun: "a role", empty: "Everybody may do in each repository what they may in the organisation.", key: ({ name }) => name,
    hint: "Members and service accounts that may do more in some repositories, as a team.",
    row: ({ name, role, members, repos, labelFilters, description }) => [
      h("span.what", h("b", name), h("span.meta", h("span", members.join(", ")), h("span", repos?.join(", ") ?? (labelFilters ? shown(labelFilters) : "no repository")), description && h("span", description))),
      h("span.tag", role),
    ],
    fields: (item) => [
      { name: "name", label: "Name", value: item?.name, required: true, disabled: Boolean(item), placeholder: "shop" },
      { name: "members", label: "Who", value: item?.members.join(" "), required: true, placeholder: "ann acme/deployer" },
      { name: "role", label: "Role", kind: "select", value: item?.role ?? "developer", options: ROLES.slice(1, 3) },
      { name: "repos", label: "In the repositories", value: item?.repos?.join(" "), placeholder: "those with the labels below" },
      field(item?.labelFilters),
      { name: "description", label: "What it is for", value: item?.description },
    ],
    save: ({ name, members, role, repos, labelFilters, description }, item) =>
      send("PUT", at(item?.name ?? name), { members: words(members), role, repos: words(repos), labelFilters: fromLines(labelFilters), description: description || undefined }, item ?? {}),
  });
}
