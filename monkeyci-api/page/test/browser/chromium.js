// Drives Chromium by its DevTools protocol, over the two pipes that it offers for that: no package and no port is needed.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Milliseconds that anything a page is waited for may take. */
const PATIENCE = 60_000;

/**
 * Starts a browser without a window.
 * @param {string} program
 * @returns {Promise<Browser>}
 */
export async function launch(program = process.env.CHROMIUM || "chromium") {
  const home = mkdtempSync(join(tmpdir(), "monkeyci-page-"));
  // The sandbox needs rights that a container rarely has; only our own pages are opened.
  const flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--hide-scrollbars", "--force-color-profile=srgb", "--remote-debugging-pipe", `--user-data-dir=${home}`, "about:blank"];
  const child = spawn(program, flags, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"], detached: true });
  await new Promise((started, failed) => child.once("spawn", started).once("error", failed));
  return new Browser(child, home);
}

class Browser {
  #child;
  #home;
  #next = 0;
  #open = new Map();
  #pages = new Map();

  constructor(child, home) {
    this.#child = child;
    this.#home = home;
    let rest = Buffer.alloc(0);
    child.stdio[4].on("data", (bytes) => {
      rest = Buffer.concat([rest, bytes]);
      for (let end = rest.indexOf(0); end >= 0; end = rest.indexOf(0)) {
        this.#take(JSON.parse(rest.subarray(0, end).toString()));
        rest = rest.subarray(end + 1);
      }
    });
  }

  #take(message) {
    if (message.id === undefined) return this.#pages.get(message.sessionId)?.happened(message);
    const { done, failed } = this.#open.get(message.id);
    this.#open.delete(message.id);
    if (message.error) failed(new Error(message.error.message));
    else done(message.result);
  }

  /** Sends a command of the protocol. */
  send(method, params = {}, sessionId) {
    const id = ++this.#next;
    this.#child.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + "\0");
    return new Promise((done, failed) => this.#open.set(id, { done, failed }));
  }

  /**
   * Opens a page of its own.
   * @param {{ width?: number, height?: number, dark?: boolean, phone?: boolean, scale?: number }} [look]
   */
  async page({ width = 1280, height = 800, dark = false, phone = false, scale = 1 } = {}) {
    const { browserContextId } = await this.send("Target.createBrowserContext");
    const { targetId } = await this.send("Target.createTarget", { url: "about:blank", browserContextId });
    const { sessionId } = await this.send("Target.attachToTarget", { targetId, flatten: true });
    const page = new Page((method, params) => this.send(method, params, sessionId));
    this.#pages.set(sessionId, page);
    await Promise.all(["Page", "Runtime", "Network", "Log"].map((domain) => page.send(`${domain}.enable`)));
    await page.send("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: scale, mobile: phone });
    await page.send("Emulation.setTouchEmulationEnabled", { enabled: phone });
    await page.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }] });
    return page;
  }

  /** Ends the browser and removes its home. */
  async close() {
    const gone = new Promise((done) => this.#child.once("exit", done));
    this.send("Browser.close").catch(() => {});
    const late = setTimeout(() => process.kill(-this.#child.pid, "SIGKILL"), 5000);
    await gone;
    clearTimeout(late);
    rmSync(this.#home, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** One page of the browser. */
class Page {
  /** What went wrong in it: exceptions, errors in its console, what its policy refused. */
  complaints = [];
  /** Bytes that came over the network, by address. */
  received = new Map();
  #addresses = new Map();

  constructor(send) {
    this.send = send;
  }

  happened({ method, params }) {
    if (method === "Runtime.exceptionThrown") this.complaints.push(params.exceptionDetails.exception?.description ?? params.exceptionDetails.text);
    // A refused request is told as an error too; what the page makes of it is its own matter.
    if (method === "Log.entryAdded" && params.entry.level === "error" && params.entry.source !== "network") this.complaints.push(params.entry.text);
    if (method === "Runtime.consoleAPICalled" && params.type === "error") this.complaints.push(params.args.map(({ value, description }) => value ?? description).join(" "));
    if (method === "Network.responseReceived") this.#addresses.set(params.requestId, params.response.url);
    if (method === "Network.loadingFinished") {
      const address = this.#addresses.get(params.requestId);
      this.received.set(address, (this.received.get(address) ?? 0) + params.encodedDataLength);
    }
  }

  /** What an expression of the page is worth; promises are waited for. */
  async evaluate(expression) {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return result.value;
  }

  /** Goes to an address. */
  async open(url) {
    await this.send("Page.navigate", { url });
  }

  /** Waits until an expression of the page is true. */
  async until(expression, what = expression) {
    for (const end = Date.now() + PATIENCE; ; ) {
      const found = await this.evaluate(expression).catch(() => false);
      if (found) return found;
      if (Date.now() > end) throw new Error(`waited in vain: ${what}\nthe page shows: ${await this.evaluate("location.href + '\\n' + document.body.innerText.slice(0, 1500)").catch(String)}`);
      await new Promise((done) => setTimeout(done, 25));
    }
  }

  /** Waits until the page shows a text. */
  see(text) {
    return this.until(`document.body.innerText.includes(${JSON.stringify(text)})`, `to see “${text}”`);
  }

  /** Clicks the first button or link with this text or label. */
  async click(text) {
    const find = `[...document.querySelectorAll("dialog[open] button, dialog[open] a")].concat([...document.querySelectorAll("button, a, summary")]).find((one) => (one.innerText.trim() === ${JSON.stringify(text)} || one.getAttribute("aria-label") === ${JSON.stringify(text)}) && one.getClientRects().length && !one.disabled)`;
    await this.until(`Boolean(${find})`, `to find the button “${text}”`);
    await this.evaluate(`${find}.click()`);
  }

  /** Types text, as by a keyboard, into whatever has the focus. */
  type(text) {
    return this.send("Input.insertText", { text });
  }

  /** Presses a key. */
  async press(key) {
    const text = key.length === 1 ? key : key === "Enter" ? "\r" : undefined;
    const code = { Enter: 13, Backspace: 8 }[key];
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", key, text, windowsVirtualKeyCode: code });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", key });
  }

  /** A picture of what is seen, as PNG. */
  async picture({ whole = false } = {}) {
    const { data } = await this.send("Page.captureScreenshot", { format: "png", captureBeyondViewport: whole });
    return Buffer.from(data, "base64");
  }
}
