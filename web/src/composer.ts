// SPDX-License-Identifier: Apache-2.0
// The box at the bottom: a text that grows with its lines, and one button that sends or stops.
import { h, icon, replaceChildren } from "./dom";
import { t } from "./i18n";

const TALLEST = 240; // px, then it scrolls

export class Composer {
  readonly element: HTMLFormElement;
  readonly #box: HTMLTextAreaElement;
  readonly #button: HTMLButtonElement;
  #running = false;

  constructor(
    readonly onSend: (text: string) => void,
    readonly onStop: () => void,
  ) {
    this.#box = h("textarea", { id: "message", rows: 1, enterkeyhint: "send", autocomplete: "off" });
    this.#button = h("button", { type: "submit", class: "send" });
    this.element = h("form", { class: "composer" }, h("label", { for: "message", class: "visually-hidden" }), this.#box, this.#button);
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#running) this.onStop();
      else this.#send();
    });
    this.#box.addEventListener("keydown", (event) => {
      // While an input method composes a word, Enter belongs to it.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      if (!this.#running) this.#send();
    });
    this.#box.addEventListener("input", () => this.#resize());
    this.relabel();
  }

  set running(running: boolean) {
    this.#running = running;
    this.relabel();
  }

  relabel(): void {
    const label = this.#running ? t("stop") : t("send");
    replaceChildren(this.#button, icon(this.#running ? "stop" : "send"));
    this.#button.title = label;
    this.#button.setAttribute("aria-label", label);
    this.#button.classList.toggle("running", this.#running);
    this.#box.placeholder = t("placeholder");
    const caption = this.element.querySelector("label");
    if (caption) caption.textContent = t("message");
    this.#resize();
  }

  focus(): void {
    this.#box.focus();
  }

  fill(text: string): void {
    this.#box.value = text;
    this.#resize();
    this.focus();
  }

  #send(): void {
    const text = this.#box.value.trim();
    if (text === "") return;
    this.#box.value = "";
    this.#resize();
    this.onSend(text);
  }

  #resize(): void {
    this.#box.style.height = "";
    // A long placeholder must not make the empty box taller.
    if (this.#box.value !== "") this.#box.style.height = `${Math.min(this.#box.scrollHeight, TALLEST)}px`;
    this.#button.disabled = !this.#running && this.#box.value.trim() === "";
  }
}
