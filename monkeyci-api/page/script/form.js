// Forms: fields by name, refusals at the field that they are about, and dialogs around them.

import { h } from "./element.js";

/**
 * @typedef {{ name: string, label: string, kind?: "text" | "area" | "secret" | "check" | "select" | "pairs" | "number",
 *   value?: any, options?: [string, string][], hint?: string, required?: boolean, placeholder?: string, pattern?: string,
 *   disabled?: boolean }} Field
 */

let counted = 0;

/**
 * A form.
 * @param {{ fields: Field[], submit: string, tone?: string, done: (values: Record<string, any>) => Promise<any>,
 *   cancel?: () => void, small?: boolean }} how `done` may throw a `Problem`
 * @returns {HTMLFormElement}
 */
export function form({ fields, submit, tone, done, cancel, small }) {
  const inputs = new Map();
  const general = h("p.refusal", { role: "alert", hidden: true });
  const button = h("button.primary", { type: "submit", class: tone }, submit);
  const refused = (error) => {
    const rest = [];
    for (const one of error.errors ?? []) {
      const name = one.pointer.split("/")[1]?.replaceAll("~1", "/").replaceAll("~0", "~");
      const field = inputs.get(name);
      if (field) field.refuse(one.detail);
      else rest.push(one.detail);
    }
    if ((!error.errors?.length || rest.length) && !rest.includes(error.message)) rest.unshift(error.message);
    general.textContent = rest.join(" ");
    general.hidden = rest.length === 0;
    form.querySelector("[aria-invalid=true]")?.focus();
  };
  const sent = async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    general.hidden = true;
    inputs.forEach((field) => field.refuse(""));
    const values = Object.fromEntries([...inputs].map(([name, field]) => [name, field.value()]));
    button.disabled = true;
    try {
      await done(values);
    } catch (error) {
      refused(error);
    } finally {
      button.disabled = false;
    }
  };
  const parts = fields.map((field) => {
    const made = input(field);
    inputs.set(field.name, made);
    return made.element;
  });
  const form = h("form.fields", { class: small ? "small" : null, on: { submit: sent } }, parts, general,
    h("div.actions", button, cancel && h("button.quiet", { type: "button", on: { click: cancel } }, "Cancel")));
  return form;
}

function input(field) {
  const id = `field-${++counted}`;
  const wrong = h("span.refusal", { id: `${id}-wrong`, hidden: true });
  const made = field.kind === "pairs" ? pairs(field, id) : single(field, id);
  const refuse = (text) => {
    wrong.textContent = text;
    wrong.hidden = !text;
    if (text) made.control.setAttribute("aria-invalid", "true");
    else made.control.removeAttribute("aria-invalid");
  };
  made.control.setAttribute("aria-describedby", wrong.id);
  const hint = field.hint && h("span.hint", field.hint);
  const element = field.kind === "check"
    ? h("label.check", made.element, h("span", field.label, hint), wrong)
    : h("div.field", h("label", { for: id }, field.label), made.element, hint, wrong);
  return { element, refuse, value: made.value };
}

function single({ kind, name, value, options, required, placeholder, pattern, disabled }, id) {
  const shared = { id, name, required, placeholder, disabled, autocomplete: "off", spellcheck: "false" };
  let control;
  if (kind === "area") control = h("textarea", { ...shared, rows: 3 }, value ?? "");
  else if (kind === "select") {
    control = h("select", shared, options.map(([key, label]) => h("option", { value: key, selected: key === value }, label)));
  } else if (kind === "check") control = h("input", { ...shared, type: "checkbox", checked: Boolean(value) });
  else {
    const type = { secret: "password", number: "number", time: "datetime-local" }[kind] ?? "text";
    control = h("input", { ...shared, type, value: value ?? "", pattern, autocomplete: kind === "secret" ? "new-password" : "off" });
  }
  const read = () => (kind === "check" ? control.checked : control.value);
  return { control, element: control, value: read };
}

/** Names and values, as many as are wanted. */
function pairs({ value = {}, placeholder = "NAME" }, id) {
  const row = (name, text, first) => {
    const line = h("div.pair",
      h("input", { id: first ? id : null, value: name, placeholder, "aria-label": "Name", spellcheck: "false", autocomplete: "off" }),
      h("input", { value: text, placeholder: "value", "aria-label": "Value", spellcheck: "false", autocomplete: "off" }),
      h("button.quiet", { type: "button", "aria-label": "Remove", on: { click: () => line.remove() } }, "✕"));
    return line;
  };
  const entries = Object.entries(value);
  if (!entries.length) entries.push(["", ""]);
  const rows = h("div.pairs", entries.map(([name, text], at) => row(name, text, at === 0)));
  const more = h("button.quiet.add", { type: "button", on: { click: () => {
    const fresh = row("", "");
    rows.append(fresh);
    fresh.querySelector("input").focus();
  } } }, "+ Add");
  const read = () => {
    const found = {};
    for (const line of rows.children) {
      const [name, text] = line.querySelectorAll("input");
      if (name.value !== "") found[name.value] = text.value;
    }
    return found;
  };
  const element = h("div", rows, more);
  return { control: rows, element, value: read };
}

/**
 * A form in a dialog, which closes when it is done.
 * @param {string} title
 * @param {Parameters<typeof form>[0] & { about?: any }} how
 */
export function ask(title, how) {
  const close = () => dialog.close();
  const made = form({ ...how, cancel: close, done: async (values) => {
    await how.done(values);
    close();
  } });
  const dialog = h("dialog", { "aria-label": title, on: { click: (event) => event.target === dialog && close() } },
    h("div.inside", h("h2", title), how.about && h("p", how.about), made));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

/** What is told this once: a secret with a button that copies it. */
export function secretOnce(title, about, secret) {
  const copy = async (event) => {
    await navigator.clipboard?.writeText(secret).catch(() => getSelection().selectAllChildren(shown));
    event.target.textContent = "Copied";
  };
  const shown = h("code.secret", secret);
  const dialog = h("dialog", { "aria-label": title },
    h("form.inside", { method: "dialog" }, h("h2", title), h("p", about), h("div.once", shown, h("button", { type: "button", on: { click: copy } }, "Copy")),
      h("div.actions", h("button.primary", "I have it"))));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
