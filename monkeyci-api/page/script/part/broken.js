// What broke and why, before anybody has opened a log: the job, the line, its last words, the tests.

import { h } from "../element.js";
import { page, rest } from "../route.js";
import { icon, isBad } from "../status.js";
import { spans } from "../log/spans.js";
import { tests } from "./tests.js";
import { plain } from "./trigger.js";

/** Bytes of the end of a log that are asked for. */
const TAIL = 6000;
/** Lines of it that are shown. */
const LINES = 10;
/** Jobs that are told of in full. */
const MOST = 5;

/** The last lines of a log. Pure. */
export function lastLines(text, most = LINES) {
  const lines = text.replace(/\r\n/g, "\n").split("\n").map((line) => line.slice(line.lastIndexOf("\r") + 1));
  while (lines.length && lines.at(-1).trim() === "") lines.pop();
  return lines.slice(-most);
}

/** Fetches the ends of logs once each, and tells when one has come. */
export function tails(id, signal, came) {
  const known = new Map();
  return (job) => {
    const key = `${job.job.id}/${job.attempt}`;
    if (!known.has(key)) {
      known.set(key, null);
      fetch(rest.log(id.org, id.repo, id.number, job.job.id, job.attempt), { headers: { Range: `bytes=-${TAIL}` }, signal })
        .then(async (answer) => {
          if (!answer.ok) return;
          const text = await answer.text();
          // What begins in the middle of a line does not begin with a line.
          const isCut = /^bytes (?!0-)/.test(answer.headers.get("Content-Range") ?? "");
          known.set(key, lastLines(isCut ? text.slice(text.indexOf("\n") + 1) : text.slice(-TAIL)));
          came();
        }, () => {});
    }
    return known.get(key);
  };
}

/**
 * Draws what broke.
 * @param {any} build as `live/build.js` has it
 * @param {any} id
 * @param {(job: any) => string[] | null} tail of {@link tails}
 */
export function broken(build, id, tail) {
  const jobs = [...build.jobs.values()].filter((job) => isBad(job.status) && !job.job.allowFailure);
  const message = build.message && (jobs.length === 0 || build.status === "error") ? build.message : null;
  if (!jobs.length && !(message && isBad(build.status))) return null;
  return h("section.broken", { key: "broken", "aria-label": "What broke" },
    message && h("pre.message", message),
    jobs.slice(0, MOST).map((job) => one(job, id, tail)),
    jobs.length > MOST && h("p.hint", `and ${jobs.length - MOST} more jobs`));
}

function one(job, id, tail) {
  const { job: { id: name }, result, status } = job;
  const href = page.job(id.org, id.repo, id.number, name);
  const line = result?.lines?.find(({ exit }) => exit !== 0);
  const command = line && plain(job.job.script?.[line.index] ?? (job.job.command ?? []).map(plain).join(" "));
  const failed = tests(result?.["monkey.ci/tests"] ?? []).filter((test) => isBad(test.status));
  const last = job.attempt > 0 ? tail(job) : null;
  return h("article", { key: name, "data-status": status },
    h("header", icon(status, 16), h("a", { href, "data-item": true }, name), h("span.cause", cause(job))),
    failed.length > 0 && h("ul.tests", failed.slice(0, 5).map((test) => h("li", h("b", test.name), test.problems[0]?.message && h("span", test.problems[0].message))),
      failed.length > 5 && h("li", h("a", { href: `${href}?tab=tests` }, `and ${failed.length - 5} more`))),
    (command || last) && h("a.tail", { href, tabindex: -1 },
      command && h("span.command", "$ ", command.split("\n")[0]),
      last?.map((text) => h("span.log-text", spans(text)))));
}

function cause({ result, reason, cause: why }) {
  if (result?.message) return result.message.split("\n")[0];
  const kind = result?.cause ?? why;
  if (kind === "failure" && result?.exit !== undefined) return `exit code ${result.exit}`;
  return kind ?? reason ?? "";
}
