// SPDX-License-Identifier: Apache-2.0
// One message on the page.
import type { Measurements } from "./api";
import { copyButton } from "./clipboard";
import type { Message } from "./conversations";
import { h, icon, mark, replaceChildren } from "./dom";
import { number, t } from "./i18n";
import type { Failure } from "./i18n";
import { render } from "./markdown";

export function userMessage(message: Message): HTMLElement {
  return h(
    "article",
    { class: "message user", "aria-label": t("you") },
    h("div", { class: "bubble" }, message.content),
  );
}

/** An answer that may still be growing. */
export class AnswerView {
  readonly element: HTMLElement;
  readonly #body = h("div", { class: "prose" });
  readonly #foot = h("div", { class: "answer-foot" });
  #frame = 0;

  constructor(
    readonly message: Message,
    readonly onAgain: () => void,
  ) {
    this.element = h(
      "article",
      { class: "message answer", "aria-label": "Walchen" },
      h("div", { class: "avatar" }, mark()),
      h("div", { class: "answer-main" }, this.#body, this.#foot),
    );
  }

  /** Before the first word. */
  showWaiting(): void {
    this.element.setAttribute("aria-busy", "true");
    this.element.classList.add("growing");
    replaceChildren(this.#body, h("p", { class: "waiting" }, h("span", { class: "wave" }, h("i"), h("i"), h("i")), t("thinking")));
  }

  /** Draws at most once per screen frame, however fast the words come. */
  grow(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  finish(isLast: boolean): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.element.removeAttribute("aria-busy");
    this.element.classList.remove("growing");
    this.#draw();
    const { content, measured, stopped } = this.message;
    const notes: HTMLElement[] = [];
    if (stopped) notes.push(h("p", { class: "note" }, t("stopped")));
    else if (content === "") notes.push(h("p", { class: "note" }, t("emptyAnswer")));
    if (measured?.finishReason === "length") notes.push(h("p", { class: "note" }, t("cutOff")));
    replaceChildren(
      this.#foot,
      ...notes,
      h(
        "div",
        { class: "actions" },
        content !== "" && copyButton(() => this.message.content, t("copy"), icon("copy")),
        isLast && h("button", { type: "button", class: "quiet", title: t("regenerate"), "aria-label": t("regenerate"), onclick: this.onAgain }, icon("again")),
        measured && h("span", { class: "measured" }, describe(measured)),
      ),
    );
  }

  #draw(): void {
    replaceChildren(this.#body, render(this.message.content));
  }
}

function describe(measured: Measurements): string {
  const parts = [`${number(measured.completionTokens)} ${t("tokens")}`];
  if (measured.tokensPerSecond > 0) parts.push(`${number(measured.tokensPerSecond, measured.tokensPerSecond < 10 ? 1 : 0)} ${t("tokensPerSecond")}`);
  if (measured.firstTokenMs > 0) parts.push(`${number(measured.firstTokenMs / 1000, 2)} ${t("firstToken")}`);
  parts.push(`${t("seed")} ${measured.seed}`);
  return parts.join(" · ");
}

export function failureCard(failure: Failure, detail: string, onRetry: (() => void) | null): HTMLElement {
  const { title, advice } = t("errors")[failure];
  return h(
    "div",
    { class: "failure", role: "alert" },
    icon("alert"),
    h(
      "div",
      {},
      h("p", { class: "failure-title" }, title),
      h("p", {}, advice),
      detail !== "" && h("p", { class: "failure-detail" }, detail),
      onRetry !== null && h("button", { type: "button", class: "plain", onclick: onRetry }, icon("again"), t("retry")),
    ),
  );
}
