// Runs before anything is drawn, and before the modules: takes the colours that were chosen here, so that no page flashes
// in the others, and asks at once for what this page will need, so that scripts and data come side by side.
(() => {
  try {
    const theme = localStorage.getItem("theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // A browser may forbid storage; then the system's colours are used.
  }

  /** The modules of each view beside those of every page. A test holds this against what they import. */
  const MODULES = {
    orgs: "form part/trigger view/orgs",
    org: "form live/list part/build_row part/trigger seen stream view/org",
    orgSettings: "form settings/audit settings/chats settings/collection settings/labels settings/members settings/page settings/param_sets settings/params settings/pipelines settings/role_bindings settings/service_accounts settings/ssh_keys settings/subscriptions settings/tokens view/org_settings",
    repo: "form live/list part/actions part/build_row part/chart part/trigger seen stream view/repo",
    repoSettings: "form settings/collection settings/environments settings/hooks settings/page settings/params settings/schedules settings/triggers view/repo_settings",
    reference: "part/schema view/reference",
    statistics: "part/day_chart view/statistics",
    build: "form live/build live/watch log/ansi log/spans part/actions part/broken part/graph part/layout part/tests part/timeline part/trigger stream view/build",
    job: "form live/build live/watch log/ansi log/bytes log/feed log/lines log/scroller log/search log/sections log/spans log/text log/view part/actions part/job_details part/tests part/trigger seen stream view/job",
  };

  const path = location.pathname;
  const [, , org, , repo, , number, , job] = path.split("/");
  const isSettings = path.endsWith("/settings");
  const isStatistics = path.endsWith("/statistics");
  const of = `/v1/orgs/${org}`;
  const build = `${of}/repos/${repo}/builds/${number}`;
  const [view, data] =
    path === "/api" ? ["reference", ["/v1/openapi.json"]]
    : path === "/" ? ["orgs", ["/v1/orgs?limit=200"]]
    : !path.startsWith("/o/") ? [null, []]
    : isSettings ? [path.split("/").length > 4 ? "repoSettings" : "orgSettings", []]
    : isStatistics ? ["statistics", location.search ? [] : [`${path.replace("/o/", "/v1/orgs/").replace("/r/", "/repos/")}?days=30`]]
    : number ? [job ? "job" : "build", [build, `${build}/events?limit=200`]]
    : repo ? ["repo", [`${of}/repos/${repo}`, ...(location.search ? [] : [`${of}/repos/${repo}/builds?limit=100`])]]
    : ["org", [of, `${of}/builds?limit=100`, `${of}/repos?limit=200`]];

  const folder = document.currentScript.src.replace(/early\.js.*/, "");
  for (const module of view ? MODULES[view].split(" ") : []) {
    const link = document.createElement("link");
    link.rel = "modulepreload";
    link.href = `${folder}${module}.js`;
    document.head.append(link);
  }
  /** Answers that are on their way, by path; `api.js` takes each once. */
  globalThis.early = new Map();
  for (const wanted of path === "/login" ? [] : ["/v1/me", ...data]) {
    const answer = fetch(wanted, { headers: { Accept: "application/json" } });
    // Whoever takes it sees the failure; until then nobody has to.
    answer.catch(() => {});
    globalThis.early.set(wanted, answer);
  }
})();
