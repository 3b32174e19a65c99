// Takes a picture of a page of the emulator, light or dark.
// `node picture.mjs URL FILE [light|dark] [WIDTH] [HEIGHT]`

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { launch } from "../../monkeyci-api/page/test/browser/chromium.js";

const [url, file, look = "light", width = "1100", height = "760"] = process.argv.slice(2);
if (!file) {
  console.error("usage: node picture.mjs URL FILE [light|dark] [WIDTH] [HEIGHT]");
  process.exit(2);
}
const browser = await launch();
try {
  const page = await browser.page({ dark: look === "dark", width: Number(width), height: Number(height) });
  await page.open(url);
  await page.until("document.querySelector('main')", "the page to be there");
  await page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done())))");
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, await page.picture());
} finally {
  await browser.close();
}
