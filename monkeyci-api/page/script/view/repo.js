// A repository: how it does, the state of its branches, and its builds.

import { get, peek } from "../api.js";
import { h } from "../element.js";
import { bind } from "../keys.js";
import { watchOrg, withBuild } from "../live/list.js";
import { may } from "../me.js";
import { run } from "../part/actions.js";
import { branchChip, branches, buildRow } from "../part/build_row.js";
import { charts } from "../part/chart.js";
import { ref } from "../part/trigger.js";
import { page, rest } from "../route.js";
import { safeHref } from "../element.js";
import { word } from "../status.js";

const STATUSES = ["running", "blocked", "success", "failure", "error", "canceled"];

/** Draws the view, and keeps it current. */
export async function show({ params: { org, repo: id }, query, me, signal, draw, go }) {
  const path = rest.repo(org, id);
  const filter = { status: query.get("status") ?? "", branch: query.get("branch") ?? "" };
  const isFiltered = filter.status || filter.branch;
  const asked = new URLSearchParams(Object.entries(filter).filter(([, value]) => value));
  asked.set("limit", "100");
  const list = `${path}/builds?${asked}`;
  let repo = peek(path);
  let builds = peek(list)?.items;
  let next = null;
  const start = () => run(org, id, go, { branch: filter.branch || repo.defaultBranch });
  const paint = () => draw([
    h("header.head", h("h1", id, repo.visibility === "public" && h("span.tag", "public")),
      h("a.source", { href: browsable(repo.url) }, h("bdi", repo.url)),
      h("div.actions",
        h("a.button", { href: page.repoStatistics(org, id) }, "Statistics"),
        may(me, org, "viewer") && h("a.button", { href: page.repoSettings(org, id) }, "Settings"),
        may(me, org, "developer", id) && h("button.primary", { type: "button", on: { click: start } }, "Run"))),
    Object.keys(repo.branches ?? {}).length > 0 && h("nav.chips", { "aria-label": "Branches" },
      branches(repo.branches, 14, repo.defaultBranch).map(([name, branch]) => branchChip(org, id, name, branch))),
    !isFiltered && charts(builds),
    h("div.bar-line", h("h2", "Builds"), filters(filter, repo, (to) => go(`${page.repo(org, id)}${to}`, { replace: true }))),
    builds.length === 0 && h("p.empty", isFiltered ? "No build is like that." : "Not built yet. Run it, or let a webhook or a schedule do so."),
    h("ul.builds", builds.map((build) => buildRow(build))),
    next && h("p.more", h("button", { type: "button", on: { click: more } }, "Older builds")),
  ], { title: `${id}`, status: isFiltered ? null : builds[0]?.status, trail: [[org, page.org(org)], [id, page.repo(org, id)]] });
  const more = async () => {
    const answer = await get(`${list}&cursor=${encodeURIComponent(next)}`, signal);
    builds = [...builds, ...answer.items];
    next = answer.next;
    paint();
  };
  bind([["r", "Run", () => may(me, org, "developer", id) && start()]]);
  if (repo && builds) paint();
  [repo, { items: builds, next }] = await Promise.all([get(path, signal), get(list, signal)]);
  paint();
  if (!me) return;
  const moved = (build) => {
    const at = ref(build.trigger);
    if (build.repo !== id || (filter.branch && at?.name !== filter.branch)) return;
    if (!filter.status || filter.status === build.status || builds.some(({ number }) => number === build.number)) builds = withBuild(builds, build);
    if (at?.kind === "branch" && !(repo.branches?.[at.name]?.number > build.number)) repo.branches = { ...repo.branches, [at.name]: build };
    paint();
  };
  watchOrg(org, signal, moved, () => get(list, signal).then((answer) => answer.items.forEach(moved), () => {}));
}

/** Where people look at what is cloned from `url`; the link is left out when that is nowhere. */
function browsable(url) {
  const https = url.replace(/^(?:ssh:\/\/)?git@([^/:]+)[:/]/, "https://$1/").replace(/\.git\/?$/, "");
  return /^https?:/.test(https) ? safeHref(https) : null;
}

function filters({ status, branch }, repo, go) {
  const change = (event) => {
    const wanted = new FormData(event.target.closest("form"));
    const query = new URLSearchParams([...wanted].filter(([, value]) => value));
    go(query.size ? `?${query}` : "");
  };
  const names = Object.keys(repo.branches ?? {});
  if (branch && !names.includes(branch)) names.push(branch);
  return h("form.filters", { on: { change, submit: (event) => event.preventDefault() } },
    h("select", { name: "status", "aria-label": "Status", "data-search": true }, h("option", { value: "" }, "Any status"),
      STATUSES.map((one) => h("option", { value: one, selected: one === status }, word(one)))),
    names.length > 0 && h("select", { name: "branch", "aria-label": "Branch" }, h("option", { value: "" }, "Any branch"),
      names.sort().map((one) => h("option", { value: one, selected: one === branch }, one))));
}
