// The API as it describes itself: every operation with what it takes and answers, found by any word of it.

import { get, peek } from "../api.js";
import { h } from "../element.js";
import { fields, typeOf } from "../part/schema.js";

const DOCUMENT = "/v1/openapi.json";

/** Draws the view. */
export async function show({ query, signal, draw }) {
  let words = query.get("q") ?? "";
  let found = peek(DOCUMENT);
  const look = (event) => {
    words = event.target.value;
    const address = new URL(location.href);
    if (words) address.searchParams.set("q", words);
    else address.searchParams.delete("q");
    history.replaceState(history.state, "", address);
    paint();
  };
  const paint = () => {
    const operations = list(found).filter(({ text }) => words.toLowerCase().split(/\s+/).every((word) => text.includes(word)));
    draw([
      h("header.head", h("h1", found.info.title, " API", h("span.tag", found.info.version)),
        h("div.actions", h("input", { type: "search", "aria-label": "Find", placeholder: "Find", "data-search": true, value: words, on: { input: look } }))),
      h("p.hint", found.info.description.split("`").map((part, at) => at % 2 ? h("code", part) : part), " A program sends ", h("code", "Authorization: Bearer mci_…"), " with a token of ",
        h("a", { href: "/account#tokens" }, "your account"), "; the whole as OpenAPI is ", h("a", { href: DOCUMENT, target: "_blank" }, DOCUMENT), "."),
      operations.length === 0 && h("p.empty", "Nothing is called so."),
      [...Map.groupBy(operations, ({ area }) => area)].map(([area, some]) => h("section.operations", { key: area }, h("h2", area.replaceAll("-", " ")), some.map((one) => operation(one, found)))),
    ], { title: "API", trail: [["API", "/api"]] });
  };
  if (found) paint();
  found = await get(DOCUMENT, signal);
  paint();
}

/** Every operation with the part of the API that it belongs to, and the words that it is found by. */
function list(found) {
  return Object.entries(found.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, about]) => ({
    method: method.toUpperCase(), path, about, area: area(path), text: `${method} ${path} ${about.summary}`.toLowerCase(),
  })));
}

/** `/v1/orgs/{org}/repos/{repo}/builds/…` belongs to builds: the last kind of thing that others are in. */
function area(path) {
  const kinds = path.split("/").filter((part) => part && part !== "v1" && !part.startsWith("{"));
  if (kinds[0] !== "orgs") return kinds[0] ?? "server";
  return kinds[1] === "repos" ? kinds[2] ?? "repos" : kinds[1] ?? "orgs";
}

function operation({ method, path, about }, found) {
  const body = about.requestBody?.content["application/json"]?.schema;
  const answers = Object.entries(about.responses).filter(([status]) => status !== "default");
  return h("details.operation", { key: `${method} ${path}`, id: about.operationId },
    h("summary", h("code.method", { "data-method": method }, method), h("code.path", path), h("span.what", about.summary)),
    h("div.inside-operation",
      parameters("In the path", about.parameters.filter((one) => one.in === "path"), found),
      parameters("In the query", about.parameters.filter((one) => one.in === "query"), found),
      body && h("section", h("h3", "Takes ", h("code", typeOf(body, found))), fields(body, found)),
      answers.map(([status, { description, content }]) => answer(status, description, content, found))));
}

function parameters(title, some, found) {
  return some.length > 0 && h("section", h("h3", title), h("dl.schema", some.map((one) => h("div",
    h("dt", h("code", one.name), " ", h("span.type", typeOf(one.schema, found))), h("dd", one.description)))));
}

function answer(status, description, content, found) {
  const [kind, { schema } = {}] = Object.entries(content ?? {})[0] ?? [];
  const is = schema && Object.keys(schema).length > 0;
  return h("section", h("h3", `Answers ${status} ${description} `, h("code", is ? typeOf(schema, found) : kind ?? "")), is && fields(schema, found));
}
