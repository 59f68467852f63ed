// SPDX-License-Identifier: Apache-2.0
// One plot with the table beside it: the table says in words what the plot shows, and its buttons switch curves off.
import uPlot from "uplot";
import { extent } from "./curve_data";
import type { Curve } from "./curve_data";
import { h, replaceChildren } from "./dom";
import { shortNumber, t } from "./i18n";

export interface ChartText {
  title: string;
  note?: string; // what the title is about, beside it
  label: (curve: Curve) => string;
}

const COLOURS = 8; // --curve-1 and so on, in training.css
const DASHES = [[], [10, 5], [3, 3]]; // the colours' second and third turn

export class Chart {
  readonly element = h("section", { class: "chart" });
  readonly #plot = h("div", { class: "plot", role: "img" });
  readonly #readout = h("p", { class: "readout", "aria-hidden": "true" });
  readonly #rows = h("tbody");
  readonly #off = new Set<string>();
  readonly #logarithmic = h("input", { type: "checkbox" });
  readonly #observer = new ResizeObserver(() => this.#resize());
  #chosen: boolean | null = null; // the user's own choice of axis
  #uplot: uPlot | null = null;
  #drawn = ""; // what the plot was made for; other data of the same kind need no new one
  #steps: number[] = [];
  #curves: Curve[] = [];

  constructor(
    id: string,
    readonly text: ChartText,
    readonly mayBeLogarithmic: boolean,
  ) {
    this.#logarithmic.addEventListener("change", () => {
      this.#chosen = this.#logarithmic.checked;
      this.#draw();
    });
    this.#observer.observe(this.#plot);
    this.element.setAttribute("aria-labelledby", id);
    this.element.append(
      h(
        "header",
        { class: "chart-head" },
        h("h3", { id }, text.title, text.note !== undefined && h("span", {}, ` ${text.note}`)),
        mayBeLogarithmic && h("label", { class: "check" }, this.#logarithmic, t("logarithmic")),
      ),
      h("div", { class: "plot-frame" }, this.#plot, this.#readout),
      h(
        "div",
        { class: "values" },
        h(
          "table",
          { "aria-labelledby": id },
          h("thead", {}, h("tr", {}, ...[t("curve"), t("newest"), t("lowest"), t("highest")].map((name) => h("th", { scope: "col" }, name)))),
          this.#rows,
        ),
      ),
    );
  }

  show(steps: number[], curves: Curve[]): void {
    this.#steps = steps;
    this.#curves = curves;
    this.element.hidden = curves.length === 0;
    this.#draw();
    this.#tabulate();
  }

  /** Colours and words anew. */
  restyle(): void {
    this.#drawn = "";
    this.#draw();
  }

  destroy(): void {
    this.#observer.disconnect();
    this.#uplot?.destroy();
  }

  #draw(): void {
    const logarithmic = this.mayBeLogarithmic && (this.#chosen ?? falls(this.#curves));
    this.#logarithmic.checked = logarithmic;
    // A logarithm has no place for zero.
    const columns = this.#curves.map(({ values }) => (logarithmic ? values.map((value) => (value !== null && value > 0 ? value : null)) : values));
    const data = [this.#steps, ...columns] as uPlot.AlignedData;
    const wanted = JSON.stringify([logarithmic, this.#curves.map((curve) => this.text.label(curve))]);
    if (this.#uplot && wanted === this.#drawn) {
      this.#uplot.setData(data);
    } else {
      this.#uplot?.destroy();
      this.#uplot = new uPlot(this.#options(logarithmic), data, this.#plot);
      this.#drawn = wanted;
    }
    const first = this.#steps[0] ?? 0;
    const last = this.#steps.at(-1) ?? 0;
    this.#plot.setAttribute("aria-label", `${this.text.title}, ${t("step")} ${shortNumber(first)} – ${shortNumber(last)}`);
  }

  #options(logarithmic: boolean): uPlot.Options {
    const style = getComputedStyle(this.#plot);
    const ink = style.getPropertyValue("--ink-soft");
    const line = style.getPropertyValue("--line");
    const axis: uPlot.Axis = {
      stroke: ink,
      font: `12px ${style.fontFamily}`,
      grid: { stroke: line, width: 1 },
      ticks: { stroke: line, width: 1, size: 4 },
      values: (_, splits) => splits.map((value: number | null) => (value === null ? "" : shortNumber(value))),
    };
    return {
      ...this.#size(),
      legend: { show: false },
      cursor: { sync: { key: "training" }, drag: { x: false, y: false }, y: false },
      scales: { x: { time: false }, y: { distr: logarithmic ? 3 : 1 } },
      axes: [{ ...axis, size: 30, incrs: [1, 2, 5].flatMap((n) => [...Array(12).keys()].map((power) => n * 10 ** power)).sort((a, b) => a - b) }, { ...axis, size: 62 }],
      series: [
        {},
        ...this.#curves.map((curve, index) => ({
          label: this.text.label(curve),
          stroke: style.getPropertyValue(colour(index)),
          dash: DASHES[Math.floor(index / COLOURS) % DASHES.length] ?? [],
          width: 1.5,
          show: !this.#off.has(this.text.label(curve)),
          spanGaps: true,
        })),
      ],
      hooks: { setCursor: [(plot) => this.#readOut(plot)] },
    };
  }

  #size(): { width: number; height: number } {
    return { width: Math.max(this.#plot.clientWidth, 160), height: Math.max(this.#plot.clientHeight, 120) };
  }

  #resize(): void {
    const size = this.#size();
    if (this.#uplot && (this.#uplot.width !== size.width || this.#uplot.height !== size.height)) this.#uplot.setSize(size);
  }

  /** What the pointer is at. */
  #readOut(plot: uPlot): void {
    const at = plot.cursor.idx;
    const step = at === null || at === undefined ? undefined : this.#steps[at];
    if (at === null || at === undefined || step === undefined) {
      replaceChildren(this.#readout);
      return;
    }
    const values = this.#curves.flatMap((curve, index) => {
      const value = curve.values[at];
      const shown = value !== null && value !== undefined && !this.#off.has(this.text.label(curve));
      return shown ? [h("span", {}, this.#swatch(index), shortNumber(value))] : [];
    });
    replaceChildren(this.#readout, `${t("step")} ${shortNumber(step)}`, ...values);
  }

  #swatch(index: number): HTMLElement {
    const swatch = h("i", { class: "swatch" });
    swatch.style.setProperty("--swatch", `var(${colour(index)})`);
    return swatch;
  }

  /** Rows stay while their curves do, so that the focus does. */
  #tabulate(): void {
    this.#curves.forEach((curve, index) => {
      const label = this.text.label(curve);
      const row = this.#rows.children[index] ?? this.#rows.appendChild(this.#row(label, index));
      const found = extent(curve.values);
      [found?.newest, found?.lowest, found?.highest].forEach((value, column) => {
        const cell = row.children[column + 1];
        if (cell) cell.textContent = value === undefined ? "–" : shortNumber(value);
      });
    });
    while (this.#rows.children.length > this.#curves.length) this.#rows.lastChild?.remove();
  }

  #row(label: string, index: number): HTMLElement {
    const toggle = h("button", { type: "button", class: "curve-switch", "aria-pressed": "true" }, this.#swatch(index), label);
    toggle.addEventListener("click", () => {
      const on = this.#off.delete(label);
      if (!on) this.#off.add(label);
      toggle.setAttribute("aria-pressed", String(on));
      this.#uplot?.setSeries(index + 1, { show: on });
    });
    return h("tr", {}, h("th", { scope: "row" }, toggle), h("td"), h("td"), h("td"));
  }
}

function colour(index: number): string {
  return `--curve-${(index % COLOURS) + 1}`;
}

/** Whether the values lie so far apart that a linear axis would show the large ones only. */
function falls(curves: Curve[]): boolean {
  const extents = curves.map(({ values }) => extent(values)).filter((found) => found !== null);
  const lowest = Math.min(...extents.map((found) => found.lowest));
  const highest = Math.max(...extents.map((found) => found.highest));
  return lowest > 0 && highest / lowest >= 10;
}
