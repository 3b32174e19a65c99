// A build in a list.

import { h } from "../element.js";
import { page } from "../route.js";
import { icon, isEnded } from "../status.js";
import { agoElement, elapsed } from "../time.js";
import { commitLabel, headline, person, refLabel, source } from "./trigger.js";

/**
 * A row that links to the build.
 * @param {any} build of the API
 * @param {{ withRepo?: boolean }} [how]
 */
export function buildRow(build, { withRepo = false } = {}) {
  const { org, repo, number, trigger, status } = build;
  const end = isEnded(status) ? build.ended ?? build.created : undefined;
  return h("li.build", { key: `${repo}/${number}`, "data-status": status },
    h("a.row", { href: page.build(org, repo, number), "data-item": true },
      icon(status, 18),
      h("span.what",
        h("span.title", h("bdi", headline(trigger, number))),
        h("span.meta",
          withRepo && h("b", repo), h("span.number", `#${number}`), refLabel(trigger), commitLabel(trigger),
          person(trigger), h("span.source", source(trigger)),
          build.message && !["success", "running"].includes(status) && h("span.why", build.message.split("\n")[0]))),
      h("span.when", agoElement(build.created), h("span.took", elapsed(build.created, end)))));
}

/** The newest build of a branch, as a chip. */
export function branchChip(org, repo, name, branch) {
  return h("a.chip", { key: name, href: page.build(org, repo, branch.number), "data-status": branch.status, title: `${name} #${branch.number}` },
    icon(branch.status, 14), h("bdi", name));
}

/** The newest state of each branch: bad news first, then the newest. */
export function branches(found, most = 8, first = "main") {
  const rank = ([name, { status }]) => (name === first ? 0 : ["failure", "error"].includes(status) ? 1 : isEnded(status) ? 3 : 2);
  return Object.entries(found ?? {}).sort((a, b) => rank(a) - rank(b) || b[1].created - a[1].created).slice(0, most);
}
