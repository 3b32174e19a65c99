// A shell in the place of a job, in a terminal. Loaded when somebody opens one: a terminal is larger than all the rest.

import { get } from "../api.js";
import { h } from "../element.js";
import { rest } from "../route.js";
import "./styles.js";
import { PROTOCOL, read, size, typed } from "./frame.js";
import { Terminal } from "../../vendor/xterm/xterm.js";

/** What the terminal understands: the variable `TERM`. */
const TERM = "xterm-256color";
/** Lines that can be scrolled back to. */
const BACK = 5000;

/**
 * Opens a shell, over the page, until it ends or is ended.
 * @param {{ org: string, repo: string, number: string, job: string }} id
 */
export async function open({ org, repo, number, job }) {
  style("../../vendor/xterm/xterm.css");
  style("../../style/terminal.css");
  const place = h("div.screen");
  const left = h("span.left", { role: "timer" });
  const said = h("p.refusal", { role: "alert", hidden: true });
  const button = h("button", { type: "button", on: { click: () => end() } }, "End");
  const dialog = h("dialog.terminal", { "aria-label": `Shell in ${job}` },
    h("header", h("b", `Shell in ${job}`), left, h("p.hint", "What is done here is seen by nobody and kept nowhere; that it is open is written down."), button), said, place);
  document.body.append(dialog);
  // Escape is a key of the shell.
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.addEventListener("keydown", (event) => event.stopPropagation());
  dialog.showModal();
  const terminal = new Terminal({ scrollback: BACK, cursorBlink: true, fontFamily: "ui-monospace, monospace", fontSize: 14, theme: { background: "#101014" } });
  terminal.open(place);
  const tell = (text) => {
    said.textContent = text;
    said.hidden = !text;
  };
  let socket = null;
  let clock = 0;
  const observer = new ResizeObserver(() => fit());
  const over = (why) => {
    clearInterval(clock);
    left.textContent = "";
    observer.disconnect();
    if (socket) terminal.options.disableStdin = true;
    socket = null;
    button.textContent = "Close";
    if (why) tell(why);
    button.focus();
  };
  const end = () => {
    socket?.close();
    over("");
    terminal.dispose();
    dialog.close();
    dialog.remove();
  };
  const fit = () => {
    const screen = place.querySelector(".xterm-screen");
    const [width, height] = [screen.clientWidth / terminal.cols, screen.clientHeight / terminal.rows];
    if (!width || !height) return;
    const columns = Math.max(20, Math.floor((place.clientWidth - 20) / width));
    const rows = Math.max(5, Math.floor(place.clientHeight / height));
    if (columns === terminal.cols && rows === terminal.rows) return;
    terminal.resize(columns, rows);
    if (socket?.readyState === WebSocket.OPEN) socket.send(size(rows, columns));
  };
  fit();
  const path = `${rest.job(org, repo, number, job)}/shell?term=${TERM}&rows=${terminal.rows}&columns=${terminal.cols}`;
  // Why it is refused cannot be read from a WebSocket; that it would be one is what is refused where nothing else is.
  const refusal = await get(path).then(() => null, (error) => (error.status === 426 ? null : error));
  if (refusal) return over(refusal.message);
  socket = new WebSocket(`${location.protocol === "https:" ? "wss:" : "ws:"}//${location.host}${path}`, PROTOCOL);
  socket.binaryType = "arraybuffer";
  socket.addEventListener("message", ({ data }) => {
    const frame = read(data);
    if (frame?.shown) terminal.write(frame.shown);
    else if (frame?.word?.type === "opened") clock = opened(frame.word, terminal, left);
    else if (frame?.word?.type === "closed") over(frame.word.why ?? `The shell ended with code ${frame.word.exit}.`);
  });
  socket.addEventListener("close", () => socket && over("The connection to the shell broke off."));
  const encoder = new TextEncoder();
  const send = (bytes) => socket?.readyState === WebSocket.OPEN && typed(bytes).forEach((one) => socket.send(one));
  terminal.onData((text) => send(encoder.encode(text)));
  terminal.onBinary((text) => send(Uint8Array.from(text, (letter) => letter.charCodeAt(0))));
  observer.observe(place);
}

/** It is there: from now on its time runs. */
function opened({ seconds }, terminal, left) {
  terminal.focus();
  if (!seconds) return 0;
  const until = Date.now() + seconds * 1000;
  const show = () => {
    const rest = Math.max(0, Math.round((until - Date.now()) / 1000));
    left.textContent = `${Math.floor(rest / 60)}:${String(rest % 60).padStart(2, "0")} left`;
  };
  show();
  return setInterval(show, 1000);
}

/** Has the page look as this sheet says, once. */
function style(path) {
  const href = new URL(path, import.meta.url).href;
  if (![...document.querySelectorAll("link[rel=stylesheet]")].some((link) => link.href === href)) document.head.append(h("link", { rel: "stylesheet", href }));
}
