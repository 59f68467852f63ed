// SPDX-License-Identifier: Apache-2.0
// What screen readers say. A streaming answer is announced when it is complete: word by word nobody could follow it.
import { h } from "./dom";

const region = h("div", { class: "visually-hidden", role: "status", "aria-live": "polite", "aria-atomic": "true" });

export function liveRegion(): HTMLElement {
  return region;
}

export function announce(text: string): void {
  region.textContent = text;
}
