// How builds went: those of an organisation, or of one of its repositories.

import { get, peek } from "../api.js";
import { h } from "../element.js";
import { counts, durations } from "../part/day_chart.js";
import { page, rest } from "../route.js";
import { duration } from "../time.js";

const DAYS = [7, 14, 30, 90, 365];

/** Draws the view. */
export async function show({ params: { org, repo }, query, signal, draw, go }) {
  const place = repo ? rest.repo(org, repo) : rest.org(org);
  const here = repo ? page.repoStatistics(org, repo) : page.orgStatistics(org);
  const days = DAYS.includes(Number(query.get("days"))) ? Number(query.get("days")) : 30;
  const path = `${place}/statistics?days=${days}`;
  let found = peek(path);
  const change = (event) => go(`${here}?days=${event.target.value}`, { replace: true });
  const paint = () => draw([
    h("header.head", h("h1", "Statistics of ", h("bdi", repo ?? org)),
      h("div.actions", h("select", { "aria-label": "Time", "data-search": true, on: { change } },
        DAYS.map((one) => h("option", { value: one, selected: one === days }, `Last ${one} days`))))),
    found.sample === 0 ? h("p.empty", "No build in that time.") : figures(found, { org, repo }),
  ], { title: `Statistics of ${repo ?? org}`, trail: [[org, page.org(org)], ...(repo ? [[repo, page.repo(org, repo)]] : []), ["Statistics", here]] });
  if (found) paint();
  found = await get(path, signal);
  paint();
}

function figures(found, { org, repo }) {
  const sum = (name) => found.days.reduce((all, day) => all + day[name], 0);
  const [passed, failed] = [sum("success"), sum("failure") + sum("error")];
  const builds = passed + failed + sum("canceled") + sum("open");
  const tile = (name, value, about) => h("figure", h("figcaption", h("span.name", name), h("b", value), h("span.about", about)));
  const spread = (name, one, nothing) => tile(name, one ? duration(one.p50) : "–", one ? `median; 19 of 20 in ${duration(one.p95)}` : nothing);
  return [
    h("section.charts.tiles-of-time", { "aria-label": "Figures" },
      tile("Passed", passed + failed ? `${Math.round((passed / (passed + failed)) * 100)}%` : "–", `of ${passed + failed}`),
      spread("Duration", found.duration, "none has ended"), spread("Wait for the first job", found.wait, "none has run"),
      spread("Failed branches passed again in", found.recovery, "none has failed and passed"),
      tile("Failing now", String(found.broken), found.broken === 1 ? "branch" : "branches")),
    h("section.days-of", h("h2", "Builds a day"), counts(found.days), legend()),
    h("section.days-of", h("h2", "Duration"), durations(found.days) ?? h("p.hint", "No build has passed or failed."),
      h("p.legend", h("span.key.half", "half of the builds"), h("span.key.most", "19 of 20"))),
    found.jobs.length > 0 && h("section.jobs-of", h("h2", "Jobs"), jobs(found.jobs, repo)),
    found.flakyTests.length > 0 && h("section.jobs-of", h("h2", "Flaky tests"), h("p.hint", "They failed, and did not when the job was tried again."), flaky(found.flakyTests, org, repo)),
    found.sample < builds && h("p.hint", `All but the builds a day is drawn from the newest ${found.sample.toLocaleString()} of ${builds.toLocaleString()} builds.`),
  ];
}

function legend() {
  const key = ([status, text]) => h("span.key", { "data-status": status }, text);
  return h("p.legend", [["success", "passed"], ["failure", "failed"], ["error", "broke"], ["canceled", "canceled or open"]].map(key));
}

function jobs(list, repo) {
  const longest = Math.max(...list.map(({ duration: one }) => one?.p95 ?? 0), 1);
  return table(["Job", "Runs", "Failed", "Retried", "Median", "19 of 20", ""], list.map((job) => {
    const runs = job.success + job.failure;
    const share = job.failure / Math.max(1, runs);
    return h("tr", { key: `${job.repo}/${job.job}` },
      h("th", { scope: "row" }, !repo && h("span.soft", `${job.repo} / `), h("bdi", job.job)),
      h("td", runs.toLocaleString()),
      h("td", { "data-status": share > 0 ? "failure" : null, class: share > 0 ? "toned" : null }, `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)}%`),
      h("td", job.retried || ""),
      h("td", job.duration ? duration(job.duration.p50) : "–"), h("td", job.duration ? duration(job.duration.p95) : "–"),
      h("td.spread", job.duration && h("span.line", { "aria-hidden": "true" }, h("span.most", { style: { width: `${(job.duration.p95 / longest) * 100}%` } }), h("span.half", { style: { width: `${(job.duration.p50 / longest) * 100}%` } }))));
  }));
}

function flaky(list, org, repo) {
  return table(["Test", "Job", "Times", "Last"], list.map((one) => h("tr", { key: `${one.repo}/${one.job}/${one.class}/${one.test}` },
    h("th", { scope: "row" }, one.class && h("span.soft", `${one.class} `), h("bdi", one.test)),
    h("td", repo ? one.job : `${one.repo} / ${one.job}`), h("td", one.count),
    h("td", h("a", { href: page.build(org, one.repo, one.build) }, `#${one.build}`)))));
}

function table(head, rows) {
  return h("div.wide", h("table", h("thead", h("tr", head.map((name) => h("th", { scope: "col" }, name)))), h("tbody", rows)));
}
