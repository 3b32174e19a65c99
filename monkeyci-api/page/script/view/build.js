// One build: what broke, its graph and timeline as they live, and what it was built from.

import { h } from "../element.js";
import { bind } from "../keys.js";
import { count } from "../live/build.js";
import { watch } from "../live/watch.js";
import { may } from "../me.js";
import { approve, approveScript, cancel, reject, retry, runLike } from "../part/actions.js";
import { broken, tails } from "../part/broken.js";
import { graph } from "../part/graph.js";
import { timeline } from "../part/timeline.js";
import { changes, commitLabel, headline, person, plain, ref, refLabel, source } from "../part/trigger.js";
import { buildId, page } from "../route.js";
import { badge, icon, isEnded } from "../status.js";
import { agoElement, elapsed } from "../time.js";

/** Milliseconds between two drawings of a timeline that moves. */
const MOVE = 1000;
/** Jobs from which on the timeline is enough, and the graph is drawn when it is asked for. */
const MANY = 400;

/** Draws the view, and keeps it current. */
export async function show({ params: id, me, signal, draw, go }) {
  const { org, repo, number } = id;
  const mayAct = may(me, org, "developer", repo);
  let said = "";
  let withGraph = false;
  const paint = (build) => {
    const { trigger, status } = build;
    const counts = count(build);
    const isGraphShown = counts.total <= MANY || withGraph;
    const verbs = mayAct && { approve: (job) => approve(id, job, () => {}), reject: (job) => reject(id, job, () => {}) };
    draw([
      h("header.head.of-build", { "data-status": status },
        h("h1", badge(status), h("bdi", headline(trigger, number))),
        mayAct && h("div.actions", actions(build, id, go, refuse)),
        facts(build, counts, id)),
      said && h("p.refusal", { role: "alert" }, said),
      canceled(build),
      script(build, mayAct && (() => approveScript(id, go).catch(refuse))),
      verbs && approvals(build, id, verbs),
      broken(build, id, tail),
      build.pipeline && h("p.hint", "It ran the pipeline ", h("code", build.pipeline), ", as the server had it."),
      build.warnings.length > 0 && h("ul.warnings", build.warnings.map((text) => h("li", text))),
      counts.total > 0 && h("section", { key: "graph-of" }, h("div.bar-line", h("h2", "Jobs"), tallies(counts)),
        isGraphShown ? graph(build, { id, ...verbs }) : h("p", h("button", { type: "button", on: { click: () => {
          withGraph = true;
          paint(build);
        } } }, `Draw the graph of ${counts.total} jobs`))),
      counts.total === 0 && early(build, id),
      timeline(build, id) && h("section", { key: "timeline-of" }, h("h2", "Timeline"), timeline(build, id)),
      about(build),
    ], { title: `#${number} ${repo}`, status, trail: [[org, page.org(org)], [repo, page.repo(org, repo)], [`#${number}`, page.build(org, repo, number)]] });
  };
  const refuse = (error) => {
    said = error.message;
    paint(watched.current());
  };
  const tail = tails(id, signal, () => paint(watched.current()));
  const watched = await watch(id, signal, { changed: paint });
  paint(watched.current());
  bind([
    ["c", "Cancel", () => mayAct && !isEnded(watched.current().status) && cancel(id, () => {})],
    ["r", "Retry, or run again", () => mayAct && again(watched.current(), id, go, refuse)],
    ["a", "Approve the first job that waits", () => mayAct && approveFirst(watched.current(), id)],
  ]);
  const moving = setInterval(() => !document.hidden && !isEnded(watched.current().status) && paint(watched.current()), MOVE);
  signal.addEventListener("abort", () => clearInterval(moving));
}

function again(build, id, go, refuse) {
  if (!isEnded(build.status)) return;
  if (build.status === "success") runLike(id.org, id.repo, build.trigger, go);
  else retry(id, true, go).catch(refuse);
}

function approveFirst(build, id) {
  const waits = [...build.jobs.values()].find(({ status }) => status === "blocked");
  if (waits) approve(id, waits.job.id, () => {});
}

function actions(build, id, go, refuse) {
  const button = (text, click, tone = "") => h("button", { key: text, type: "button", class: tone || null, on: { click } }, text);
  if (!isEnded(build.status)) return button("Cancel", () => cancel(id, () => {}), "danger");
  const failed = build.status !== "success" && [...build.jobs.values()].some(({ status }) => status === "success");
  return [
    button("Run…", () => runLike(id.org, id.repo, build.trigger, go), "quiet"),
    button("Retry all", () => retry(id, false, go).catch(refuse)),
    failed && button("Retry failed", () => retry(id, true, go).catch(refuse), "primary"),
  ];
}

function facts(build, counts, { org, repo }) {
  const { trigger, created, ended, status } = build;
  const at = ref(trigger);
  return h("p.facts",
    at?.kind === "branch" ? h("a", { href: `${page.repo(org, repo)}?branch=${encodeURIComponent(at.name)}` }, refLabel(trigger)) : refLabel(trigger),
    commitLabel(trigger), person(trigger), h("span", source(trigger)), before(trigger), trigger.fork && h("span.tag", "fork: no secrets"),
    h("span", agoElement(created)), created && h("span.took", elapsed(created, isEnded(status) ? ended ?? created : undefined)),
    counts.total > 0 && !isEnded(status) && h("progress", { max: counts.total, value: counts.ended, "aria-label": "Jobs that ended" }));
}

function tallies(counts) {
  const of = ["failure", "error", "running", "initializing", "blocked", "queued", "pending", "success", "allowed", "skipped", "canceled"];
  const words = { failure: "failed", error: "broke", running: "run", initializing: "start", blocked: "to approve", queued: "queued", pending: "wait", success: "passed", allowed: "failed, allowed", skipped: "skipped", canceled: "canceled" };
  return h("p.tallies", of.filter((status) => counts[status]).map((status) => h("span", { key: status, "data-status": status }, `${counts[status]} ${words[status]}`)));
}

/** Whose script a build of a fork runs, where the fork has another one. */
function script({ trigger }, approve) {
  const of = trigger.script;
  if (!of) return null;
  if (of.of === "fork") return h("p.note", { key: "script" }, "The fork's own script, approved for this commit by ", h("b", of.approvedBy));
  return h("section.approvals", { key: "script", "aria-label": "Script" }, h("ul", h("li",
    h("span.what", "The script of ", h("b", of.branch), ` at ${of.commitId.slice(0, 12)} runs, and not the fork's own.`),
    approve && h("button", { type: "button", on: { click: approve } }, "Approve the fork's script"))));
}

/** What waits for a person, where it is seen first: the graph may be wider than the page. */
function approvals(build, { org, repo, number }, { approve: yes, reject: no }) {
  const waiting = [...build.jobs.values()].filter(({ status }) => status === "blocked");
  if (!waiting.length || isEnded(build.status)) return null;
  const button = (text, name, act, tone) => h("button", { type: "button", class: tone, "aria-label": `${text} ${name}`, on: { click: () => act(name) } }, text);
  return h("section.approvals", { key: "approvals", "aria-label": "Needs approval" }, h("ul", waiting.slice(0, 20).map(({ job, blocked }) => h("li", { key: job.id, "data-status": "blocked" },
    icon("blocked", 18), h("span.what", h("a", { href: page.job(org, repo, number, job.id) }, h("b", job.id)), " waits for approval ", blocked && h("span.took", agoElement(blocked))),
    button("Reject", job.id, no, "quiet"), button("Approve", job.id, yes, "primary")))));
}

function canceled({ canceled: by, status }) {
  if (!by || status !== "canceled") return null;
  return h("p.note", "Canceled", by.actor && [" by ", h("b", by.actor), by.via && ` via ${by.via}`], by.reason && [": ", by.reason]);
}

/** Before there are jobs. */
function early({ status }, { org, repo, number }) {
  const words = { pending: "Waits to be picked up.", initializing: "Its source is fetched and its script loaded." };
  return h("section.empty", words[status] && h("p", words[status]), h("p", h("a", { href: page.script(org, repo, number) }, "What the script printed")));
}

/** The build that this one follows, or does once more. */
function before({ upstream = [], retry }) {
  const found = retry ? buildId(retry.of) : upstream.length > 0 && buildId(upstream.at(-1));
  return found && h("a", { href: page.build(found.org, found.repo, found.number) }, retry ? `retry of #${found.number}` : `${found.repo} #${found.number}`);
}

function about({ trigger }) {
  const { added, modified, removed, count: changed } = changes(trigger);
  const params = Object.entries(trigger.params ?? {});
  const message = trigger.git?.message?.trim();
  const rest = message?.includes("\n") ? message : null;
  const files = [["added", "+", added], ["modified", "~", modified], ["removed", "−", removed]];
  const paths = files.flatMap(([kind, sign, found]) => found.map((path) => ({ kind, sign, path })));
  if (!rest && !changed && !params.length) return null;
  return h("section.about", { key: "about" },
    rest && h("div", h("h2", "Commit"), h("pre.commit-message", rest)),
    changed > 0 && h("details", { open: changed <= 12 }, h("summary", h("h2", `${changed} changed ${changed === 1 ? "file" : "files"}`)),
      h("ul.files", paths.slice(0, 500).map(({ kind, sign, path }) => h("li", { class: kind }, h("span.sign", { title: kind }, sign), h("bdi", path)))),
      paths.length > 500 && h("p.hint", `and ${paths.length - 500} more`)),
    params.length > 0 && h("div", h("h2", "Params"), h("dl.params", params.map(([name, value]) => [h("dt", name), h("dd", h("code", plain(value)))]))));
}
