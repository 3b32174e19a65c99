// Events as they happen. The browser itself goes on after the last event when the connection broke.

const KINDS = [
  "build/triggered", "build/initializing", "build/start", "build/canceled", "build/end", "script/initializing",
  "script/start", "script/end", "job/taken", "job/queued", "job/blocked", "job/unblocked", "job/canceled", "job/skipped",
  "job/initializing", "job/start", "job/held", "shell/start", "shell/end", "job/executed", "job/end", "command/start", "command/end",
];

/** Milliseconds until a broken connection is worth a word. */
const PATIENCE = 1500;
/** Milliseconds until a stream that the browser has given up is opened again. */
const AGAIN = 3000;

/**
 * Calls `each` for every event of a stream until it ends or `signal` is aborted.
 * @param {string} path
 * @param {{ signal: AbortSignal, each: (event: any) => void, last?: number }} how `last` is the event
 *   after which it begins
 */
export function follow(path, { signal, each, last = null }) {
  let source = null;
  let worried = 0;
  let again = 0;
  const calm = () => {
    clearTimeout(worried);
    worried = 0;
    tell("");
  };
  const close = () => {
    source?.close();
    clearTimeout(again);
    calm();
  };
  const take = (message) => {
    calm();
    last = message.lastEventId || last;
    each(JSON.parse(message.data));
  };
  const open = () => {
    // A new EventSource cannot send Last-Event-ID; the place in the stream goes into the query instead.
    source = new EventSource(last ? `${path}?cursor=${encodeURIComponent(last)}` : path);
    for (const kind of KINDS) source.addEventListener(kind, take);
    source.addEventListener("open", calm);
    source.addEventListener("end", close);
    source.addEventListener("error", () => {
      worried ||= setTimeout(() => tell("Reconnecting…"), PATIENCE);
      if (source.readyState === EventSource.CLOSED) again = setTimeout(open, AGAIN);
    });
  };
  if (signal.aborted) return;
  signal.addEventListener("abort", close);
  open();
}

function tell(text) {
  const place = document.getElementById("connection");
  if (place && place.textContent !== text) place.textContent = text;
}
