// The browsers that whoever is signed in is signed in with.

import { send } from "../api.js";
import { h } from "../element.js";
import { ask } from "../form.js";
import { agoElement } from "../time.js";
import { collection } from "./collection.js";

/** Sessions; `left` is called once all of them have ended. */
export function sessions(left, how) {
  const everywhere = () => ask("Sign out everywhere?", {
    fields: [], submit: "Sign out everywhere", tone: "danger", about: "Also here. Tokens stay good.",
    done: async () => {
      await send("DELETE", "/v1/me/sessions");
      left();
    },
  });
  return collection({
    ...how, title: "Browsers", path: "/v1/me/sessions", noun: "a browser", empty: "None.", isFixed: true,
    hint: ["Where you are signed in. ", h("button.small.quiet", { type: "button", on: { click: everywhere } }, "Sign out everywhere")],
    key: ({ agent, description }) => agent || description, verb: "End", about: "Whoever uses that browser has to sign in again.",
    row: ({ agent, description, created, used, current }) => [
      h("span.what", h("b", agent || "A browser"), h("span.meta", `by ${description}`)),
      current && h("span.tag", "this one"),
      h("span.when", h("span", "since ", agoElement(created)), used && h("span", "used ", agoElement(used))),
    ],
  });
}
