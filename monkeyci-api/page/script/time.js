// Times and amounts for people, and the elements that keep them current.

import { h } from "./element.js";

/**
 * How long something took: `0.4s`, `12s`, `3m 04s`, `2h 05m`.
 * @param {number} millis
 * @returns {string}
 */
export function duration(millis) {
  const ms = Math.max(0, millis);
  if (ms < 950) return `${(ms / 1000).toFixed(ms < 95 ? 2 : 1)}s`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const pad = (number) => String(number).padStart(2, "0");
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${pad(seconds % 60)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60 * 48) return `${Math.floor(minutes / 60)}h ${pad(minutes % 60)}m`;
  return `${Math.floor(minutes / 1440)}d ${Math.floor(minutes / 60) % 24}h`;
}

/**
 * How long ago, or ahead, in one unit: `now`, `5m ago`, `in 3h`, `12d ago`.
 * @param {number} millis since 1970
 * @param {number} now
 * @returns {string}
 */
export function ago(millis, now = Date.now()) {
  const seconds = Math.round(Math.abs(now - millis) / 1000);
  if (seconds < 10) return "now";
  const units = [[60, 1, "s"], [3600, 60, "m"], [86400, 3600, "h"], [86400 * 60, 86400, "d"], [86400 * 730, 86400 * 30, "mo"]];
  const [, size, name] = units.find(([below]) => seconds < below) ?? [0, 86400 * 365, "y"];
  const text = `${Math.floor(seconds / size)}${name}`;
  return millis > now ? `in ${text}` : `${text} ago`;
}

/**
 * Bytes: `12 B`, `3.4 kB`, `120 MB`.
 * @param {number} count
 * @returns {string}
 */
export function bytes(count) {
  if (count < 1000) return `${count} B`;
  const units = ["kB", "MB", "GB", "TB"];
  let value = count / 1000;
  let at = 0;
  for (; value >= 999.5 && at < units.length - 1; at++) value /= 1000;
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[at]}`;
}

const exact = (millis) => new Date(millis).toLocaleString();

/** An element that says how long ago `millis` was, and in full when it is pointed at. */
export function agoElement(millis) {
  if (millis === undefined || millis === null) return null;
  return h("time", { datetime: new Date(millis).toISOString(), title: exact(millis), "data-ago": millis }, ago(millis));
}

/** An element that says how long it is from `start` to `end`; it counts on while there is no end. */
export function elapsed(start, end) {
  if (!start) return null;
  const open = end === undefined || end === null;
  return h("span.elapsed", { "data-since": open ? start : null }, duration((open ? Date.now() : end) - start));
}

/** Keeps what {@link agoElement} and {@link elapsed} made current, once a second. */
export function keepCurrent(root = document) {
  setInterval(() => {
    if (document.hidden) return;
    const now = Date.now();
    const tell = (element, text) => {
      if (element.textContent !== text) element.textContent = text;
    };
    for (const element of root.querySelectorAll("[data-since]")) tell(element, duration(now - element.dataset.since));
    for (const element of root.querySelectorAll("[data-ago]")) tell(element, ago(Number(element.dataset.ago), now));
  }, 1000);
}
