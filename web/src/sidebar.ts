// SPDX-License-Identifier: Apache-2.0
// The conversations beside the chat; on a narrow screen a drawer.
import { title } from "./conversations";
import type { Conversations } from "./conversations";
import { h, icon, mark, replaceChildren, waves } from "./dom";
import { LANGUAGES, language, t } from "./i18n";
import type { Language } from "./i18n";

export interface SidebarActions {
  start: () => void;
  open: (id: string) => void;
  remove: (id: string) => void;
  speak: (language: Language) => void;
}

export class Sidebar {
  readonly element = h("nav", { class: "sidebar", id: "sidebar" });
  readonly opener = h("button", { type: "button", class: "quiet drawer-button", "aria-controls": "sidebar", "aria-expanded": "false" }, icon("menu"));
  readonly #shade = h("div", { class: "shade" });
  atTraining = false; // else at the chat

  constructor(
    readonly conversations: Conversations,
    readonly actions: SidebarActions,
  ) {
    this.opener.addEventListener("click", () => this.#toggle(!this.isOpen));
    this.#shade.addEventListener("click", () => this.#toggle(false));
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.isOpen) {
        event.stopPropagation();
        this.#toggle(false);
        this.opener.focus();
      }
    });
    this.draw();
  }

  get shade(): HTMLElement {
    return this.#shade;
  }

  get isOpen(): boolean {
    return this.element.classList.contains("open");
  }

  draw(): void {
    this.element.setAttribute("aria-label", t("chats"));
    this.#label();
    const current = this.conversations.current.id;
    const items = this.conversations.all.map((conversation) => {
      const name = title(conversation) || t("untitled");
      const here = !this.atTraining && conversation.id === current;
      return h(
        "li",
        { class: here ? "here" : "" },
        h("button", { type: "button", class: "chat-link", title: name, "aria-current": here && "true", onclick: () => this.#choose(() => this.actions.open(conversation.id)) }, name),
        h("button", { type: "button", class: "quiet remove", title: t("deleteChat"), "aria-label": `${t("deleteChat")}: ${name}`, onclick: () => this.actions.remove(conversation.id) }, icon("trash")),
      );
    });
    replaceChildren(
      this.element,
      h("div", { class: "brand" }, mark(), h("span", {}, "Walchen")),
      h("button", { type: "button", class: "new-chat", onclick: () => this.#choose(this.actions.start) }, icon("plus"), t("newChat")),
      this.#trainingLink(),
      items.length > 0 && h("h2", { class: "sidebar-title" }, t("chats")),
      items.length > 0 && h("ul", { class: "chat-list" }, ...items),
      this.#foot(),
      waves(),
    );
  }

  #trainingLink(): HTMLElement {
    return h("a", { class: "training-link", href: "#training", "aria-current": this.atTraining && "page", onclick: () => this.#toggle(false) }, icon("curve"), t("training"));
  }

  #foot(): HTMLElement {
    const other: Language = language() === "de" ? "en" : "de";
    return h(
      "div",
      { class: "sidebar-foot" },
      h("button", { type: "button", class: "plain", lang: other, onclick: () => this.actions.speak(other) }, LANGUAGES[other]),
    );
  }

  #choose(action: () => void): void {
    this.#toggle(false);
    action();
  }

  #toggle(open: boolean): void {
    this.element.classList.toggle("open", open);
    this.#shade.classList.toggle("open", open);
    this.#label();
    if (open) this.element.querySelector<HTMLElement>(".new-chat")?.focus();
  }

  #label(): void {
    const label = this.isOpen ? t("hideChats") : t("showChats");
    this.opener.setAttribute("aria-expanded", String(this.isOpen));
    this.opener.setAttribute("aria-label", label);
    this.opener.title = label;
  }
}
