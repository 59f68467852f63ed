// SPDX-License-Identifier: Apache-2.0
// One plot with the table beside it: the table says in words what the plot shows, and its buttons switch curves off.
import uPlot from "uplot";
import { extent, smooth } from "./curve_data";
import type { Values } from "./api";
import type { Curve } from "./curve_data";
import { h, replaceChildren } from "./dom";
import { number, shortNumber, t } from "./i18n";

export interface ChartText {
  title: string;
  note?: string; // what the title is about, beside it
  label: (curve: Curve) => string;
}

export interface ChartKind {
  noisy: boolean; // a smoothed line stands before the single steps
  mayBeLogarithmic: boolean;
}

const WHOLE_STEPS = Array.from({ length: 12 }, (_, power) => [1, 2, 5].map((n) => n * 10 ** power)).flat();
const COLOURS = 8; // --curve-1 and so on, in training.css
const MARGIN = 1.15; // of a logarithmic axis; uPlot's own goes on to the next power of ten
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
    readonly kind: ChartKind,
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
        kind.mayBeLogarithmic && h("label", { class: "check" }, this.#logarithmic, t("logarithmic")),
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
    const logarithmic = this.kind.mayBeLogarithmic && (this.#chosen ?? falls(this.#curves));
    this.#logarithmic.checked = logarithmic;
    // A logarithm has no place for zero.
    const placed = (values: Values) => (logarithmic ? values.map((value) => (value !== null && value > 0 ? value : null)) : values);
    const lines = this.#curves.flatMap(({ values }) => [placed(values), placed(this.kind.noisy ? smooth(values) : values)]);
    const data = [this.#steps, ...lines] as uPlot.AlignedData;
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
    this.#plot.setAttribute("aria-label", `${this.text.title}, ${t("step")} ${number(first)} – ${number(last)}`);
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
      cursor: { sync: { key: "training" }, drag: { x: false, y: false }, y: false, points: { size: (_, line) => (isSmooth(line) ? 0 : 6) } },
      scales: { x: { time: false }, y: logarithmic ? { distr: 3, range: (_, lowest, highest) => [(lowest ?? 1) / MARGIN, (highest ?? 1) * MARGIN] } : {} },
      axes: [
        { ...axis, size: 30, incrs: WHOLE_STEPS, values: (_, splits) => splits.map((step) => number(step)), label: t("step"), labelFont: axis.font ?? "", labelSize: 20 },
        { ...axis, size: 62, ...(logarithmic ? { splits: (_plot, _axis, lowest, highest) => decimals(lowest, highest), filter: (_, splits) => labelled(splits) } : {}) },
      ],
      series: [{}, ...this.#curves.flatMap((curve, index) => this.#lines(curve, index, style))],
      hooks: { setCursor: [(plot) => this.#readOut(plot)] },
    };
  }

  /** The single steps, and before them the smoothed line. */
  #lines(curve: Curve, index: number, style: CSSStyleDeclaration): uPlot.Series[] {
    const line: uPlot.Series = {
      stroke: style.getPropertyValue(colour(index)),
      dash: DASHES[Math.floor(index / COLOURS) % DASHES.length] ?? [],
      width: 1.5,
      show: !this.#off.has(this.text.label(curve)),
      spanGaps: true,
    };
    return [this.kind.noisy ? { ...line, width: 1, alpha: 0.35 } : line, line];
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
    replaceChildren(this.#readout, `${t("step")} ${number(step)}`, ...values);
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
    const toggle = h("button", { type: "button", class: "curve-switch", "aria-pressed": "true" }, this.#swatch(index), breakable(label));
    toggle.addEventListener("click", () => {
      const on = this.#off.delete(label);
      if (!on) this.#off.add(label);
      toggle.setAttribute("aria-pressed", String(on));
      for (const line of linesOf(index)) this.#uplot?.setSeries(line, { show: on });
    });
    return h("tr", {}, h("th", { scope: "row" }, toggle), h("td"), h("td"), h("td"));
  }
}

/** uPlot's numbers of a curve's two lines; 0 is the horizontal axis. */
function linesOf(index: number): [number, number] {
  return [2 * index + 1, 2 * index + 2];
}

function isSmooth(line: number): boolean {
  return line > 0 && line % 2 === 0;
}

/** 1, 2, ... 9, 10, 20, ... as far as they lie between these two; powers of ten alone where that would be too many. */
function decimals(lowest: number, highest: number): number[] {
  const first = Math.floor(Math.log10(lowest));
  const last = Math.ceil(Math.log10(highest));
  const digits = last - first > 8 ? [1] : [1, 2, 3, 4, 5, 6, 7, 8, 9];
  const all = Array.from({ length: last - first + 1 }, (_, at) => digits.map((digit) => Number(`${digit}e${first + at}`))).flat();
  return all.filter((value) => value >= lowest && value <= highest);
}

/** Those that get a label; null for the others. */
function labelled(splits: number[]): (number | null)[] {
  const digit = (value: number) => Number(value.toExponential()[0]);
  const powers = splits.filter((value) => digit(value) === 1).length;
  return splits.map((value) => (powers >= 2 ? digit(value) === 1 : [1, 2, 5].includes(digit(value))) ? value : null);
}

/** May break after a slash or a point: the names of losses are long, and narrow screens narrow. */
function breakable(label: string): HTMLElement {
  const parts = label.split(/(?<=[/.])/);
  return h("span", {}, ...parts.flatMap((part, index) => (index === 0 ? [part] : [h("wbr"), part])));
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
