// A list of things that people add, change and remove: params, members, webhooks, schedules, tokens.

import { all, peek, send } from "../api.js";
import { h } from "../element.js";
import { ask } from "../form.js";

/**
 * A collection as a section of a page.
 * @param {{ title: string, hint?: any, path: string, signal: AbortSignal, redraw: () => void, mayWrite: boolean,
 *   empty: string, noun: string, key: (item: any) => string, row: (item: any, verbs: { load: () => Promise<void> }) => any,
 *   fields?: (item: any | null) => any[], save?: (values: any, item: any | null) => Promise<any>, isFixed?: boolean, mayAdd?: boolean,
 *   read?: (item: any) => any, at?: (item: any) => string, verb?: string, about?: string }} of without `fields` nothing is added; `read` may
 *   give an item an `id`, and say what path it is `at`; `at` is where an item is beneath the path, `verb` and `about` what it is to remove one
 * @returns {{ load: () => Promise<void>, draw: () => HTMLElement }}
 */
export function collection(of) {
  const { title, hint, path, signal, redraw, mayWrite, empty, noun, key } = of;
  const read = of.read ?? ((item) => item);
  let items = peek(`${path}?limit=200`)?.items.map(read) ?? null;
  let refused = null;
  const load = async () => {
    try {
      items = (await all(path, signal, 400)).map(read);
      refused = null;
    } catch (error) {
      if (error.name === "AbortError") throw error;
      refused = error.message;
    }
    redraw();
  };
  const edit = (item) => ask(item ? `Change ${key(item)}` : `Add ${noun}`, {
    fields: of.fields(item), submit: item ? "Save" : "Add",
    done: async (values) => {
      await of.save(values, item);
      await load();
    },
  });
  const at = of.at ?? ((item) => encodeURIComponent(item.id ?? item.name));
  const verb = of.verb ?? "Delete";
  const remove = (item) => ask(`${verb} ${key(item)}?`, {
    fields: [], submit: verb, tone: "danger", about: of.about ?? "There is no way back.",
    done: async () => {
      await send("DELETE", item.at ?? `${path}/${at(item)}`);
      await load();
    },
  });
  const one = (item) => h("li", { key: at(item) },
    h("div.row", of.row(item, { load }), mayWrite && h("span.verbs",
      !of.isFixed && h("button.small.quiet", { type: "button", "aria-label": `Change ${key(item)}`, on: { click: () => edit(item) } }, "Edit"),
      h("button.small.quiet", { type: "button", "aria-label": `${verb} ${key(item)}`, on: { click: () => remove(item) } }, verb))));
  const draw = () => h("section.collection", { key: title, id: title.toLowerCase().replace(/\W+/g, "-") },
    h("div.bar-line", h("h2", title), mayWrite && of.fields && of.mayAdd !== false && h("button", { type: "button", on: { click: () => edit(null) } }, `Add ${noun}`)),
    hint && h("p.hint", hint),
    refused ? h("p.refusal", refused) : items?.length === 0 ? h("p.empty", empty) : h("ul", items?.map(one)));
  return { load, draw };
}
