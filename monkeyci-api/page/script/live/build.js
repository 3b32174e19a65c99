// What a build has become, event by event. Pure: the same events always give the same picture.

/**
 * @typedef {{ attempt: number, queued?: number, leased?: number, started?: number, ended?: number, status: string,
 *   worker?: string, result?: any }} Attempt
 * @typedef {{ job: any, status: string, attempt: number, attempts: Attempt[], waiting?: string, started?: number,
 *   ended?: number, worker?: string, result?: any, addresses: any[], actor?: string, reason?: string }} JobState
 */

const ENDED = ["success", "failure", "error", "canceled", "skipped"];

/** A build of which nothing is known. */
export function unknown() {
  return { seq: 0, status: "pending", message: null, trigger: {}, created: null, began: null, ended: null, jobs: new Map(), taken: new Map(), warnings: [], pipeline: null };
}

/**
 * The state that the server told in one piece; its jobs have their newest attempt alone.
 * @param {any} detail a `BuildDetail`
 */
export function fromDetail(detail) {
  const jobs = detail.jobs.map((view) => {
    const { attempt, started, ended, status, worker, result } = view;
    const attempts = attempt > 0 && started ? [{ attempt, started, ended, status, worker, result }] : [];
    return [view.job.id, { addresses: [], ...view, attempts }];
  });
  return {
    seq: detail.events, status: detail.status, message: detail.message ?? null, trigger: detail.trigger, created: detail.created,
    began: null, ended: detail.ended ?? null, jobs: new Map(jobs), warnings: detail.warnings ?? [], pipeline: detail.pipeline ?? null,
  };
}

/**
 * Takes an event in. Derived ones and those that were taken in before change nothing.
 * @returns {boolean} whether anything changed
 */
export function apply(build, event) {
  if (event.seq === 0 || event.seq <= build.seq) return false;
  build.seq = event.seq;
  const job = event.jobId === undefined ? null : build.jobs.get(event.jobId);
  if (job) ofJob(job, event);
  else ofBuild(build, event);
  if (["running", "blocked"].includes(build.status)) build.status = openStatus(build);
  return true;
}

function ofBuild(build, event) {
  switch (event.type) {
    case "build/triggered":
      build.trigger = event.trigger;
      build.created = event.time;
      break;
    case "build/initializing":
      build.status = "initializing";
      build.began = event.time;
      break;
    case "build/start":
      if (event.trigger) build.trigger = event.trigger;
      break;
    case "job/taken":
      build.taken.set(event.jobId, event);
      break;
    case "script/start":
      build.status = "running";
      build.warnings = event.warnings ?? [];
      build.pipeline = event.pipeline ?? null;
      build.jobs = new Map(event.jobs.map((job) => [job.id, { job, status: "pending", attempt: 0, attempts: [], addresses: [], ...takenOver(build.taken.get(job.id)) }]));
      break;
    case "build/canceled":
      build.canceled = { actor: event.actor, via: event.via, reason: event.reason };
      break;
    case "script/end":
    case "build/end":
      if (event.message) build.message = event.message;
      if (event.type === "build/end") {
        build.status = event.status;
        build.ended = event.time;
      }
  }
}

function ofJob(job, event) {
  switch (event.type) {
    case "job/queued":
      job.status = "queued";
      attempt(job, event.attempt).queued = event.time;
      job.started = job.ended = undefined;
      break;
    case "job/blocked":
      job.status = "blocked";
      job.blocked = event.time;
      break;
    case "job/unblocked":
      job.status = "pending";
      job.approved = { actor: event.actor, via: event.via, time: event.time };
      break;
    case "job/canceled":
      Object.assign(job, { actor: event.actor, reason: event.reason });
      break;
    case "job/skipped":
      Object.assign(job, { status: "skipped", reason: event.reason, waiting: undefined });
      break;
    case "job/initializing":
      job.status = "initializing";
      job.worker = event.worker;
      Object.assign(attempt(job, event.attempt), { leased: event.time, worker: event.worker, status: "initializing" });
      break;
    case "job/start":
      Object.assign(job, { status: "running", started: event.time, ended: undefined, addresses: event.addresses ?? [] });
      if (event.job) job.job = event.job;
      Object.assign(attempt(job, event.attempt), { started: event.time, status: "running" });
      break;
    case "job/held":
      job.held = event.until;
      break;
    case "shell/start":
      job.shell = event.actor;
      break;
    case "shell/end":
      job.shell = undefined;
      break;
    case "job/executed": {
      const status = statusOf(event.result);
      Object.assign(attempt(job, event.attempt), { ended: event.time, status, result: event.result });
      Object.assign(job, { result: event.result, ended: event.time, addresses: [], held: undefined, shell: undefined });
      break;
    }
    case "job/end": {
      Object.assign(job, { status: event.status, cause: event.cause, waiting: undefined });
      const last = job.attempts.at(-1);
      if (last && !last.ended) last.ended = event.time;
      if (last && job.attempt === last.attempt) last.status = event.status;
      if (last?.started) job.ended ??= event.time;
    }
  }
}

/** What is known of a job that ran in the build before. */
function takenOver(event) {
  return event && { taken: { build: event.from, attempt: event.attempt }, result: event.result };
}

function attempt(job, number) {
  job.attempt = Math.max(job.attempt, number);
  const known = job.attempts.find((one) => one.attempt === number);
  if (known) return known;
  const fresh = { attempt: number, status: "queued" };
  job.attempts.push(fresh);
  return fresh;
}

function statusOf(result) {
  if (!result.cause) return "success";
  if (result.cause === "canceled") return "canceled";
  return ["lost", "infrastructure"].includes(result.cause) ? "error" : "failure";
}

/** A build whose open jobs all wait for a person is blocked. */
function openStatus(build) {
  let blocked = false;
  for (const { status } of build.jobs.values()) {
    if (["queued", "initializing", "running"].includes(status)) return "running";
    blocked ||= status === "blocked";
  }
  return blocked ? "blocked" : "running";
}

/**
 * How many jobs stand where; failures that are allowed count apart.
 * @returns {Record<string, number>}
 */
export function count(build) {
  const counts = { total: build.jobs.size, ended: 0 };
  for (const { status, job } of build.jobs.values()) {
    const where = status === "failure" && job.allowFailure ? "allowed" : status;
    counts[where] = (counts[where] ?? 0) + 1;
    if (ENDED.includes(status)) counts.ended++;
  }
  return counts;
}

/**
 * The jobs that the build could not have ended before: from the one that ended last back through the dependency that
 * ended last each time.
 * @returns {Set<string>} their ids
 */
export function criticalPath(build) {
  const end = (job) => job?.attempts.at(-1)?.ended ?? (job?.attempts.length ? Infinity : -1);
  const latest = (jobs) => jobs.reduce((best, job) => (end(job) > end(best) ? job : best), null);
  const path = new Set();
  let at = latest([...build.jobs.values()].filter((job) => job.attempts.length));
  while (at && !path.has(at.job.id)) {
    path.add(at.job.id);
    at = latest((at.job.dependencies ?? []).map((id) => build.jobs.get(id)).filter((job) => job?.attempts.length));
  }
  return path;
}
