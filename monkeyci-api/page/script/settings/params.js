// Params: plain values are seen, secret ones go in and never come out.

import { send } from "../api.js";
import { h } from "../element.js";
import { agoElement } from "../time.js";
import { collection } from "./collection.js";

/**
 * The params under `path` of an organisation, set or repository.
 * @param {string} path
 * @param {{ signal: AbortSignal, redraw: () => void, mayWrite: boolean, hint: string | null, title?: string }} how
 */
export function params(path, how) {
  return collection({
    title: "Params", ...how, path: `${path}/params`, noun: "a param", empty: "No params yet.", key: ({ name }) => name,
    row: ({ name, secret, value, version, fingerprint, description, updated }) => [
      h("span.what", h("b", h("code", name)), description && h("span.meta", description)),
      secret ? h("span.value", h("span.tag", "secret"), h("code", { title: "Equal values have equal fingerprints" }, fingerprint?.slice(0, 12))) : h("span.value", h("code", value)),
      h("span.when", h("span", `version ${version}`), agoElement(updated)),
    ],
    fields: (item) => [
      { name: "name", label: "Name", value: item?.name, required: true, disabled: Boolean(item), placeholder: "REGION" },
      { name: "value", label: "Value", kind: item?.secret ? "secret" : "area", value: item?.value, hint: item?.secret ? "What it is now cannot be seen. Left empty it stays." : null },
      { name: "secret", label: "Secret", kind: "check", value: item?.secret, hint: "Never shown again, and masked in logs." },
      { name: "description", label: "What it is for", value: item?.description },
    ],
    save: ({ name, value, secret, description }, item) => {
      const stays = item?.secret && value === "";
      return send("PUT", `${path}/params/${encodeURIComponent(item?.name ?? name)}`, { value: stays ? undefined : value, secret, description: description || undefined });
    },
  });
}
