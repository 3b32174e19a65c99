// Builds by the clock.

import { send } from "../api.js";
import { h } from "../element.js";
import { agoElement } from "../time.js";
import { collection } from "./collection.js";

/** The schedules of the repository at `path`. */
export function schedules(path, how) {
  return collection({
    ...how, title: "Schedules", path: `${path}/schedules`, noun: "a schedule", empty: "No schedules yet.", key: ({ name }) => name,
    row: ({ name, cron, timezone, branch, enabled, next, last }) => [
      h("span.what", h("b", name), h("span.meta", h("code", cron), timezone, branch && h("span.ref.branch", branch))),
      !enabled && h("span.tag", "off"),
      h("span.when", enabled && next && h("span", "next ", agoElement(next)), last && h("span", "last ", agoElement(last))),
    ],
    fields: (item) => [
      { name: "name", label: "Name", value: item?.name, required: true, disabled: Boolean(item), placeholder: "nightly" },
      { name: "cron", label: "When", value: item?.cron, required: true, placeholder: "0 3 * * *", hint: "Minute, hour, day of the month, month, day of the week." },
      { name: "timezone", label: "Time zone", value: item?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone ?? "UTC" },
      { name: "branch", label: "Branch", value: item?.branch, placeholder: "the default branch" },
      { name: "params", label: "Params", kind: "pairs", value: item?.params },
      { name: "enabled", label: "Fires", kind: "check", value: item?.enabled ?? true },
    ],
    save: ({ name, cron, timezone, branch, params, enabled }, item) =>
      send("PUT", `${path}/schedules/${encodeURIComponent(item?.name ?? name)}`, { cron, timezone: timezone || undefined, branch: branch || undefined, params, enabled }),
  });
}
