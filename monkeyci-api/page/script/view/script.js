// What the program of a build's script printed.

import { h, hold } from "../element.js";
import { bind } from "../keys.js";
import { watch } from "../live/watch.js";
import { logView } from "../log/view.js";
import { page, rest } from "../route.js";
import { badge } from "../status.js";

/** Draws the view, and keeps it current. */
export async function show({ params: id, signal, draw }) {
  const { org, repo, number } = id;
  const build = page.build(org, repo, number);
  let log = null;
  const paint = ({ status, message }) => {
    log ??= logView({ path: `${rest.build(org, repo, number)}/script/log`, name: `${repo}-${number}-script`, signal, command: String, isRunning: isLoading(status) });
    log.mark([], isLoading(status));
    draw(h("div.job-page.alone", h("div.job-main", h("header.head", h("h1", badge(status), "Script")), message && h("pre.message", message), hold(log.element))),
      { title: `script #${number} ${repo}`, status, trail: [[org, page.org(org)], [repo, page.repo(org, repo)], [`#${number}`, build], ["script", `${build}/script`]] });
  };
  const watched = await watch(id, signal, { changed: paint });
  paint(watched.current());
  bind(log.keys);
}

/** Once there are jobs the script prints nothing more. */
const isLoading = (status) => status === "pending" || status === "initializing";
