// SPDX-License-Identifier: Apache-2.0
// node page.mjs URL CHROMIUM SCREENSHOTS: uses the page as people do, with the mouse, the keyboard alone, a screen
// reader's tree (axe), on a phone, in German, in the dark, and with answers that attack it. Ends with 1 if anything fails.
import assert from "node:assert/strict";
import { join } from "node:path";
import { assertAccessible, assertFits, finish, focused, onPage, origin, ready, screenshots, tabTo, token } from "./browser.mjs";

const LONG = "Tell me a very long story about a lake in the mountains, with many details.";

const answers = (page) => page.locator(".message.answer");
const growing = (page) => page.waitForSelector(".growing .prose > :not(.waiting)");
const finished = (page) => page.waitForFunction(() => document.querySelector(".message.answer") && !document.querySelector("[aria-busy]"));

async function ask(page, text) {
  await page.fill("#message", text);
  await page.keyboard.press("Enter");
}

/** Settings with which the answer to LONG takes seconds, whatever is drawn: the most likely words of this story are many. */
async function setLong(page) {
  await page.evaluate(() => localStorage.setItem("walchen.settings", JSON.stringify({ temperature: 0, maxTokens: 2000 })));
  await page.reload();
  await ready(page);
}

async function setShort(page) {
  await page.evaluate(() => localStorage.setItem("walchen.settings", JSON.stringify({ temperature: 0, maxTokens: 40 })));
  await page.reload();
  await ready(page);
}

/** Makes the server's next answer this text. */
async function answerWith(page, text) {
  const chunks = [
    { seed: 1924, choices: [{ index: 0, delta: { content: text }, finish_reason: null }] },
    { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] },
    { choices: [], usage: { prompt_tokens: 24, completion_tokens: 187 }, timings: { decode_tokens_per_s: 142 } },
  ];
  const body = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("") + "data: [DONE]\n\n";
  await page.route("**/v1/chat/completions", (route) => route.fulfill({ contentType: "text/event-stream", body }));
}

await onPage("the key goes from the address into a cookie", {}, async (page) => {
  await ready(page);
  assert.equal(page.url(), `${origin}/`);
  const [cookie] = await page.context().cookies();
  assert.ok(cookie.httpOnly);
  assert.equal(cookie.sameSite, "Strict");
  assert.notEqual(cookie.value, token);
});

await onPage("asks for the key when opened without it", { start: `${origin}/` }, async (page) => {
  await page.waitForSelector("dialog.key");
  await assertAccessible(page);
  await page.fill("#key", "wrong");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/?token=wrong");
  await page.fill("#key", token);
  await page.keyboard.press("Enter");
  await ready(page);
  assert.equal(page.url(), `${origin}/`);
});

await onPage("answers, shows its speed, copies, answers again", {}, async (page) => {
  await setShort(page);
  await ask(page, "What is the capital of France? Answer in one word.");
  await finished(page);
  const answer = answers(page).first();
  assert.match(await answer.locator(".prose").innerText(), /Paris/);
  assert.match(await answer.locator(".measured").innerText(), /^\d+ tokens · \d+ tokens\/s · [\d.]+ s to the first word · seed \d+$/);
  await answer.getByRole("button", { name: "Copy answer" }).click();
  await page.waitForFunction(() => document.querySelector("[role=status][aria-live]")?.textContent === "Copied");
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /Paris/);
  await answer.getByRole("button", { name: "Answer again" }).click();
  await finished(page);
  assert.equal(await answers(page).count(), 1);
  await ask(page, "And of Italy?");
  await page.waitForFunction(() => document.querySelectorAll(".message.answer").length === 2);
  await finished(page);
  assert.equal(await page.getByRole("button", { name: "Answer again" }).count(), 1, "only the last answer can be asked again");
  await page.setViewportSize({ width: 1000, height: 560 });
  await page.screenshot({ path: join(screenshots, "answer.png") });  // what the README shows
});

await onPage("works with the keyboard alone", {}, async (page) => {
  await setShort(page);
  assert.equal(await focused(page), "message", "the message box has the focus at once");
  await page.keyboard.type("First line");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("What is water?");
  assert.equal(await page.inputValue("#message"), "First line\nWhat is water?");
  await page.keyboard.press("Enter");
  await finished(page);
  assert.equal(await page.inputValue("#message"), "");
  assert.equal(await focused(page), "message");
  await tabTo(page, "Answer again", "Shift+Tab");
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(outline, "solid", "the focus can be seen");
  await page.keyboard.press("Enter");
  await finished(page);
  await page.evaluate(() => document.activeElement.blur());
  await tabTo(page, "Skip to the message box");
  await page.keyboard.press("Enter");
  await page.keyboard.type("x");
  assert.equal(await page.inputValue("#message"), "x");
  await tabTo(page, "Settings", "Shift+Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog[open]");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  assert.equal(await focused(page), "Settings", "the focus comes back");
});

await onPage("stops with Esc and with the button", {}, async (page) => {
  await ready(page);
  await setLong(page);
  for (const stop of [() => page.keyboard.press("Escape"), () => page.getByRole("button", { name: "Stop", exact: true }).click()]) {
    await page.getByRole("navigation").getByRole("button", { name: "New chat" }).click();
    await ask(page, LONG);
    await growing(page);
    await stop();
    await finished(page);
    assert.equal(await answers(page).last().locator(".note").innerText(), "Stopped");
    assert.notEqual(await answers(page).last().locator(".prose").innerText(), "");
    assert.ok(await page.getByRole("button", { name: "Send" }).isVisible());
  }
});

await onPage("keeps conversations, opens and deletes them", {}, async (page) => {
  await setShort(page);
  await ask(page, "Say one.");
  await finished(page);
  await page.getByRole("navigation").getByRole("button", { name: "New chat" }).click();
  await page.waitForSelector(".welcome");
  await ask(page, "Say two.");
  await finished(page);
  await page.reload();
  await ready(page);
  assert.equal(await page.locator(".bubble").innerText(), "Say two.");
  await page.getByRole("button", { name: "Say one.", exact: true }).click();
  assert.equal(await page.locator(".bubble").innerText(), "Say one.");
  await page.getByRole("button", { name: "Delete conversation: Say one." }).click();
  assert.equal(await page.locator(".bubble").innerText(), "Say two.");
  assert.equal(await page.locator(".chat-list li").count(), 1);
});

await onPage("leaves an answer behind when another conversation is opened", {}, async (page) => {
  await ready(page);
  await setLong(page);
  await ask(page, LONG);
  await growing(page);
  await page.getByRole("navigation").getByRole("button", { name: "New chat" }).click();
  await page.waitForSelector(".welcome");
  await page.waitForFunction(() => JSON.parse(localStorage["walchen.conversations"])[0].messages.at(-1).stopped);
  assert.equal(await answers(page).count(), 0);
  assert.equal(await page.locator(".chat-list li").count(), 1);
});

await onPage("settings reach the model and stay", {}, async (page) => {
  await ready(page);
  await page.getByRole("button", { name: "Settings" }).click();
  await page.fill("#system", "You are brief.");
  await page.fill("#seed", "7");
  await page.fill("#maxTokens", "99999");
  await page.locator("#temperature").fill("0.5");
  await page.getByRole("button", { name: "Done" }).click();
  const sent = page.waitForRequest("**/v1/chat/completions");
  await ask(page, "Hello");
  const body = (await sent).postDataJSON();
  assert.deepEqual(body.messages, [{ role: "system", content: "You are brief." }, { role: "user", content: "Hello" }]);
  assert.deepEqual([body.seed, body.max_tokens, body.temperature, body.top_p], [7, 8192, 0.5, 0.95]);
  await page.keyboard.press("Escape");
  await page.reload();
  await page.getByRole("button", { name: "Settings" }).click();
  assert.equal(await page.inputValue("#seed"), "7");
  await page.getByRole("button", { name: "Restore defaults" }).click();
  assert.equal(await page.inputValue("#seed"), "");
});

await onPage("speaks German and English", { locale: "de-AT" }, async (page) => {
  await ready(page);
  assert.equal(await page.getAttribute("html", "lang"), "de");
  assert.equal(await page.locator(".welcome h2").innerText(), "Was kann ich für Sie tun?");
  await page.getByRole("button", { name: "English" }).click();
  assert.equal(await page.getAttribute("html", "lang"), "en");
  assert.equal(await page.locator(".welcome h2").innerText(), "What can I do for you?");
  await page.reload();
  await ready(page);
  await page.getByRole("button", { name: "Settings" }).click();
  await page.selectOption("#language", "de");
  await page.waitForSelector("text=Einstellungen");
  await page.keyboard.press("Escape");
  assert.equal(await page.getAttribute("#message", "placeholder"), "Nachricht schreiben");
});

await onPage("says what to do when something goes wrong", {}, async (page) => {
  await setShort(page);
  await page.route("**/v1/chat/completions", (route) => route.abort());
  await ask(page, "Hello");
  assert.match(await page.locator(".failure").innerText(), /The server does not answer[^]*walchen serve[^]*Try again/);
  await assertAccessible(page);
  await page.unroute("**/v1/chat/completions");
  await page.getByRole("button", { name: "Try again" }).click();
  await finished(page);
  assert.equal(await page.locator(".failure").count(), 0);
  await ask(page, "water ".repeat(15_000));
  assert.match(await page.locator(".failure").innerText(), /too long for the model[^]*Start a new chat/);
});

await onPage("shows hostile answers as text", {}, async (page) => {
  await ready(page);
  await answerWith(page, [
    "<script>alert(1)</script> <img src=x onerror=alert(2)> <svg onload=alert(3)> <iframe src='https://evil.example'></iframe>",
    "![pixel](https://evil.example/pixel.png) [go](javascript:alert(4)) [data](data:text/html,<script>alert(5)</script>)",
    "<a href='javascript:alert(6)'>x</a> <form action='https://evil.example'><input name=q></form> <style>*{display:none}</style>",
    "[fine](https://example.org/a?b=c)",
    "```html\n<script>alert(7)</script>\n```",
    "[ref]: https://evil.example/x 'title'\n![ref]",
  ].join("\n\n"));
  await ask(page, "Attack me");
  await finished(page);
  const prose = answers(page).locator(".prose");
  assert.equal(await prose.locator("script, img, svg:not(.icon), iframe, form, input, style, object, embed").count(), 0);
  assert.deepEqual(await prose.locator("a[href]").evaluateAll((links) => links.map((link) => link.getAttribute("href"))), ["https://example.org/a?b=c"]);
  assert.equal(await prose.locator("a[href]").getAttribute("rel"), "noopener noreferrer");
  assert.match(await prose.innerText(), /<script>alert\(1\)<\/script>/);
  assert.deepEqual(await prose.evaluate((element) => [...element.querySelectorAll("*")].flatMap((node) => [...node.attributes].map((a) => a.name)).filter((name) => /^on|style/.test(name))), []);
});

const RICH = [
  "A hydroelectric power station turns **falling water** into electricity:",
  "1. A lake or a dam holds the water back.\n2. It falls through *penstocks* and turns a turbine.\n3. The turbine drives a generator.",
  '```python\ndef power_mw(flow_m3_per_s, head_m, efficiency=0.9):\n    """Density times gravity times flow times head, less the losses."""\n    return 1000 * 9.81 * flow_m3_per_s * head_m * efficiency / 1e6\n```',
  "| Station | Head | Power |\n|---|---|---|\n| Walchensee | 200 m | 124 MW |\n| Jochenstein | 10 m | 132 MW |",
  "At the Walchensee, `head_m` is about 200.",
].join("\n\n");

for (const colorScheme of ["light", "dark"]) {
  for (const [kind, viewport, locale] of [["desktop", { width: 1280, height: 800 }, "en-US"], ["phone", { width: 390, height: 844 }, "de-DE"]]) {
    await onPage(`is accessible and fits: ${kind}, ${colorScheme}`, { viewport, colorScheme, locale, isMobile: kind === "phone", hasTouch: kind === "phone" }, async (page) => {
      const shot = (name) => page.screenshot({ path: join(screenshots, `${name}-${kind}-${colorScheme}.png`) });
      await ready(page);
      await assertAccessible(page);
      await assertFits(page);
      await shot("welcome");
      await answerWith(page, RICH);
      await ask(page, locale === "de-DE" ? "Wie funktioniert ein Wasserkraftwerk?" : "How does a hydroelectric power station work?");
      await finished(page);
      await assertAccessible(page);
      await assertFits(page);
      await page.evaluate(() => document.querySelector(".scroller").scrollTo(0, 0));
      await shot("chat");
      if (kind === "phone") {
        await page.locator(".drawer-button").click();
        await page.waitForSelector(".sidebar.open");
        await assertAccessible(page);
        await shot("drawer");
        await page.keyboard.press("Escape");
      }
      await page.getByRole("button", { name: /^(Settings|Einstellungen)$/ }).click();
      await page.waitForSelector("dialog[open]");
      await assertAccessible(page);
      await assertFits(page);
      await shot("settings");
    });
  }
}

await finish();
