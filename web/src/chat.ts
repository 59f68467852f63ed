// SPDX-License-Identifier: Apache-2.0
// The conversation in the middle of the page: asks, shows the answer as it grows, stops, asks again.
import { ApiError, answer } from "./api";
import type { Turn } from "./api";
import { announce } from "./announce";
import type { Conversation, Conversations, Message } from "./conversations";
import { h, icon, mark, replaceChildren } from "./dom";
import { t } from "./i18n";
import { askForKey } from "./key_dialog";
import { AnswerView, failureCard, userMessage } from "./message_view";
import type { Settings } from "./settings";

const NEAR_END = 80; // px from the end: the user is following the answer

export class Chat {
  readonly element = h("div", { class: "messages" });
  readonly scroller = h("div", { class: "scroller", tabindex: -1 });
  readonly latest = h("button", { type: "button", class: "latest", hidden: true }, icon("down"));
  #running: { abort: AbortController; conversation: Conversation; view: AnswerView } | null = null;

  constructor(
    readonly conversations: Conversations,
    readonly settings: Settings,
    readonly onChange: (running: boolean) => void,
    readonly onSuggestion: (text: string) => void,
  ) {
    this.scroller.append(this.element);
    this.scroller.addEventListener("scroll", () => this.#showLatest(), { passive: true });
    this.latest.addEventListener("click", () => this.#scrollToEnd("smooth"));
    this.draw();
  }

  get running(): boolean {
    return this.#running !== null;
  }

  /** Everything anew: another conversation, another language. */
  draw(): void {
    const { messages } = this.conversations.current;
    this.latest.title = t("latest");
    this.latest.setAttribute("aria-label", t("latest"));
    if (messages.length === 0) {
      replaceChildren(this.element, this.#welcome());
      return;
    }
    replaceChildren(this.element, ...messages.map((message, index) => this.#view(message, index === messages.length - 1)));
    if (this.#running?.conversation === this.conversations.current) {
      this.element.append(this.#running.view.element);
    } else if (messages.at(-1)?.role === "user") {
      // This conversation was left before its answer came.
      this.element.append(this.#askAgain());
    }
    this.#scrollToEnd("instant");
  }

  send(text: string): void {
    if (this.running) return;
    const { messages } = this.conversations.current;
    messages.push({ role: "user", content: text });
    this.draw();
    void this.#answer(this.conversations.current);
  }

  /** Answers the last question once more. */
  again(): void {
    if (this.running) return;
    const { messages } = this.conversations.current;
    if (messages.at(-1)?.role === "assistant") messages.pop();
    this.draw();
    void this.#answer(this.conversations.current);
  }

  stop(): void {
    this.#running?.abort.abort();
  }

  async #answer(conversation: Conversation): Promise<void> {
    const question: Turn[] = conversation.messages.map(({ role, content }) => ({ role, content }));
    const message: Message = { role: "assistant", content: "" };
    const view = new AnswerView(message, () => this.again());
    const abort = new AbortController();
    this.#running = { abort, conversation, view };
    this.#save(conversation);
    this.onChange(true);
    this.element.querySelector(".ask-again")?.remove();
    this.element.append(view.element);
    view.showWaiting();
    this.#scrollToEnd("smooth");
    announce(t("writing"));

    let failure: unknown = null;
    try {
      message.measured = await answer(question, this.settings, abort.signal, (piece) => {
        const following = this.#nearEnd();
        message.content += piece;
        view.grow();
        if (following) requestAnimationFrame(() => this.#scrollToEnd("instant"));
      });
    } catch (error) {
      if (abort.signal.aborted) message.stopped = true;
      else failure = error;
    }
    this.#running = null;
    this.#finish(conversation, view, failure);
  }

  #finish(conversation: Conversation, view: AnswerView, failure: unknown): void {
    const { message } = view;
    const following = this.#nearEnd();
    // What was said before a failure is kept, so that nothing the user has read vanishes.
    const keep = failure === null || message.content !== "";
    if (keep) conversation.messages.push(message);
    this.#save(conversation);
    this.onChange(false);
    // The user may have gone to another conversation meanwhile.
    if (conversation !== this.conversations.current) return;
    if (keep) view.finish(failure === null);
    else view.element.remove();
    if (failure !== null) this.#showFailure(failure);
    else announce(message.stopped ? t("stopped") : message.content);
    if (following) this.#scrollToEnd("instant");
  }

  #showFailure(error: unknown): void {
    const known = error instanceof ApiError;
    if (known && error.problem === "token") askForKey();
    const problem = known ? error.problem : "server";
    // The same conversation would be too long again.
    const retry = problem === "context" ? null : () => this.again();
    this.element.append(failureCard(problem, known ? error.message : String(error), retry));
  }

  #save(conversation: Conversation): void {
    if (!this.conversations.save(conversation)) this.element.append(failureCard("storage", "", null));
  }

  #view(message: Message, isLast: boolean): HTMLElement {
    if (message.role === "user") return userMessage(message);
    const view = new AnswerView(message, () => this.again());
    view.finish(isLast);
    return view.element;
  }

  #askAgain(): HTMLElement {
    return h("div", { class: "ask-again" }, h("button", { type: "button", class: "plain", onclick: () => this.again() }, icon("again"), t("regenerate")));
  }

  #welcome(): HTMLElement {
    return h(
      "div",
      { class: "welcome" },
      mark(),
      h("h2", {}, t("greeting")),
      h("p", {}, t("greetingNote")),
      h(
        "div",
        { class: "suggestions" },
        ...t("suggestions").map((text) => h("button", { type: "button", onclick: () => this.onSuggestion(text) }, text)),
      ),
    );
  }

  #nearEnd(): boolean {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < NEAR_END;
  }

  #scrollToEnd(behavior: ScrollBehavior): void {
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.scroller.scrollTo({ top: this.scroller.scrollHeight, behavior: calm ? "instant" : behavior });
  }

  #showLatest(): void {
    this.latest.hidden = this.#nearEnd();
  }
}
