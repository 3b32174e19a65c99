// Builds that follow builds of other repositories.

import { send } from "../api.js";
import { h } from "../element.js";
import { collection } from "./collection.js";

const words = (text) => text.split(/[\s,]+/).filter(Boolean);

/** The triggers of the repository at `path`. */
export function triggers(path, how) {
  return collection({
    ...how, title: "Triggers", path: `${path}/triggers`, noun: "a trigger", empty: "No triggers yet.", key: ({ name }) => name,
    hint: "Begins a build here when one of another repository has ended.",
    row: ({ name, repo, statuses, refs, branch, enabled }) => [
      h("span.what", h("b", name), h("span.meta", "after ", h("b", repo), refs?.length ? ` of ${refs.join(", ")}` : " of its default branch", ` ended as ${statuses.join(" or ")}`, branch && h("span.ref.branch", branch))),
      !enabled && h("span.tag", "off"),
    ],
    fields: (item) => [
      { name: "name", label: "Name", value: item?.name, required: true, disabled: Boolean(item), placeholder: "after-lib" },
      { name: "repo", label: "After builds of", value: item?.repo, required: true, placeholder: "lib" },
      { name: "refs", label: "Of branches", value: item?.refs?.join(", "), placeholder: "its default branch", hint: "Globs; full refs begin with refs/." },
      { name: "statuses", label: "That ended as", value: (item?.statuses ?? ["success"]).join(", "), hint: "success, failure, error, canceled" },
      { name: "branch", label: "Builds the branch", value: item?.branch, placeholder: "the default branch" },
      { name: "params", label: "Params", kind: "pairs", value: item?.params },
      { name: "passParams", label: "Params taken over", value: item?.passParams?.join(", "), placeholder: "VERSION", hint: "Never secret ones." },
      { name: "enabled", label: "Begins builds", kind: "check", value: item?.enabled ?? true },
    ],
    save: ({ name, repo, refs, statuses, branch, params, passParams, enabled }, item) =>
      send("PUT", `${path}/triggers/${encodeURIComponent(item?.name ?? name)}`, {
        repo, refs: words(refs), statuses: words(statuses), branch: branch || undefined, params, passParams: words(passParams), enabled,
      }),
  });
}
