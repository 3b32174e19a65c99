// Who changed what in an organisation.

import { get } from "../api.js";
import { h } from "../element.js";
import { agoElement } from "../time.js";

/** The audit log at `path`. */
export function audit(path, { signal, redraw }) {
  let rows = [];
  let next = null;
  let refused = null;
  const load = async (cursor) => {
    try {
      const answer = await get(`${path}/audit?limit=50${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ""}`, signal);
      rows = cursor ? [...rows, ...answer.items] : answer.items;
      next = answer.next;
    } catch (error) {
      if (error.name === "AbortError") throw error;
      refused = error.message;
    }
    redraw();
  };
  const draw = () => h("section.collection", { key: "audit", id: "audit" }, h("h2", "Audit"),
    refused ? h("p.refusal", refused) : h("ol.audit", rows.map(({ position, time, actor, via, token, action, object, details }) => h("li", { key: position },
      h("div.row", h("span.what", h("b", action), h("span.meta", h("code", object), Object.entries(details ?? {}).map(([name, value]) => h("span", `${name}: ${value}`)))),
        h("span.when", h("span", actor, via && ` via ${via}`, token && h("span.token", { title: "token" }, ` by token ${token.slice(0, 10)}`)), agoElement(time)))))),
    next && h("p.more", h("button", { type: "button", on: { click: () => load(next) } }, "Older")));
  return { load: () => load(null), draw };
}
