// What a job left, and what it was told to do.

import { h } from "../element.js";
import { rest } from "../route.js";
import { bytes, duration } from "../time.js";
import { plain } from "./trigger.js";

/** Artifacts with their downloads. */
export function artifactList(found, result, { org, repo, number }) {
  const saved = found?.length ? found : result?.artifacts ?? [];
  if (!saved.length) return h("p.empty", "This job saved no artifacts.");
  return h("ul.artifacts", saved.map(({ id, path, size, digest }) => h("li", { key: id },
    h("a.row", { href: `${rest.build(org, repo, number)}/artifacts/${encodeURIComponent(id)}`, download: "", "data-item": true },
      h("span.what", h("b", id), h("code", path)), h("span.size", bytes(size)), digest && h("code.digest", { title: `BLAKE3 ${digest}` }, digest.slice(0, 12))))));
}

/** The job as it was planned, and what is known of its run. */
export function details({ job, worker, approved }, result) {
  const row = (name, value) => value && [h("dt", name), h("dd", value)];
  const list = (values) => values?.length > 0 && values.map((value) => h("code", value));
  const env = Object.entries(job.env ?? {});
  const group = (title, ...rows) => rows.some(Boolean) && h("div", h("h2", title), h("dl", rows));
  return h("section.details",
    group("Runs", row("Image", job.image ? h("code", job.image) : "none: a plain process"), row("Script", (job.script ?? []).map((line) => h("pre", plain(line)))),
        row("Command", job.command?.length > 0 && h("pre", job.command.map(plain).join(" "))), row("Shell", job.shell), row("Folder", job.workDir),
        row("Variables", env.length > 0 && h("dl.params", env.map(([name, value]) => [h("dt", name), h("dd", h("code", plain(value)))]))),
        row("ID tokens", list(Object.entries(job.idTokens ?? {}).map(([name, { audience }]) => `${name}: ${audience.join(", ")}`))),
        row("Services", list(job.services?.map(({ id, image }) => `${id}: ${image}`)))),
    group("When", row("After", list(job.dependencies)), row("On", { failure: "failure of one of them", always: "whatever became of them" }[job.when]),
        row("Approval", job.blocked && (approved ? `given${approved.actor ? ` by ${approved.actor}${approved.via ? ` via ${approved.via}` : ""}` : ""}` : "needed")), row("May fail", job.allowFailure && "yes"), row("One at a time", job.concurrencyGroup),
        row("Attempts", job.retry?.max > 0 && `${job.retry.max + 1}, on ${job.retry.on.join(", ")}`), row("Time limit", job.timeout && duration(job.timeout))),
    group("Files", row("Saves", list(job.saveArtifacts?.map(({ id, path }) => `${id}: ${path}`))), row("Takes", list(job.restoreArtifacts?.map(({ id, path }) => `${id}: ${path}`))),
        row("Caches", list(job.caches?.map(({ id, path, key }) => `${id}: ${path}${key ? ` (${key})` : ""}`)))),
    result && group("Result", row("Cause", result.cause), row("Message", result.message && h("pre", result.message)), row("Exit code", result.exit !== undefined && String(result.exit)), row("Worker", worker),
        row("Processes", { "pid-namespace": "none left: the kernel ended them", subreaper: "none was found", "process-group": "those of its group are gone" }[result.guarantee]),
        row("Warnings", result.warnings?.length > 0 && h("ul.warnings", result.warnings.map((text) => h("li", text)))),
        row("Values", result.values && h("pre", JSON.stringify(result.values, null, 2)))));
}
