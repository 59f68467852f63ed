// SPDX-License-Identifier: Apache-2.0
// Asks for the server's key when the page was opened without it.
import { h, icon } from "./dom";
import { t } from "./i18n";

export function askForKey(): void {
  if (document.querySelector("dialog.key")) return;
  const input = h("input", { id: "key", name: "token", type: "password", autocomplete: "off", required: true });
  const dialog = h(
    "dialog",
    { class: "key", "aria-labelledby": "key-title" },
    // A plain form: GET /?token=... is how the server turns the key into a cookie.
    h(
      "form",
      { action: "/", method: "get" },
      icon("key"),
      h("h2", { id: "key-title" }, t("keyTitle")),
      h("p", {}, t("keyText")),
      h("label", { for: "key" }, t("keyLabel")),
      input,
      h("button", { type: "submit", class: "strong" }, t("keyOpen")),
    ),
  );
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}
