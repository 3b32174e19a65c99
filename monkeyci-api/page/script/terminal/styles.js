// The terminal makes style elements and style attributes, which the policy of the page forbids, as it should: what comes from a
// job must not bring its own. Here they become style sheets and properties, which only a script of ours can set.

const make = document.createElement.bind(document);

document.createElement = (name, ...rest) => (name === "style" ? sheet() : properties(make(name, ...rest)));

/** An element in the place of a style element: its text is a sheet of the document. */
function sheet() {
  const rules = new CSSStyleSheet();
  document.adoptedStyleSheets.push(rules);
  const element = make("span");
  element.hidden = true;
  const remove = element.remove.bind(element);
  Object.defineProperty(element, "textContent", { set: (text) => rules.replaceSync(text), get: () => "" });
  element.remove = () => {
    document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== rules);
    remove();
  };
  return element;
}

/** Has an element take its style attribute as properties. */
function properties(element) {
  const set = element.setAttribute.bind(element);
  element.setAttribute = (name, value) => {
    if (name === "style") element.style.cssText = value;
    else set(name, value);
  };
  return element;
}
