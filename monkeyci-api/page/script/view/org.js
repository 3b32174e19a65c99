// An organisation: its repositories with the newest state of each branch, and what happens in it.

import { all, get, peek, send } from "../api.js";
import { h } from "../element.js";
import { ask } from "../form.js";
import { watchOrg, withBuild } from "../live/list.js";
import { may } from "../me.js";
import { branchChip, branches, buildRow } from "../part/build_row.js";
import { headline, ref } from "../part/trigger.js";
import { page, rest } from "../route.js";
import { icon, isBad, isEnded } from "../status.js";
import { agoElement, elapsed } from "../time.js";

/** Draws the view, and keeps it current. */
export async function show({ params: { org: id }, me, signal, draw, go }) {
  const path = rest.org(id);
  const lists = [path, `${path}/builds?limit=100`];
  let org = peek(lists[0]);
  let builds = peek(lists[1])?.items;
  let repos = peek(`${path}/repos?limit=200`)?.items;
  let wanted = "";
  const paint = () => {
    const found = repos.filter((repo) => repo.id.toLowerCase().includes(wanted));
    draw([
      h("header.head", h("h1", h("bdi", org.name || org.id)),
        h("div.actions",
          may(me, id, "viewer") && h("a.button", { href: page.orgStatistics(id) }, "Statistics"),
          may(me, id, "viewer") && h("a.button", { href: page.orgSettings(id) }, "Settings"),
          may(me, id, "maintainer") && h("button.primary", { type: "button", on: { click: () => create(id, go) } }, "Add repository"))),
      h("div.columns",
        h("section", h("div.bar-line", h("h2", "Repositories"), repos.length > 8 && h("input", { type: "search", placeholder: "Filter", "aria-label": "Filter repositories", "data-search": true, on: { input: (event) => {
          wanted = event.target.value.toLowerCase();
          paint();
        } } })),
        repos.length === 0 && h("p.empty", "No repository yet."),
        h("ul.repos", found.sort((a, b) => newest(b, builds) - newest(a, builds)).map((repo) => repoRow(repo, builds)))),
        h("section.activity", h("h2", "Activity"), builds.length === 0 && h("p.hint", "No build yet."),
          h("ul.builds", builds.slice(0, 30).map((build) => buildRow(build, { withRepo: true })))))],
    { title: org.name || org.id, status: worst(repos, builds), trail: [[org.name || id, page.org(id)]] });
  };
  if (org && builds && repos) paint();
  [org, { items: builds }, repos] = await Promise.all([get(lists[0], signal), get(lists[1], signal), all(`${path}/repos`, signal)]);
  paint();
  const moved = (build) => {
    builds = withBuild(builds, build);
    paint();
  };
  watchOrg(id, signal, moved, () => get(lists[1], signal).then((answer) => answer.items.forEach(moved), () => {}));
}

/** The newest build of each branch: as the repository tells it, corrected by newer builds. */
function states(repo, builds) {
  const found = { ...repo.branches };
  for (const build of builds) {
    const at = build.repo === repo.id ? ref(build.trigger) : null;
    if (at?.kind === "branch" && !(found[at.name]?.number > build.number)) found[at.name] = build;
  }
  return found;
}

const latest = (repo, builds) => builds.find((build) => build.repo === repo.id) ?? repo.latest;
const newest = (repo, builds) => latest(repo, builds)?.created ?? repo.created;

function worst(repos, builds) {
  const all = repos.map((repo) => (states(repo, builds)[repo.defaultBranch] ?? latest(repo, builds))?.status).filter(Boolean);
  if (!all.length) return null;
  return all.find(isBad) ?? all.find((status) => !isEnded(status)) ?? "success";
}

function repoRow(repo, builds) {
  const found = states(repo, builds);
  const main = found[repo.defaultBranch] ?? latest(repo, builds);
  const last = builds.find((build) => build.repo === repo.id && build.number === main?.number) ?? repo.latest;
  return h("li.repo", { key: repo.id, "data-status": main?.status ?? "none" },
    h("a.row", { href: page.repo(repo.org, repo.id), "data-item": true },
      icon(main?.status ?? "pending", 20),
      h("span.what", h("span.title", h("b", repo.id), repo.visibility === "public" && h("span.tag", "public")),
        h("span.meta", last ? [h("span.number", `#${last.number}`), h("bdi.line", headline(last.trigger, last.number))] : "Not built yet")),
      last && h("span.when", agoElement(last.created), h("span.took", elapsed(last.created, isEnded(last.status) ? last.ended ?? last.created : undefined)))),
    Object.keys(found).length > 0 && h("div.chips", branches(found, 8, repo.defaultBranch).map(([name, branch]) => branchChip(repo.org, repo.id, name, branch))));
}

function create(org, go) {
  ask("Add a repository", {
    fields: [
      { name: "url", label: "Clone URL", required: true, placeholder: "https://git.example.com/acme/web.git" },
      { name: "id", label: "Id", placeholder: "web", hint: "From the URL when it is left out; paths name it." },
      { name: "defaultBranch", label: "Default branch", value: "main" },
      { name: "visibility", label: "Who may see it", kind: "select", value: "private", options: [["private", "Members"], ["public", "Everybody"]] },
    ],
    submit: "Add",
    done: async ({ id, url, defaultBranch, visibility }) => {
      const last = url.replace(/\/+$/, "").split(/[/:]/).pop().replace(/\.git$/, "");
      const name = id || last.replace(/[^\w.-]+/g, "-").replace(/^[^A-Za-z0-9_]+/, "") || "repository";
      await send("PUT", rest.repo(org, name), { url, defaultBranch: defaultBranch || undefined, visibility });
      go(page.repo(org, name));
    },
  });
}
