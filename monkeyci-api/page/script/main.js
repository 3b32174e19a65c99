// The page: finds the view for a path, lets it draw, and keeps the frame around it.

import { Problem } from "./api.js";
import { h } from "./element.js";
import { bind, listenToKeys, showKeys } from "./keys.js";
import { me, signOut } from "./me.js";
import { morph } from "./morph.js";
import { match, page as paths } from "./route.js";
import { tabIcon, word } from "./status.js";
import { keepCurrent } from "./time.js";

const VIEWS = {
  orgs: () => import("./view/orgs.js"),
  login: () => import("./view/login.js"),
  account: () => import("./view/account.js"),
  grant: () => import("./view/grant.js"),
  link: () => import("./view/link.js"),
  reference: () => import("./view/reference.js"),
  org: () => import("./view/org.js"),
  orgSettings: () => import("./view/org_settings.js"),
  repo: () => import("./view/repo.js"),
  repoSettings: () => import("./view/repo_settings.js"),
  statistics: () => import("./view/statistics.js"),
  build: () => import("./view/build.js"),
  script: () => import("./view/script.js"),
  job: () => import("./view/job.js"),
};

const main = document.querySelector("main");
let leave = new AbortController();
let shown = null;

/**
 * Goes to a path of the page.
 * @param {string} href
 * @param {{ replace?: boolean }} [how]
 */
export function go(href, { replace = false } = {}) {
  if (!replace) history.replaceState({ ...history.state, scroll: scrollY }, "");
  history[replace ? "replaceState" : "pushState"]({}, "", href);
  show();
}

async function show() {
  leave.abort();
  leave = new AbortController();
  const { signal } = leave;
  const route = match(location.pathname);
  const scroll = history.state?.scroll ?? 0;
  const here = location.pathname + location.search;
  const sameView = route && shown?.split("?")[0] === location.pathname;
  let first = true;
  const draw = (tree, { title, status, trail } = {}) => {
    if (signal.aborted) return;
    const fresh = document.createDocumentFragment();
    fresh.append(...[tree].flat(9).filter(Boolean));
    // Views have nothing in common but their frame: one is not drawn over another.
    if (first && !sameView) main.replaceChildren();
    morph(main, fresh);
    if (title !== undefined) tellTab(title, status);
    if (trail) morph(document.getElementById("trail"), crumbs(trail));
    if (!first) return;
    first = false;
    shown = here;
    main.dataset.view = route?.name ?? "missing";
    if (!location.hash) scrollTo(0, scroll);
    if (!sameView) main.focus({ preventScroll: true });
  };
  bind([]);
  const context = { params: route?.params ?? {}, query: new URLSearchParams(location.search), signal, draw, go, reload: show };
  try {
    if (!route) throw new Problem({ status: 404, detail: "There is no page here." });
    const [view, person] = await Promise.all([VIEWS[route.name](), route.name === "login" ? null : me()]);
    if (!signal.aborted) await view.show({ ...context, me: person });
    frame(await me());
  } catch (error) {
    if (signal.aborted || error.name === "AbortError") return;
    if (error.status === 401) return go(`/login?next=${encodeURIComponent(location.pathname + location.hash)}`, { replace: true });
    draw(failed(error, await me().catch(() => null)), { title: error.status === 404 ? "Not found" : "Error", trail: [] });
  }
}

function failed(error, person) {
  const signedOut = !person && error.status !== 0;
  return h("section.empty", h("h1", error.status === 404 ? "Not found" : error.status === 403 ? "Not allowed" : "That did not work"),
    h("p", error.message),
    h("p", signedOut && h("a.button", { href: `/login?next=${encodeURIComponent(location.pathname)}` }, "Sign in"),
      " ", h("button", { type: "button", on: { click: show } }, "Try again")));
}

function tellTab(title, status) {
  document.title = `${status ? `${word(status)} · ` : ""}${title ? `${title} · ` : ""}MonkeyCI`;
  const icon = document.querySelector("link[rel=icon]");
  const href = status ? tabIcon(status) : "/-/icon.svg";
  if (icon.getAttribute("href") !== href) icon.setAttribute("href", href);
  const live = document.getElementById("spoken");
  const said = status ? `${title}: ${word(status)}` : "";
  if (live.textContent !== said) live.textContent = said;
}

function crumbs(trail) {
  const parts = document.createDocumentFragment();
  for (const [at, [text, href]] of trail.entries()) {
    parts.append(h("li", at === trail.length - 1 ? h("a", { href, "aria-current": "page" }, text) : h("a", { href }, text)));
  }
  return parts;
}

function frame(person) {
  const leaveSession = async () => {
    await signOut();
    go("/login");
  };
  const parts = document.createDocumentFragment();
  if (person) {
    parts.append(h("a.quiet.person", { href: "/account", title: "Your account" }, person.name),
      h("button.quiet.out", { type: "button", on: { click: leaveSession } }, "Sign out"));
  } else if (location.pathname !== "/login") parts.append(h("a.quiet", { href: "/login" }, "Sign in"));
  morph(document.getElementById("person"), parts);
}

function toggleTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  try {
    localStorage.setItem("theme", root.dataset.theme);
  } catch {
    // Without storage the choice holds until the page is left.
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const href = link.getAttribute("href");
  if (link.hasAttribute("download") || link.target || !href.startsWith("/") || href.startsWith("/v1/")) return;
  event.preventDefault();
  go(href);
});
addEventListener("popstate", () => {
  // A fragment alone is the view's own matter.
  if (shown !== location.pathname + location.search) show();
});
history.scrollRestoration = "manual";

const of = (name) => match(location.pathname)?.params[name];
listenToKeys({
  "?": showKeys,
  t: toggleTheme,
  "/": () => document.querySelector("[data-search]")?.focus(),
  u: () => document.querySelector("#trail li:nth-last-child(2) a")?.click(),
  "g h": () => go("/"),
  "g o": () => of("org") && go(paths.org(of("org"))),
  "g r": () => of("repo") && go(paths.repo(of("org"), of("repo"))),
  "g s": () => of("org") && go(of("repo") ? paths.repoSettings(of("org"), of("repo")) : paths.orgSettings(of("org"))),
});
document.getElementById("theme").addEventListener("click", toggleTheme);
document.getElementById("keys").addEventListener("click", showKeys);
keepCurrent();
show();
