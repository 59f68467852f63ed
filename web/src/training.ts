// SPDX-License-Identifier: Apache-2.0
// The training runs: a list of them, and the curves of a chosen one, which grow while it runs.
import { ApiError, runCurves, runList } from "./api";
import type { RunCurves, RunList, RunSummary } from "./api";
import { announce } from "./announce";
import { Chart } from "./chart";
import type { ChartKind, ChartText } from "./chart";
import { CurveData } from "./curve_data";
import type { Curve, CurveKind } from "./curve_data";
import { append, h, icon, replaceChildren } from "./dom";
import { dateTime, duration, number, shortNumber, t } from "./i18n";
import { askForKey } from "./key_dialog";
import { failureCard } from "./message_view";

const WHILE_RUNNING_MS = 2000;
const OTHERWISE_MS = 10_000; // somebody may resume it
const NOISY: ChartKind = { noisy: true, mayBeLogarithmic: true };

export class Training {
  readonly element = h("main", { class: "training", hidden: true });
  readonly #title = h("h2", { id: "training-title", tabindex: -1 });
  readonly #head = h("header", { class: "training-head" });
  readonly #trouble = h("div");
  readonly #body = h("div");
  #run: string | null = null; // none: the list
  #data = new CurveData();
  #list: RunList | null = null;
  readonly #charts = new Map<string, Chart>();
  #asking: AbortController | null = null; // none: not on the page
  #pending: AbortSignal | null = null; // whose question is on its way
  #timer = 0;

  constructor() {
    append(this.element, h("div", { class: "training-column" }, this.#head, this.#trouble, this.#body));
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", () => this.#charts.forEach((chart) => chart.restyle()));
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.#asking) this.#again(0);
    });
  }

  /** Shows the list, or a run. */
  open(run: string | null): void {
    this.close();
    this.#run = run;
    this.#data = new CurveData();
    this.#list = null;
    this.#asking = new AbortController();
    this.element.hidden = false;
    this.draw();
    this.#title.focus();
    void this.#ask(this.#asking.signal);
  }

  close(): void {
    this.#asking?.abort();
    this.#asking = null;
    clearTimeout(this.#timer);
    this.element.hidden = true;
  }

  /** Everything anew: another run, another language. */
  draw(): void {
    this.#charts.forEach((chart) => chart.destroy());
    this.#charts.clear();
    this.#title.textContent = this.#run ?? t("runs");
    replaceChildren(this.#head, this.#run !== null && h("a", { class: "back", href: "#training" }, icon("back"), t("allRuns")), this.#title);
    replaceChildren(this.#trouble);
    replaceChildren(this.#body);
    this.#show();
  }

  focus(): void {
    this.#title.focus();
  }

  async #ask(signal: AbortSignal): Promise<void> {
    if (this.#pending === signal) return;
    this.#pending = signal;
    let wait = OTHERWISE_MS;
    try {
      wait = await this.#askOnce(signal);
      if (signal.aborted) return;
      replaceChildren(this.#trouble);
      this.#show();
    } catch (error) {
      if (signal.aborted) return;
      this.#showFailure(error);
    }
    this.#pending = null;
    this.#again(wait);
  }

  /** How long to wait before the next question. */
  async #askOnce(signal: AbortSignal): Promise<number> {
    if (this.#run !== null) {
      const answer = await runCurves(this.#run, this.#data.after, signal);
      return signal.aborted ? 0 : this.#take(answer);
    }
    const list = await runList(signal);
    if (!signal.aborted) this.#list = list;
    return WHILE_RUNNING_MS;
  }

  #take(answer: RunCurves): number {
    const wasRunning = this.#data.state?.running ?? false;
    if (!this.#data.take(answer) || answer.more) return 0;
    if (wasRunning && !answer.running) announce(t("runEnded"));
    return answer.running ? WHILE_RUNNING_MS : OTHERWISE_MS;
  }

  #again(wait: number): void {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      // A page that nobody sees asks again when somebody does.
      if (this.#asking && !document.hidden) void this.#ask(this.#asking.signal);
    }, wait);
  }

  #showFailure(error: unknown): void {
    const known = error instanceof ApiError;
    if (known && error.problem === "token") askForKey();
    const card = failureCard(known ? error.problem : "server", known ? error.message : String(error), null);
    // Said once, not at every attempt.
    if (this.#trouble.textContent !== card.textContent) replaceChildren(this.#trouble, card);
  }

  #show(): void {
    if (this.#run !== null && this.#data.state) this.#showRun(this.#data.state);
    if (this.#run === null && this.#list) this.#showList(this.#list);
  }

  #showList(list: RunList): void {
    const focused = document.activeElement?.getAttribute("href");
    replaceChildren(
      this.#body,
      list.data.length === 0
        ? h("div", { class: "no-runs" }, h("p", {}, t("noRuns")), h("p", {}, t("noRunsHelp")))
        : h("ul", { class: "run-list" }, ...list.data.map(runCard)),
      list.left_out > 0 && h("p", { class: "note" }, `${t("runsLeftOut")} ${number(list.left_out)}`),
    );
    if (focused?.startsWith("#training/")) this.#body.querySelector<HTMLElement>(`a[href="${CSS.escape(focused)}"]`)?.focus();
  }

  #showRun(state: RunCurves): void {
    let facts = this.#body.querySelector(".facts");
    let charts = this.#body.querySelector(".charts");
    if (!facts || !charts) {
      facts = h("div", { class: "facts" });
      charts = h("div", { class: "charts" });
      replaceChildren(this.#body, facts, charts);
    }
    replaceChildren(facts, ...factsOf(state));
    if (state.step === 0) return;
    const { steps } = this.#data;
    const plain = (title: string): ChartText => ({ title, label: () => title });
    this.#chart(charts, "loss", { title: t("loss"), label: ({ name }) => name }, NOISY).show(steps, this.#data.of("loss"));
    const names = new Set(this.#data.of("loss_by_tau").map(({ name }) => name));
    for (const note of names) {
      const text = { title: t("lossByTau"), note, label: ({ quarter }: Curve) => t("tauQuarters")[quarter] ?? "" };
      this.#chart(charts, `tau-${note}`, text, NOISY).show(steps, this.#data.of("loss_by_tau").filter(({ name }) => name === note));
    }
    const single: [CurveKind, string, ChartKind][] = [
      ["tokens_per_s", t("speed"), { noisy: true, mayBeLogarithmic: false }],
      ["grad_norm", t("gradNorm"), NOISY],
      ["rate", t("rateFactor"), { noisy: false, mayBeLogarithmic: false }],
    ];
    for (const [kind, title, chartKind] of single) this.#chart(charts, kind, plain(title), chartKind).show(steps, this.#data.of(kind));
  }

  #chart(parent: Element, key: string, text: ChartText, kind: ChartKind): Chart {
    let chart = this.#charts.get(key);
    if (!chart) {
      chart = new Chart(`chart-${this.#charts.size}`, text, kind);
      this.#charts.set(key, chart);
      parent.append(chart.element);
    }
    return chart;
  }
}

type State = "running" | "finished" | "notRunning";

function stateOf(run: RunSummary): State {
  if (run.running) return "running";
  return run.last_step !== null && run.step >= run.last_step ? "finished" : "notRunning";
}

function stateBadge(run: RunSummary): HTMLElement {
  const state = stateOf(run);
  return h("span", { class: "run-state", "data-state": state }, t(state));
}

function stepText(run: RunSummary): string {
  if (run.step === 0) return t("noStep");
  const step = `${t("step")} ${number(run.step)}`;
  return run.last_step === null ? step : `${step} ${t("of")} ${number(run.last_step)}`;
}

function progress(run: RunSummary): HTMLElement | null {
  if (run.last_step === null) return null;
  return h("progress", { max: Math.max(run.last_step, 1), value: Math.min(run.step, run.last_step), "aria-label": stepText(run) });
}

function runCard(run: RunList["data"][number]): HTMLElement {
  const losses = Object.entries(run.loss).slice(0, 6);
  return h(
    "li",
    { class: "run-card" },
    h("div", { class: "run-name" }, h("a", { href: `#training/${encodeURIComponent(run.name)}` }, run.name), stateBadge(run)),
    h("p", { class: "run-step" }, stepText(run), run.logged_at !== null && h("span", {}, dateTime(run.logged_at))),
    progress(run),
    losses.length > 0 &&
      h("dl", { class: "run-losses" }, ...losses.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value === null ? "–" : shortNumber(value))))),
  );
}

function factsOf(state: RunCurves): (HTMLElement | null | false)[] {
  const facts: [string, string][] = [];
  if (state.recipe !== null) facts.push([t("recipe"), state.recipe]);
  if (state.logged_at !== null) facts.push([t("lastStepAt"), dateTime(state.logged_at)]);
  if (state.step > 0) facts.push([t("tokensLearnt"), number(state.tokens)]);
  if (state.step > 0 && state.seconds !== null) facts.push([t("timeTaken"), duration(state.seconds)]);
  if (state.energy_j !== null) facts.push([t("energy"), `${shortNumber(state.energy_j / 1000)} kJ`]);
  if (state.skipped_steps > 0) facts.push([t("skippedSteps"), number(state.skipped_steps)]);
  const notes = state.step >= 60 ? [t("smoothed")] : [];
  if (state.stride > 1) notes.push(`${t("meanOf")} ${number(state.stride)}`);
  if (state.bad_lines > 0) notes.push(`${t("badLines")} ${number(state.bad_lines)}`);
  if (state.curves_left_out) notes.push(t("curvesLeftOut"));
  return [
    h("p", { class: "run-step" }, stateBadge(state), stepText(state)),
    progress(state),
    h("dl", { class: "fact-list" }, ...facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
    ...notes.map((note) => h("p", { class: "note" }, note)),
  ];
}
