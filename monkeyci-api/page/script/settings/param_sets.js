// Sets of params, for the repositories with certain labels.

import { send } from "../api.js";
import { h } from "../element.js";
import { collection } from "./collection.js";
import { field, fromLines, shown } from "./labels.js";
import { params } from "./params.js";

/** The sets of the organisation at `path`, each with its params. */
export function paramSets(path, how) {
  const opened = new Map();
  const at = (name) => `${path}/param-sets/${encodeURIComponent(name)}`;
  const toggle = (name) => {
    if (opened.delete(name)) return how.redraw();
    const list = params(at(name), { ...how, title: `Params of ${name}`, hint: null });
    opened.set(name, list);
    return list.load();
  };
  return collection({
    ...how, title: "Param sets", path: `${path}/param-sets`, noun: "a set", empty: "No sets yet.", key: ({ name }) => name,
    hint: "The params of a set reach the repositories that have its labels. A repository's own come first, then sets by name, then the organisation's.",
    row: ({ name, labelFilters, description }) => [
      h("span.what", h("b", name), h("span.meta", h("span", shown(labelFilters)), description && h("span", description))),
      h("span.verbs", h("button.small.quiet", { type: "button", "aria-expanded": String(opened.has(name)), on: { click: () => toggle(name) } }, "Params")),
      opened.get(name)?.draw(),
    ],
    fields: (item) => [
      { name: "name", label: "Name", value: item?.name, required: true, disabled: Boolean(item), placeholder: "shop" },
      field(item?.labelFilters),
      { name: "description", label: "What it is for", value: item?.description },
    ],
    save: ({ name, labelFilters, description }, item) =>
      send("PUT", at(item?.name ?? name), { labelFilters: fromLines(labelFilters), description: description || undefined }, item ?? {}),
  });
}
