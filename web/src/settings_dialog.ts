// SPDX-License-Identifier: Apache-2.0
import { h, icon } from "./dom";
import { LANGUAGES, language, number, t } from "./i18n";
import type { Language } from "./i18n";
import { BOUNDS, DEFAULTS, within } from "./settings";
import type { Settings } from "./settings";

/** Opens the panel. `onChange` gets every change at once; `speak` changes the page's language. */
export function openSettings(settings: Settings, onChange: (settings: Settings) => void, speak: (chosen: Language) => void): void {
  const dialog = h("dialog", { class: "panel", "aria-labelledby": "settings-title" });
  const change = (part: Partial<Settings>) => {
    Object.assign(settings, part);
    onChange(settings);
  };
  const close = () => dialog.close();
  dialog.append(
    h(
      "div",
      { class: "panel-head" },
      h("h2", { id: "settings-title" }, t("settings")),
      h("button", { type: "button", class: "quiet", title: t("close"), "aria-label": t("close"), onclick: close }, icon("close")),
    ),
    h(
      "form",
      { method: "dialog", class: "panel-body" },
      systemField(settings, change),
      slider("temperature", t("temperature"), t("temperatureHelp"), settings.temperature, (temperature) => change({ temperature })),
      slider("topP", t("topP"), t("topPHelp"), settings.topP, (topP) => change({ topP })),
      numberField("maxTokens", t("maxTokens"), t("maxTokensHelp"), settings.maxTokens, (value) =>
        change({ maxTokens: value ?? DEFAULTS.maxTokens }),
      ),
      numberField("seed", t("seedLabel"), t("seedHelp"), settings.seed, (seed) => change({ seed }), t("seedRandom")),
      languageField((chosen) => {
        speak(chosen);
        dialog.close();
        openSettings(settings, onChange, speak);
      }),
      h(
        "div",
        { class: "panel-foot" },
        h("button", { type: "button", class: "plain", onclick: () => {
          change({ ...DEFAULTS });
          dialog.close();
          openSettings(settings, onChange, speak);
        } }, t("defaults")),
        h("button", { type: "submit", class: "strong" }, t("done")),
      ),
    ),
  );
  // A click beside the panel closes it; the panel's own content is never the target.
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) close();
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
}

function systemField(settings: Settings, change: (part: Partial<Settings>) => void): HTMLElement {
  const area = h("textarea", { id: "system", rows: 4, "aria-describedby": "system-help" });
  area.value = settings.system;
  area.addEventListener("input", () => change({ system: area.value }));
  return field("system", t("system"), t("systemHelp"), area);
}

function slider(
  name: "temperature" | "topP",
  label: string,
  help: string,
  value: number,
  change: (value: number) => void,
): HTMLElement {
  const { min, max, step } = BOUNDS[name];
  const input = h("input", { id: name, type: "range", min, max, step, value, "aria-describedby": `${name}-help` });
  const shown = h("output", { for: name }, number(value, 2));
  input.addEventListener("input", () => {
    shown.textContent = number(input.valueAsNumber, 2);
    change(input.valueAsNumber);
  });
  return field(name, label, help, input, shown);
}

function numberField(
  name: "maxTokens" | "seed",
  label: string,
  help: string,
  value: number | null,
  change: (value: number | null) => void,
  placeholder?: string,
): HTMLElement {
  const { min, max, step } = BOUNDS[name];
  const input = h("input", { id: name, type: "number", inputmode: "numeric", min, max, step, placeholder, "aria-describedby": `${name}-help` });
  input.value = value === null ? "" : String(value);
  input.addEventListener("change", () => {
    const inside = within(name, input.value === "" ? null : input.valueAsNumber);
    input.value = inside === null ? "" : String(inside);
    change(inside);
  });
  return field(name, label, help, input);
}

function languageField(change: (language: Language) => void): HTMLElement {
  const select = h("select", { id: "language" });
  for (const [code, name] of Object.entries(LANGUAGES)) {
    select.append(h("option", { value: code, lang: code, selected: code === language() }, name));
  }
  select.addEventListener("change", () => change(select.value as Language));
  return field("language", t("language"), null, select);
}

function field(id: string, label: string, help: string | null, input: HTMLElement, beside?: HTMLElement): HTMLElement {
  return h(
    "div",
    { class: "field" },
    h("div", { class: "field-label" }, h("label", { for: id }, label), beside),
    input,
    help !== null && h("p", { id: `${id}-help`, class: "help" }, help),
  );
}
