// Environments that jobs work on, and what protects them.

import { send } from "../api.js";
import { h } from "../element.js";
import { collection } from "./collection.js";
import { params } from "./params.js";

const words = (text) => text.split(/[\s,]+/).filter(Boolean);

/** Who approves jobs of an environment, for people. */
const approval = ({ approvers = [], approverRole }) => [...approvers, ...(approverRole ? [`role ${approverRole}`] : [])].join(" or ");

/** The environments of the repository at `path`, each with its params. */
export function environments(path, how) {
  const opened = new Map();
  const at = (name) => `${path}/environments/${encodeURIComponent(name)}`;
  const toggle = (name) => {
    if (opened.delete(name)) return how.redraw();
    const list = params(at(name), { ...how, title: `Params of ${name}`, hint: "Its jobs alone get them." });
    opened.set(name, list);
    return list.load();
  };
  return collection({
    ...how, title: "Environments", path: `${path}/environments`, noun: "an environment", empty: "No environments yet.", key: ({ name }) => name,
    hint: "A job that says `environment: NAME` is held to what is said here, and gets the params of the environment.",
    row: ({ name, refs, exclusive, description, ...body }) => [
      h("span.what", h("b", name), h("span.meta", h("span", refs?.length ? `from ${refs.join(", ")}` : "from all refs"),
        approval(body) && h("span", `approved by ${approval(body)}`), exclusive && h("span", "one job at a time"), description && h("span", description))),
      h("span.verbs", h("button.small.quiet", { type: "button", "aria-expanded": String(opened.has(name)), on: { click: () => toggle(name) } }, "Params")),
      opened.get(name)?.draw(),
    ],
    fields: (item) => [
      { name: "name", label: "Name", value: item?.name, required: true, disabled: Boolean(item), placeholder: "production" },
      { name: "refs", label: "From branches", value: item?.refs?.join(", "), placeholder: "all refs", hint: "Globs; full refs begin with refs/." },
      { name: "approvers", label: "Approved by", value: item?.approvers?.join(", "), placeholder: "ann, bob", hint: "Its jobs wait for one of them." },
      { name: "approverRole", label: "Or by who has the role", kind: "select", value: item?.approverRole ?? "",
        options: [["", "None"], ["developer", "Developer"], ["maintainer", "Maintainer"], ["owner", "Owner"]] },
      { name: "exclusive", label: "One job at a time", kind: "check", value: item?.exclusive ?? true },
      { name: "description", label: "What it is", value: item?.description },
    ],
    save: ({ name, refs, approvers, approverRole, exclusive, description }, item) =>
      send("PUT", at(item?.name ?? name), { refs: words(refs), approvers: words(approvers), approverRole: approverRole || undefined, exclusive, description: description || undefined }, item ?? {}),
  });
}
