// Everybody who is known to the server, for who runs it.

import { send } from "../api.js";
import { h } from "../element.js";
import { ask } from "../form.js";
import { agoElement } from "../time.js";
import { collection } from "./collection.js";

/** People; `me` is whoever looks. */
export function people(me, how) {
  const at = (name, verb) => `/v1/people/${encodeURIComponent(name)}/${verb}`;
  const enable = async (name, load) => {
    await send("POST", at(name, "enable"), {});
    await load();
  };
  const disable = (name, load) => ask(`Disable ${name}?`, {
    fields: [], submit: "Disable", tone: "danger", about: "Their sessions and tokens end at once, for good.",
    done: async () => {
      await send("POST", at(name, "disable"), {});
      await load();
    },
  });
  return collection({
    ...how, title: "People", path: "/v1/people", mayWrite: false, noun: "somebody", empty: "Nobody.", key: ({ name }) => name,
    row: ({ name, admin, disabled, created }, { load }) => [
      h("span.what", h("b", name)), admin && h("span.tag", "runs the server"), disabled && h("span.tag", "disabled"), h("span.when", h("span", "since ", agoElement(created))),
      name !== me && h("span.verbs", h("button.small.quiet", { type: "button", "aria-label": `${disabled ? "Enable" : "Disable"} ${name}`, on: { click: () => (disabled ? enable : disable)(name, load) } }, disabled ? "Enable" : "Disable")),
    ],
  });
}
