// The frame of settings: a list of their parts beside them.

import { h } from "../element.js";

/** Goes to the part that the address names, once all of them are there. */
export function toFragment() {
  document.getElementById(location.hash.slice(1))?.scrollIntoView();
}

/**
 * @param {[string, string, any][]} parts id, name, and what is drawn of each
 */
export function settings(parts) {
  return h("div.settings",
    h("nav", { "aria-label": "Settings" }, h("ol", parts.map(([id, name]) => h("li", { key: id }, h("a", { href: `#${id}`, "data-item": true }, name))))),
    h("div.parts", parts.map(([, , part]) => part)));
}
