// SPDX-License-Identifier: Apache-2.0
// What the page's tests share: a browser, steps on a fresh page, and what must hold on every one. To be imported by a
// script that is called as `node SCRIPT.mjs URL CHROMIUM SCREENSHOTS ...`.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [url, executablePath, folder] = process.argv.slice(2);
export const screenshots = folder;
export const origin = new URL(url).origin;
export const token = new URL(url).searchParams.get("token");
const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
let failures = 0;
const PATIENCE = 60_000;
mkdirSync(screenshots, { recursive: true });

const profile = mkdtempSync(join(tmpdir(), "walchen-page-"));
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", `--crash-dumps-dir=${profile}`],
});

/** Runs steps on a fresh page with a key, and sees that it asked nobody else for anything and violated no policy. */
export async function onPage(name, options, steps) {
  const { start = url, ...context } = options;
  const opened = await browser.newContext({ locale: "en-US", reducedMotion: "reduce", permissions: ["clipboard-read", "clipboard-write"], ...context });
  opened.setDefaultTimeout(PATIENCE);
  const page = await opened.newPage();
  const complaints = [];
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== origin) complaints.push(`asked ${request.url()}`);
  });
  page.on("pageerror", (error) => complaints.push(`threw ${error.message}`));
  page.on("console", (message) => {
    if (/Content Security Policy|TrustedHTML/.test(message.text())) complaints.push(message.text());
  });
  page.on("dialog", (dialog) => {
    complaints.push(`opened a dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  try {
    await page.goto(start);
    await steps(page);
    assert.deepEqual(complaints, []);
    console.log(`ok      ${name}`);
  } catch (error) {
    failures += 1;
    console.log(`FAILED  ${name}\n${error.stack}`);
    await page.screenshot({ path: join(screenshots, `failed-${basename(process.argv[1], ".mjs")}-${failures}.png`) });
  } finally {
    await opened.close();
  }
}

export const ready = (page) => page.waitForSelector("[data-state=ready]");
export const focused = (page) => page.evaluate(() => document.activeElement?.getAttribute("aria-label") || document.activeElement?.id || document.activeElement?.textContent);

export async function assertAccessible(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`), []);
}

export async function assertFits(page) {
  const [content, width] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(content <= width, `${content} px of content on ${width} px`);
}

export async function tabTo(page, label, key = "Tab") {
  for (let presses = 0; presses < 60; presses += 1) {
    if ((await focused(page)) === label) return;
    await page.keyboard.press(key);
  }
  assert.fail(`"${label}" cannot be reached with ${key}; the focus is on "${await focused(page)}"`);
}

/** Ends the process: with 1 if any steps failed. */
export async function finish() {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
  console.log(failures === 0 ? "the page is well" : `${failures} failed`);
  process.exit(failures === 0 ? 0 : 1);
}
