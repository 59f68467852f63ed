// SPDX-License-Identifier: Apache-2.0
// node training.mjs URL CHROMIUM SCREENSHOTS RUNS PYTHON: the page's view of training runs. RUNS is the empty folder that
// the server shows; runs are written there as the trainer writes them (src/runs/run_folder.h, run_log.h).
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assertAccessible, assertFits, finish, onPage, origin, ready, screenshots, tabTo, token } from "./browser.mjs";

const [runs, python] = process.argv.slice(5);

function recipe(name, steps) {
  const data = '[[data]]\nname = "shapes"\ntemplate = "{text}"\nsource = "jsonl:a.jsonl"\nsequences = 1\n';
  return `name = "${name}"\n[text]\nbase = "a-model"\n${data}[budget]\nsteps = ${steps}\n`;
}

/** A step as the trainer logs it; losses fall, so that all of a curve is in the plot. */
function line(step) {
  const loss = { "shapes/vision.pixels": 4 / step, "waves/signals.quantiles": 0.5 + 1 / step };
  const speed = { tokens: step * 448, seconds: step * 0.5, tokens_per_s: 900 + (step % 7), flop_per_s: 1e10 };
  const tau = { "shapes/vision.pixels": [1 / step, 2 / step, 3 / step, step % 5 === 0 ? null : 4 / step] };
  return `${JSON.stringify({ step, loss, ...speed, grad_norm: 8 / step, rate: 1, skipped: step === 9, loss_by_tau: tau })}\n`;
}

const lines = (first, last) => Array.from({ length: last - first + 1 }, (_, index) => line(first + index)).join("");
const log = (name) => join(runs, name, "log.jsonl");

function makeRun(name, steps, done) {
  mkdirSync(join(runs, name));
  writeFileSync(join(runs, name, "recipe.toml"), recipe("senses", steps));
  writeFileSync(join(runs, name, "lock"), "");
  if (done > 0) writeFileSync(log(name), lines(1, done));
}

/** Holds a run's lock, as its trainer does; the result gives it back. */
async function hold(name) {
  const script = "import fcntl, sys\nfile = open(sys.argv[1], 'a')\nfcntl.flock(file, fcntl.LOCK_EX)\nprint('held', flush=True)\nsys.stdin.read()";
  const holder = spawn(python, ["-c", script, join(runs, name, "lock")], { stdio: ["pipe", "pipe", "inherit"] });
  await once(holder.stdout, "data");
  return async () => {
    holder.stdin.end();
    await once(holder, "exit");
  };
}

const openTraining = async (page) => {
  await ready(page);
  await page.getByRole("navigation").getByRole("link", { name: "Training" }).click();
  await page.waitForSelector(".training .training-head h2");
};
const openRun = async (page, name) => {
  await openTraining(page);
  await page.getByRole("link", { name, exact: true }).click();
  await page.waitForSelector(".chart canvas");
};
const chart = (page, title) => page.locator(".chart").filter({ has: page.getByRole("heading", { name: title }) });
const cells = (page, title, curve) => chart(page, title).getByRole("row").filter({ has: page.getByRole("button", { name: curve }) }).getByRole("cell").allInnerTexts();
const stepShown = (page, text) => page.waitForFunction((wanted) => document.querySelector(".facts .run-step")?.textContent?.includes(wanted), text);

/** How many of a plot's pixels have nearly the colour of the n-th curve. */
function pixels(page, title, number) {
  return chart(page, title).locator("canvas").evaluate((canvas, name) => {
    const probe = document.createElement("canvas").getContext("2d");
    probe.fillStyle = getComputedStyle(canvas).getPropertyValue(name);
    probe.fillRect(0, 0, 1, 1);
    const wanted = probe.getImageData(0, 0, 1, 1).data;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let found = 0;
    for (let i = 0; i < data.length; i += 4) {
      if (data[i + 3] > 200 && [0, 1, 2].every((channel) => Math.abs(data[i + channel] - wanted[channel]) < 24)) found += 1;
    }
    return found;
  }, `--curve-${number}`);
}

await onPage("says how a run begins when there is none", {}, async (page) => {
  await openTraining(page);
  await page.waitForSelector("text=No training run yet");
  assert.match(await page.locator(".no-runs").innerText(), /walchen train RECIPE[^]*--runs FOLDER/);
  await assertAccessible(page);
});

makeRun("first", 60, 60);
makeRun("fresh", 10, 0);
makeRun("long", 100_000, 5_000);
makeRun("live", 200, 40);
const release = await hold("live");

await onPage("lists the runs with their state", {}, async (page) => {
  await openTraining(page);
  await page.waitForSelector(".run-card");
  const card = (name) => page.locator(".run-card").filter({ has: page.getByRole("link", { name, exact: true }) }).innerText();
  assert.equal(await page.locator(".run-card").count(), 4);
  assert.match(await card("first"), /finished[^]*Step 60 of 60[^]*shapes\/vision\.pixels\s+0\.06667[^]*waves\/signals\.quantiles\s+0\.5167/);
  assert.match(await card("live"), /running[^]*Step 40 of 200/);
  assert.match(await card("long"), /not running[^]*Step 5,000 of 100,000/);
  assert.match(await card("fresh"), /No step yet/);
  appendFileSync(log("live"), lines(41, 50));
  await page.waitForSelector("text=Step 50 of 200");
});

await onPage("draws the curves of a run and says their values", {}, async (page) => {
  await openRun(page, "first");
  assert.equal(page.url(), `${origin}/#training/first`);
  assert.match(await page.locator(".facts").innerText(), /finished[^]*Step 60 of 60[^]*senses[^]*26,880[^]*30 sec[^]*Skipped steps\s+1/);
  const curves = { Loss: 2, "Loss by noise level": 4, "Tokens per second": 1, "Gradient norm": 1, "Learning-rate factor": 1 };
  assert.deepEqual(await page.locator(".chart h3").evaluateAll((titles) => titles.map((title) => title.firstChild.textContent)), Object.keys(curves));
  for (const [title, count] of Object.entries(curves)) {
    const shown = title === "Loss" ? /^Loss$/ : title;
    for (let number = 1; number <= count; number += 1) assert.ok((await pixels(page, shown, number)) > 50, `${title}, curve ${number}`);
  }
  assert.deepEqual(await cells(page, /^Loss$/, "shapes/vision.pixels"), ["0.06667", "0.06667", "4"]);
  assert.deepEqual(await cells(page, "Loss by noise level", "3/4 to 1"), ["0.0678", "0.0678", "4"], "a quarter that had no sample keeps its newest value");
  assert.deepEqual(await cells(page, "Learning-rate factor", "Learning-rate factor"), ["1", "1", "1"]);
});

await onPage("switches curves and the kind of axis", {}, async (page) => {
  await openRun(page, "first");
  const losses = chart(page, /^Loss$/);
  const both = [await pixels(page, /^Loss$/, 1), await pixels(page, /^Loss$/, 2)];
  const logarithmic = losses.getByRole("checkbox", { name: "Logarithmic axis" });
  assert.ok(await logarithmic.isChecked(), "the loss falls to a sixtieth");
  await losses.getByRole("button", { name: "shapes/vision.pixels" }).click();
  assert.equal(await losses.getByRole("button", { name: "shapes/vision.pixels" }).getAttribute("aria-pressed"), "false");
  await page.waitForTimeout(100);
  assert.equal(await pixels(page, /^Loss$/, 1), 0);
  assert.ok((await pixels(page, /^Loss$/, 2)) > 50);
  await losses.getByRole("button", { name: "shapes/vision.pixels" }).click();
  await page.waitForTimeout(100);
  assert.deepEqual([await pixels(page, /^Loss$/, 1), await pixels(page, /^Loss$/, 2)], both);
  const picture = () => losses.locator("canvas").evaluate((canvas) => canvas.toDataURL());
  const before = await picture();
  await logarithmic.uncheck();
  await page.waitForTimeout(100);
  assert.notEqual(await picture(), before);
  await losses.locator(".u-over").hover();
  assert.match(await losses.locator(".readout").innerText(), /^Step \d+\s+[\d.]+\s+[\d.]+$/);
});

await onPage("follows a run while it goes on, and sees it end", {}, async (page) => {
  await openRun(page, "live");
  await page.evaluate(() => { window.stayed = true; });
  assert.match(await page.locator(".facts").innerText(), /running[^]*Step 50 of 200/);
  const asked = page.waitForRequest("**/walchen/runs/live?after=49");
  appendFileSync(log("live"), lines(51, 120) + line(121).slice(0, 50));
  await stepShown(page, "Step 120 of 200");
  await asked;
  assert.equal((await cells(page, /^Loss$/, "shapes/vision.pixels"))[0], "0.03333");
  appendFileSync(log("live"), line(121).slice(50));
  await stepShown(page, "Step 121 of 200");
  assert.ok((await pixels(page, /^Loss$/, 1)) > 50);
  const whole = await page.evaluate(async () => (await (await fetch("/walchen/runs/live")).json()).points.step);
  assert.deepEqual(whole, Array.from({ length: 121 }, (_, index) => index + 1));
  await release();
  await page.waitForFunction(() => document.querySelector("[role=status][aria-live]")?.textContent === "The run has ended");
  assert.match(await page.locator(".facts").innerText(), /not running/);
  assert.ok(await page.evaluate(() => window.stayed), "without a reload");
});

await onPage("begins anew when a run was resumed from an earlier step", {}, async (page) => {
  const end = await hold("live");
  await openRun(page, "live");
  await stepShown(page, "Step 121 of 200");
  writeFileSync(log("live"), lines(1, 100));
  await stepShown(page, "Step 100 of 200");
  assert.equal((await cells(page, /^Loss$/, "shapes/vision.pixels"))[0], "0.04");
  await end();
});

await onPage("changes its language and its colours on the way", { colorScheme: "light" }, async (page) => {
  await openRun(page, "first");
  await page.getByRole("button", { name: "Deutsch" }).click();
  await page.waitForSelector("text=Schritt 60 von 60");
  assert.deepEqual(await cells(page, /^Verlust$/, "shapes/vision.pixels"), ["0,06667", "0,06667", "4"]);
  assert.ok((await pixels(page, /^Verlust$/, 1)) > 50);
  const light = await chart(page, /^Verlust$/).locator("canvas").evaluate((canvas) => canvas.toDataURL());
  await page.emulateMedia({ colorScheme: "dark" });
  await page.waitForTimeout(200);
  assert.ok((await pixels(page, /^Verlust$/, 1)) > 50, "in the colour of the dark");
  assert.notEqual(await chart(page, /^Verlust$/).locator("canvas").evaluate((canvas) => canvas.toDataURL()), light);
});

await onPage("thins a long run", {}, async (page) => {
  await openRun(page, "long");
  await page.waitForSelector("text=Each point is the mean of so many steps: 4");
  assert.deepEqual(await cells(page, /^Loss$/, "shapes/vision.pixels"), ["0.0008", "0.0008", "4"], "the first and the newest step as they were");
  assert.ok((await pixels(page, /^Loss$/, 1)) > 50);
});

await onPage("works with the keyboard alone, by its address, and goes back to the chat", {}, async (page) => {
  await ready(page);
  await page.evaluate(() => document.activeElement.blur());
  await tabTo(page, "Training");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".run-card");
  assert.equal(await page.evaluate(() => document.activeElement.id), "training-title");
  await tabTo(page, "first");
  await page.waitForTimeout(2_500); // the list was drawn again meanwhile
  await tabTo(page, "first");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".chart canvas");
  await tabTo(page, "shapes/vision.pixels");
  await page.keyboard.press("Space");
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute("aria-pressed")), "false");
  await page.reload();
  await page.waitForSelector(".chart canvas");
  await page.goBack();
  await page.waitForSelector(".run-card");
  await page.getByRole("navigation").getByRole("button", { name: "New chat" }).click();
  assert.ok(await page.locator("#message").isVisible());
  assert.equal(await page.locator(".training").isVisible(), false);
  assert.equal(page.url(), `${origin}/`);
});

await onPage("says what is wrong", {}, async (page) => {
  await ready(page);
  await page.goto(`${origin}/#training/nothing`);
  await page.waitForSelector(".failure");
  assert.match(await page.locator(".failure").innerText(), /There is no such training run[^]*Go back/);
  await assertAccessible(page);
  await page.getByRole("link", { name: "All runs" }).click();
  await page.waitForSelector(".run-card");
  await page.route("**/walchen/runs", (route) => route.abort());
  await page.waitForSelector("text=The server does not answer");
  await page.unroute("**/walchen/runs");
  await page.waitForSelector(".failure", { state: "detached" });
});

await onPage("wants the key", { start: `${origin}/#training` }, async (page) => {
  await page.waitForSelector("dialog.key");
  assert.equal(await page.locator(".run-card").count(), 0);
  assert.notEqual(token, "");
});

for (const colorScheme of ["light", "dark"]) {
  for (const [kind, viewport, locale] of [["desktop", { width: 1280, height: 900 }, "en-US"], ["phone", { width: 390, height: 844 }, "de-DE"]]) {
    await onPage(`is accessible and fits: ${kind}, ${colorScheme}`, { viewport, colorScheme, locale, isMobile: kind === "phone", hasTouch: kind === "phone" }, async (page) => {
      const shot = (name) => page.screenshot({ path: join(screenshots, `${name}-${kind}-${colorScheme}.png`) });
      await ready(page);
      if (kind === "phone") await page.locator(".drawer-button").click();
      await page.locator(".training-link").click();
      await page.waitForSelector(".run-card");
      await assertAccessible(page);
      await assertFits(page);
      await shot("runs");
      await page.locator(".run-card a").filter({ hasText: "first" }).click();
      await page.waitForSelector(".chart canvas");
      assert.equal(await page.locator(".chart h3").first().innerText(), locale === "de-DE" ? "Verlust" : "Loss");
      await assertAccessible(page);
      await assertFits(page);
      const [width, room] = await page.locator(".plot").first().evaluate((plot) => [plot.querySelector("canvas").getBoundingClientRect().width, plot.clientWidth]);
      assert.ok(width <= room && width > room - 2, `a plot of ${width} px in ${room}`);
      await shot("run");
      await page.locator(".chart").last().scrollIntoViewIfNeeded();
      await shot("run-end");
    });
  }
}

await finish();
