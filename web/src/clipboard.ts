// SPDX-License-Identifier: Apache-2.0
import { h, icon, replaceChildren } from "./dom";
import { announce } from "./announce";
import { t } from "./i18n";

/** A button that copies a text and says so. */
export function copyButton(text: () => string, label: string, picture: SVGSVGElement): HTMLButtonElement {
  const button = h("button", { type: "button", class: "quiet", title: label, "aria-label": label }, picture);
  button.addEventListener("click", () => {
    void copy(text()).then((done) => {
      announce(done ? t("copied") : t("copyFailed"));
      if (!done) return;
      replaceChildren(button, icon("check"));
      setTimeout(() => replaceChildren(button, icon("copy")), 1500);
    });
  });
  return button;
}

/** The clipboard API exists only on https and on this machine; elsewhere the old way still works. */
async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = h("textarea", { class: "visually-hidden", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}
