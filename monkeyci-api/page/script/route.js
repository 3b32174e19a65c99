// The paths of the page, in both directions. Pure.

const ROUTES = [
  ["orgs", []],
  ["login", ["login"]],
  ["account", ["account"]],
  ["grant", ["grant"]],
  ["link", ["link"]],
  ["reference", ["api"]],
  ["org", ["o", ":org"]],
  ["orgSettings", ["o", ":org", "settings"]],
  ["statistics", ["o", ":org", "statistics"]],
  ["repo", ["o", ":org", "r", ":repo"]],
  ["repoSettings", ["o", ":org", "r", ":repo", "settings"]],
  ["statistics", ["o", ":org", "r", ":repo", "statistics"]],
  ["build", ["o", ":org", "r", ":repo", "b", ":number"]],
  ["script", ["o", ":org", "r", ":repo", "b", ":number", "script"]],
  ["job", ["o", ":org", "r", ":repo", "b", ":number", "j", ":job"]],
];

/**
 * What a path shows: its name and parts, or null when there is no such page.
 * @param {string} path
 * @returns {{ name: string, params: Record<string, string> } | null}
 */
export function match(path) {
  const parts = path.split("/").filter((part) => part !== "");
  for (const [name, pattern] of ROUTES) {
    const params = parts.length === pattern.length ? read(pattern, parts) : null;
    if (params) return { name, params };
  }
  return null;
}

function read(pattern, parts) {
  const params = {};
  for (const [at, want] of pattern.entries()) {
    if (!want.startsWith(":")) {
      if (parts[at] !== want) return null;
      continue;
    }
    try {
      params[want.slice(1)] = decodeURIComponent(parts[at]);
    } catch {
      return null;
    }
  }
  return "number" in params && !/^[1-9]\d{0,15}$/.test(params.number) ? null : params;
}

const e = encodeURIComponent;

/** Paths of pages. */
export const page = {
  org: (org) => `/o/${e(org)}`,
  orgSettings: (org) => `/o/${e(org)}/settings`,
  orgStatistics: (org) => `/o/${e(org)}/statistics`,
  repo: (org, repo) => `/o/${e(org)}/r/${e(repo)}`,
  repoSettings: (org, repo) => `${page.repo(org, repo)}/settings`,
  repoStatistics: (org, repo) => `${page.repo(org, repo)}/statistics`,
  build: (org, repo, number) => `${page.repo(org, repo)}/b/${e(number)}`,
  script: (org, repo, number) => `${page.build(org, repo, number)}/script`,
  job: (org, repo, number, job) => `${page.build(org, repo, number)}/j/${e(job)}`,
};

/** Paths of the REST API. */
export const rest = {
  org: (org) => `/v1/orgs/${e(org)}`,
  repo: (org, repo) => `/v1/orgs/${e(org)}/repos/${e(repo)}`,
  build: (org, repo, number) => `${rest.repo(org, repo)}/builds/${e(number)}`,
  job: (org, repo, number, job) => `${rest.build(org, repo, number)}/jobs/${e(job)}`,
  log: (org, repo, number, job, attempt) => `${rest.job(org, repo, number, job)}/attempts/${e(attempt)}/log`,
};

/**
 * A build's organisation, repository and number from `org/repo/build-12`.
 * @param {string} id
 * @returns {{ org: string, repo: string, number: number } | null}
 */
export function buildId(id) {
  const found = /^([^/]+)\/([^/]+)\/build-([1-9]\d*)$/.exec(id);
  return found && { org: found[1], repo: found[2], number: Number(found[3]) };
}

/**
 * The lines that a fragment names: `#L12`, `#L12-L20`; null when it names none.
 * @param {string} hash
 * @returns {{ first: number, last: number } | null} from 1
 */
export function lines(hash) {
  const found = /^#L([1-9]\d*)(?:-L?([1-9]\d*))?$/.exec(hash);
  if (!found) return null;
  const [a, b] = [Number(found[1]), Number(found[2] ?? found[1])];
  return { first: Math.min(a, b), last: Math.max(a, b) };
}
