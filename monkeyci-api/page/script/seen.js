// Whether anybody looks. Over HTTP/1.1 a browser has six connections to a server for all its tabs together: what only
// matters while it is seen lets go of its own when the tab is hidden for a while.

/** Milliseconds after which a hidden page lets go. */
const HIDDEN = 30_000;

/**
 * A signal that is aborted with `signal`, or once the page was hidden for a while.
 * @param {AbortSignal} signal
 * @returns {AbortSignal}
 */
export function whileSeen(signal) {
  const control = new AbortController();
  let due = 0;
  const look = () => {
    clearTimeout(due);
    if (document.hidden) due = setTimeout(() => control.abort(), HIDDEN);
  };
  signal.addEventListener("abort", () => control.abort());
  document.addEventListener("visibilitychange", look, { signal: control.signal });
  look();
  return control.signal;
}

/** Waits until the page is seen, or `signal` is aborted. */
export function seen(signal) {
  if (!document.hidden || signal.aborted) return Promise.resolve();
  return new Promise((done) => {
    document.addEventListener("visibilitychange", () => document.hidden || done(), { signal });
    signal.addEventListener("abort", done);
  });
}
