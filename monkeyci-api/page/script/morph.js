// Draws a tree again in place: what is the same stays, so that focus, scrolling and selections survive.

import { HELD, LISTENERS, listen } from "./element.js";

const key = (node) => (node.nodeType === 1 ? (node[HELD] ?? node.getAttribute("data-key")) : null);
const keyOfOld = (node) => (node.nodeType === 1 ? node.getAttribute("data-key") : null);

/**
 * Makes the children of `old` those of `fresh`. `fresh` is used up.
 * @param {Element} old
 * @param {Element | DocumentFragment} fresh
 */
export function morph(old, fresh) {
  const keyed = new Map();
  for (const child of old.childNodes) {
    const name = keyOfOld(child);
    if (name !== null) keyed.set(name, child);
  }
  let at = old.firstChild;
  for (const next of [...fresh.childNodes]) {
    const match = find(at, next, keyed);
    if (match) {
      if (match === at) at = at.nextSibling;
      else old.insertBefore(match, at);
      update(match, next);
    } else {
      old.insertBefore(next[HELD] ?? next, at);
      if (next.nodeType === 1 && !next[HELD]) settle(next);
    }
  }
  while (at) {
    const gone = at;
    at = at.nextSibling;
    gone.remove();
  }
}

function find(at, next, keyed) {
  if (next[HELD]) return next[HELD].parentNode && at === next[HELD] ? at : null;
  const name = key(next);
  if (name !== null) {
    const match = keyed.get(name);
    return match?.nodeName === next.nodeName ? match : null;
  }
  const alike = at && at.nodeName === next.nodeName && keyOfOld(at) === null;
  return alike ? at : null;
}

/** Whether an attribute is not for a drawing to change: people open and close what has details. */
const isTheirs = (name) => name === "style" || name === "open";

function update(old, next) {
  if (next[HELD]) return;
  if (old.nodeType !== 1) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  for (const { name } of [...old.attributes]) {
    if (!isTheirs(name) && !next.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (!isTheirs(name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  // A style attribute would be refused by the page's policy; the property is not.
  if (old.style.cssText !== next.style.cssText) old.style.cssText = next.style.cssText;
  if (next[LISTENERS]) for (const [type, to] of Object.entries(next[LISTENERS])) listen(old, type, to);
  morph(old, next);
}

/** Puts held elements into a subtree that came in whole. */
function settle(node) {
  for (const place of [...node.querySelectorAll("[data-hold]")]) place.replaceWith(place[HELD]);
}
