// What somebody does at the page of a channel. `node page.mjs URL`; what is there is in the test that starts it, `page.rs`.

import assert from "node:assert/strict";

import { launch } from "../../../../../monkeyci-api/page/test/browser/chromium.js";

const [url] = process.argv.slice(2);
const browser = await launch();
try {
  const page = await browser.page({ dark: true });
  await page.open(url);
  await page.see("web #1 failed");
  await page.see("<script>document.title");
  await page.see("<img src=x onerror");
  assert.equal(await page.evaluate("document.title"), "# builds");
  const ground = () => page.evaluate("getComputedStyle(document.body).backgroundColor");
  const dark = await ground();
  await page.send("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: "light" }] });
  assert.notEqual(await ground(), dark);

  // A button, which asks first.
  await page.until("(() => { window.confirm = () => true; const button = document.querySelector('.actions button'); button?.click(); return button; })()", "the button");
  const pressed = "fetch('/_emulator/deliveries').then((answer) => answer.json()).then((all) => all.some(({ payload }) => payload.type === 'block_actions'))";
  await page.until(pressed, "the button to be pressed");
  // A command, whose answer only they see. The page may be drawn anew at any moment, so it is written and sent at once.
  await page.evaluate("(() => { const field = document.querySelector('.composer input[name=text]'); field.value = '/build run'; field.form.requestSubmit(); })()");
  await page.see("Only visible to you");
  await page.see("understood");
  // A modal.
  await page.until("document.querySelector('dialog[open] input[name=\"field:ref\"]')", "the modal");
  await page.evaluate("(() => { const field = document.querySelector('dialog input[name=\"field:ref\"]'); field.focus(); field.setSelectionRange(2, 2); })()");
  await page.type("in");
  await page.click("Run");
  await page.until("!document.querySelector('dialog')", "the modal to be gone");
  assert.equal(await page.evaluate("document.title"), "# builds");
  const elsewhere = [...page.received.keys()].filter((address) => !address?.startsWith(new URL(url).origin));
  assert.deepEqual(elsewhere, [], "nothing comes from elsewhere");
  assert.deepEqual(page.complaints, []);
} finally {
  await browser.close();
}
