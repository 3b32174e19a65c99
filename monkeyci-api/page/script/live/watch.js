// A build that is watched: what the server told in one piece, until its events have caught up with that.

import { get } from "../api.js";
import { rest } from "../route.js";
import { follow } from "../stream.js";
import { apply, fromDetail, unknown } from "./build.js";

/** Milliseconds between two drawings while events pour in. */
const PAUSE = 120;
/** Milliseconds after which why jobs wait is asked again; it is computed, and no event. */
const WAIT = 400;

/**
 * Watches a build until `signal` is aborted.
 * @param {{ org: string, repo: string, number: string }} id
 * @param {AbortSignal} signal
 * @param {{ changed: (build: any) => void, event?: (event: any) => void }} tell `changed` at most once in a while
 * @returns {Promise<{ current: () => any, replace: (detail: any) => void }>} once there is something to show
 */
export async function watch({ org, repo, number }, signal, { changed, event: each }) {
  const path = rest.build(org, repo, number);
  let told = fromDetail(await get(path, signal));
  const live = unknown();
  let drawing = 0;
  let asking = 0;
  const current = () => {
    if (live.seq < told.seq) return told;
    for (const [id, job] of live.jobs) job.waiting = isOpen(job) ? told.jobs.get(id)?.waiting : undefined;
    return live;
  };
  const draw = () => {
    if (!drawing) drawing = setTimeout(() => {
      drawing = 0;
      if (!signal.aborted) changed(current());
    }, PAUSE);
  };
  const replace = (detail) => {
    told = fromDetail(detail);
    draw();
  };
  const ask = () => {
    asking ||= setTimeout(async () => {
      asking = 0;
      if (!signal.aborted) await get(path, signal).then(replace, () => {});
    }, WAIT);
  };
  follow(`${path}/events`, {
    signal,
    each: (event) => {
      each?.(event);
      if (!apply(live, event)) return;
      if (live.seq > told.seq && ["job/queued", "job/blocked", "build/end"].includes(event.type)) ask();
      if (live.seq >= told.seq) draw();
    },
  });
  return { current, replace };
}

const isOpen = (job) => ["pending", "queued", "blocked"].includes(job.status);
