// The keyboard: what each key does, the list of it, and moving along the items of a page.

import { h } from "./element.js";

const EVERYWHERE = [
  ["?", "These keys"],
  ["j  k", "Next, previous item"],
  ["Enter", "Open it"],
  ["/", "Search or filter"],
  ["u", "Up: from job to build to repository"],
  ["g h", "Home"],
  ["g o", "Organisation"],
  ["g r", "Repository"],
  ["g s", "Settings"],
  ["t", "Light or dark"],
  ["Esc", "Close, leave a field"],
];

let ofPage = [];
let prefix = "";
let expires = 0;

/**
 * The keys of the page that is shown, in place of those of the page before.
 * @param {[string, string, (event: KeyboardEvent) => void][]} keys key, what it does in words, and doing it
 */
export function bind(keys) {
  ofPage = keys;
}

/**
 * Listens from now on.
 * @param {Record<string, () => void>} general what keys do everywhere
 */
export function listenToKeys(general) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const inField = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key === "Escape" && inField && !inField.closest("dialog")) inField.blur();
    if (inField || document.querySelector("dialog[open]")) return;
    const key = Date.now() < expires ? `${prefix} ${event.key}` : event.key;
    prefix = "";
    expires = 0;
    if (key === "g") {
      prefix = "g";
      expires = Date.now() + 1200;
      return;
    }
    const page = ofPage.find(([name]) => name.split("  ").includes(key));
    const act = page?.[2] ?? general[key] ?? { j: () => step(1), k: () => step(-1), "?": showKeys }[key];
    if (!act) return;
    event.preventDefault();
    act(event);
  });
}

function step(by) {
  const items = [...document.querySelectorAll("main [data-item]")].filter((item) => item.getClientRects().length);
  if (!items.length) return;
  const at = items.indexOf(document.activeElement);
  const next = items[at < 0 ? (by > 0 ? 0 : items.length - 1) : Math.min(items.length - 1, Math.max(0, at + by))];
  next.focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
}

/** Shows what the keys do. */
export function showKeys() {
  const rows = (keys) => keys.map(([key, what]) => h("div", h("dt", key.split(/ +/).map((one) => h("kbd", one))), h("dd", what)));
  const close = () => dialog.close();
  const dialog = h("dialog.keys", { "aria-label": "Keys", on: { click: (event) => event.target === dialog && close() } },
    h("form", { method: "dialog" }, h("header", h("h2", "Keys"), h("button.quiet", { "aria-label": "Close" }, "✕")),
      ofPage.length > 0 && [h("h3", "On this page"), h("dl", rows(ofPage))],
      h("h3", "Everywhere"), h("dl", rows(EVERYWHERE))));
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "?") return;
    event.stopPropagation();
    close();
  });
  document.body.append(dialog);
  dialog.showModal();
}
