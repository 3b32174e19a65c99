// What a JSON Schema of the API's document says, in words and as a list of fields.

import { h } from "../element.js";

/** Deeper than this a field's own fields are opened by a click alone, so that schemas that hold themselves have an end. */
const DEEPEST = 6;

/**
 * The schema that another refers to, with the name it has.
 * @param {any} schema
 * @param {any} found the document
 * @returns {[any, string | null]}
 */
function resolve(schema, found) {
  const name = schema?.$ref?.split("/").pop();
  return name ? [found.components.schemas[name] ?? {}, name] : [schema ?? {}, null];
}

/** The alternatives of a schema that are not null. */
const choices = (schema) => (schema.anyOf ?? schema.oneOf ?? []).filter((one) => one.type !== "null");

/**
 * A schema's type in a few words: `text`, `list of Build`, `"success" or "failure"`.
 * @param {any} schema
 * @param {any} found the document
 * @returns {string}
 */
export function typeOf(schema, found, depth = 0) {
  const [one, name] = resolve(schema, found);
  if (depth > DEEPEST) return name ?? "…";
  if (one.const !== undefined) return JSON.stringify(one.const);
  if (one.enum) return one.enum.filter((value) => value !== null).map((value) => JSON.stringify(value)).join(" or ");
  const some = choices(one);
  if (some.length > 0) {
    const each = [...new Set(some.map((choice) => typeOf(choice, found, depth + 1)))];
    return each.length > 4 && name ? name : each.join(" or ");
  }
  const type = [one.type].flat().filter((word) => word !== "null")[0];
  if (type === "array") return `list of ${typeOf(one.items ?? {}, found, depth + 1)}`;
  if (type === "object" && !one.properties) return one.additionalProperties?.constructor === Object ? `${typeOf(one.additionalProperties, found, depth + 1)} by name` : "object";
  if (type === "object") return name?.replace(/\d+$/, "") ?? "object";
  return { string: "text", integer: "whole number", number: "number", boolean: "true or false" }[type] ?? name ?? "anything";
}

/**
 * The fields of a schema, each with its own under it; null when it has none.
 * @param {any} schema
 * @param {any} found the document
 * @param {string[]} [above] the names of the schemas that this one is in
 * @returns {HTMLElement | null}
 */
export function fields(schema, found, above = []) {
  const [one, name] = resolve(schema, found);
  if (name && above.includes(name) || above.length > DEEPEST) return null;
  const inner = name ? [...above, name] : above;
  if (one.items) return fields(one.items, found, inner);
  if (one.additionalProperties?.constructor === Object) return fields(one.additionalProperties, found, inner);
  const some = choices(one).map((choice) => fields(choice, found, inner)).filter(Boolean);
  const own = Object.entries(one.properties ?? {});
  if (own.length === 0) return some.length > 0 ? h("div.choices", some) : null;
  const field = ([key, value]) => {
    const below = fields(value, found, inner);
    return h("div", { key },
      h("dt", h("code", key), " ", h("span.type", typeOf(value, found)), one.required?.includes(key) && h("span.tag", "required")),
      h("dd", value.description ?? resolve(value, found)[0].description, below && h("details", h("summary", "Its fields"), below)));
  };
  return h("dl.schema", own.map(field), some);
}
