// A build that is watched: what the server told in one piece, until its events have caught up with that.

import { all, get } from "../api.js";
import { rest } from "../route.js";
import { isEnded } from "../status.js";
import { follow } from "../stream.js";
import { apply, fromDetail, unknown } from "./build.js";

/** Events that are waited for before the first drawing. */
const MOST = 2000;
/** Milliseconds between two drawings while events pour in. */
const PAUSE = 120;
/** Milliseconds after which why jobs wait is asked again; it is computed, and no event. */
const WAIT = 400;

/**
 * Watches a build until `signal` is aborted.
 * @param {{ org: string, repo: string, number: string }} id
 * @param {AbortSignal} signal
 * @param {{ changed: (build: any) => void, event?: (event: any) => void }} tell `changed` at most once in a while
 * @returns {Promise<{ current: () => any }>} once there is something to show
 */
export async function watch({ org, repo, number }, signal, { changed, event: each }) {
  const path = rest.build(org, repo, number);
  const live = unknown();
  // Both at once, so that what is drawn first is whole and nothing jumps when the rest comes.
  const [detail, before] = await Promise.all([get(path, signal), all(`${path}/events`, signal, MOST)]);
  const first = fromDetail(detail);
  let told = first;
  before.forEach((event) => apply(live, event));
  let drawing = 0;
  let asking = 0;
  const current = () => {
    if (live.seq < first.seq) return first;
    for (const [id, job] of live.jobs) job.waiting = isOpen(job) ? told.jobs.get(id)?.waiting : undefined;
    return live;
  };
  const draw = () => {
    if (!drawing) drawing = setTimeout(() => {
      drawing = 0;
      if (!signal.aborted) changed(current());
    }, PAUSE);
  };
  const ask = () => {
    asking ||= setTimeout(async () => {
      asking = 0;
      if (!signal.aborted) await get(path, signal).then((detail) => (told = fromDetail(detail), draw()), () => {});
    }, WAIT);
  };
  if (!isEnded(current().status)) follow(`${path}/events`, {
    signal,
    last: live.seq,
    each: (event) => {
      each?.(event);
      if (!apply(live, event)) return;
      if (live.seq > first.seq && ["job/queued", "job/blocked", "build/end"].includes(event.type)) ask();
      if (live.seq >= first.seq) draw();
    },
  });
  return { current };
}

const isOpen = (job) => ["pending", "queued", "blocked"].includes(job.status);
