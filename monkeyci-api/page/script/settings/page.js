// The frame of settings: a list of their parts beside them.

import { h } from "../element.js";

/**
 * @param {[string, string, any][]} parts id, name, and what is drawn of each
 */
export function settings(parts) {
  return h("div.settings",
    h("nav", { "aria-label": "Settings" }, h("ol", parts.map(([id, name]) => h("li", { key: id }, h("a", { href: `#${id}`, "data-item": true }, name))))),
    h("div.parts", parts.map(([, , part]) => part)));
}
