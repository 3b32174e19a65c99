// A program asks to act as somebody, who is sent to sign in first. `node grant.mjs LINK ADDRESS ANSWER`: the link that signs
// in, where the program sends the browser, and `Allow`, `Deny` or `Code`; a code that is shown is printed.

import assert from "node:assert/strict";

import { launch } from "./chromium.js";

const [link, address, answer] = process.argv.slice(2);
const browser = await launch();
try {
  const page = await browser.page();
  await page.open(address);
  await page.until("location.pathname === '/login'", "to be asked to sign in");
  // Whoever is signed in comes back to what was asked.
  const next = await page.evaluate("new URLSearchParams(location.search).get('next')");
  assert.equal(new URL(next, link).href, address);
  await page.open(link);
  await page.see("Organisations");
  await page.open(address);
  await page.see("wants to act as you");
  const shown = await page.evaluate("document.querySelector('main').innerText");
  assert.ok(shown.includes(address.includes("role=developer") ? "what a developer of acme may as admin" : "all that you may as admin"), shown);
  if (answer === "Code") {
    await page.click("Allow");
    const code = await page.until("document.querySelector('code.secret')?.textContent", "the code");
    console.log(code);
  } else {
    await page.click(answer);
    await page.see(answer === "Allow" ? "It goes on where you ran it" : "Nothing was allowed");
    assert.equal(await page.evaluate("location.origin + location.pathname"), `${new URL(link).origin}/grant`);
    assert.ok(!(await page.evaluate("location.href")).includes("code="), "the code stays nowhere");
  }
  if (answer !== "Deny") {
    await page.open(`${new URL(link).origin}/account`);
    await page.until("[...document.querySelectorAll('#tokens li')].some((one) => one.innerText.includes('monkeyci on '))", "its token");
  }
  assert.deepEqual(page.complaints, []);
} finally {
  await browser.close();
}
