// Pipelines that are declared here, for repositories that have no script of their own.

import { send } from "../api.js";
import { h } from "../element.js";
import { agoElement } from "../time.js";
import { collection } from "./collection.js";
import { field, fromLines, shown } from "./labels.js";

const EXAMPLE = JSON.stringify([{ id: "test", script: ["make test"] }], null, 2);

/** The pipelines of the organisation at `path`. */
export function pipelines(path, how) {
  const at = (name) => `${path}/pipelines/${encodeURIComponent(name)}`;
  return collection({
    ...how, title: "Pipelines", path: `${path}/pipelines`, noun: "a pipeline", empty: "No pipelines yet.", key: ({ name }) => name,
    hint: "What runs in repositories without a .monkeyci folder. A build keeps the revision that it began with.",
    row: ({ name, repo, labelFilters, description, revision, updated }) => [
      h("span.what", h("b", name), h("span.meta", h("span", repo ?? shown(labelFilters)), description && h("span", description))),
      h("span.when", h("span", `revision ${revision}`), agoElement(updated)),
    ],
    fields: (item) => [
      { name: "name", label: "Name", value: item?.name, required: true, disabled: Boolean(item), placeholder: "main" },
      { name: "repo", label: "For the repository", value: item?.repo, placeholder: "those with the labels below" },
      field(item?.labelFilters),
      { name: "script", label: "Jobs", kind: "area", value: item ? JSON.stringify(item.script, null, 2) : EXAMPLE, hint: "As in a build.json." },
      { name: "description", label: "What it is for", value: item?.description },
    ],
    save: ({ name, repo, labelFilters, script, description }, item) =>
      send("PUT", at(item?.name ?? name), { repo: repo || undefined, labelFilters: fromLines(labelFilters), script: read(script), description: description || undefined }, item ?? {}),
  });
}

/** What is written; a refusal at its field where that is no JSON. */
function read(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw Object.assign(new Error(error.message), { errors: [{ pointer: "/script", detail: `This is no JSON: ${error.message}` }] });
  }
}
