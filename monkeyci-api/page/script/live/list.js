// Lists of builds that are kept current: an event says which build moved, and that one is asked for again.

import { get } from "../api.js";
import { buildId, rest } from "../route.js";
import { seen, whileSeen } from "../seen.js";
import { follow } from "../stream.js";

/** Milliseconds between two looks at the same build. */
const PAUSE = 700;
const MOVES = ["build/triggered", "build/initializing", "build/start", "script/start", "job/blocked", "job/unblocked", "build/end"];

/**
 * Calls `moved` with each build of an organisation that changed, while the page is seen.
 * @param {string} org
 * @param {AbortSignal} signal
 * @param {(build: any) => void} moved
 * @param {() => void} missed that the page was not seen for a while: what happened meanwhile is not told
 */
export async function watchOrg(org, signal, moved, missed) {
  for (let first = true; !signal.aborted; first = false) {
    await seen(signal);
    if (signal.aborted) return;
    if (!first) missed();
    const now = whileSeen(signal);
    listen(org, now, moved);
    await new Promise((done) => now.addEventListener("abort", done));
  }
}

function listen(org, signal, moved) {
  const asked = new Map();
  follow(`${rest.org(org)}/events`, {
    signal,
    each: ({ type, subject }) => {
      const id = MOVES.includes(type) && !asked.has(subject) && buildId(subject);
      if (!id) return;
      asked.set(subject, setTimeout(async () => {
        asked.delete(subject);
        const build = await get(rest.build(id.org, id.repo, id.number), signal).catch(() => null);
        if (build && !signal.aborted) moved(build);
      }, type === "build/triggered" ? 0 : PAUSE));
    },
  });
}

/** A list with `build` in it: in place of what was known of it, or as the newest. */
export function withBuild(builds, build) {
  const same = (one) => one.repo === build.repo && one.number === build.number;
  if (builds.some(same)) return builds.map((one) => (same(one) && one.events <= build.events ? build : one));
  return [build, ...builds].sort((a, b) => b.created - a.created);
}
