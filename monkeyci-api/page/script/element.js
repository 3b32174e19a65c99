// Builds elements. Data becomes text nodes and checked attributes, never markup, so that nothing a branch, a job or a
// log is called can act.

const SVG = "http://www.w3.org/2000/svg";
/** Under this symbol an element holds its listeners, so that a morph can hand them on. */
export const LISTENERS = Symbol("listeners");
/** Under this symbol a placeholder names the element that is to stay as it is. */
export const HELD = Symbol("held");

/** The longest text that is shown where a name is expected. */
const LONGEST = 4000;

/**
 * Text that cannot change how its surroundings read: controls and the overrides of writing direction become visible.
 * @param {unknown} value
 * @returns {string}
 */
export function neutral(value) {
  let text = String(value);
  if (text.length > LONGEST) text = text.slice(0, LONGEST) + "…";
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "�");
}

/**
 * A link target, or null when it is none that a page may have: `javascript:` and other schemes are dropped.
 * @param {unknown} href
 * @returns {string | null}
 */
export function safeHref(href) {
  const text = String(href ?? "");
  if (/^(\/(?!\/)|#|\?)/.test(text) || text.startsWith("data:image/svg+xml,")) return text;
  return /^https?:\/\//i.test(text) ? text : null;
}

/**
 * An HTML element: `h("a.name", { href: "/" }, "text", [more])`. Attributes that are null or false are left out,
 * `on` holds listeners, `style` an object of properties, `key` tells siblings apart when the page is drawn again.
 * @param {string} tag with classes after dots
 * @param {...any} parts attributes first, if any; then children
 * @returns {HTMLElement}
 */
export function h(tag, ...parts) {
  return make((name) => document.createElement(name), tag, parts);
}

/** As {@link h}, for SVG. */
export function svg(tag, ...parts) {
  return make((name) => document.createElementNS(SVG, name), tag, parts);
}

function make(create, tag, parts) {
  const [name, ...classes] = tag.split(".");
  const element = create(name);
  if (classes.length) element.setAttribute("class", classes.join(" "));
  const [first, ...rest] = parts;
  const hasAttributes = first?.constructor === Object;
  if (hasAttributes) for (const [key, value] of Object.entries(first)) attribute(element, key, value);
  append(element, hasAttributes ? rest : parts);
  return element;
}

function attribute(element, key, value) {
  if (value === null || value === undefined || value === false) return;
  if (key === "on") {
    for (const [type, listener] of Object.entries(value)) listen(element, type, listener);
  } else if (key === "style") {
    for (const [property, to] of Object.entries(value)) element.style.setProperty(property, to);
  } else if (key === "key") {
    element.setAttribute("data-key", neutral(value));
  } else if (key === "class") {
    element.setAttribute("class", [element.getAttribute("class"), value].filter(Boolean).join(" "));
  } else if (key === "href") {
    const href = safeHref(value);
    if (href !== null) element.setAttribute("href", href);
  } else {
    element.setAttribute(key, value === true ? "" : key === "value" ? String(value) : neutral(value));
  }
}

function append(element, children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false || child === true) continue;
    if (Array.isArray(child)) append(element, child);
    else element.append(child instanceof Node ? child : document.createTextNode(neutral(child)));
  }
}

function dispatch(event) {
  return this[LISTENERS]?.[event.type]?.call(this, event);
}

/** Has `element` call `listener`; a later one of the same type takes its place. */
export function listen(element, type, listener) {
  element[LISTENERS] ??= {};
  if (!(type in element[LISTENERS])) element.addEventListener(type, dispatch);
  element[LISTENERS][type] = listener;
}

/** Stands for `element` in a tree that is drawn again and again: the element itself stays untouched in its place. */
export function hold(element) {
  const place = document.createElement("span");
  place.setAttribute("data-hold", "");
  place[HELD] = element;
  return place;
}
