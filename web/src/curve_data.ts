// SPDX-License-Identifier: Apache-2.0
// The points of one run's curves, as they come from the server piece by piece.
import type { RunCurves, RunPoints, Values } from "./api";

export type CurveKind = "loss" | "loss_by_tau" | "tokens_per_s" | "grad_norm" | "rate";

export interface Curve {
  kind: CurveKind;
  name: string; // of a loss
  quarter: number; // of a loss by noise level
  values: Values; // one for each step
}

export class CurveData {
  steps: number[] = [];
  /** The last answer: where the run is. */
  state: RunCurves | null = null;
  readonly #curves = new Map<string, Curve>();

  of(kind: CurveKind): Curve[] {
    return [...this.#curves.values()].filter((curve) => curve.kind === kind);
  }

  /** What to ask for next: all points after this step. */
  get after(): number {
    return this.state?.after ?? 0;
  }

  /**
   * False: this answer does not go on where the last one ended (the server put more steps together, or the run was resumed
   * from an earlier step), so everything has to be asked for again.
   */
  take(answer: RunCurves): boolean {
    const before = this.state;
    if (before && (answer.stride !== before.stride || answer.step < before.step || (answer.running && !before.running))) {
      this.state = null;
      this.steps = [];
      this.#curves.clear();
      return false;
    }
    // The newest point was a single step; it comes again, as it is or in the mean of its group.
    const kept = this.steps.filter((step) => step <= this.after).length;
    for (const [key, curve] of flat(answer.points)) {
      const known = this.#curves.get(key)?.values.slice(0, kept) ?? new Array<null>(kept).fill(null);
      this.#curves.set(key, { ...curve, values: known.concat(curve.values) });
    }
    this.steps = this.steps.slice(0, kept).concat(answer.points.step);
    this.state = answer;
    return true;
  }
}

/** Every answer names every curve, also those without a new value. */
function flat(points: RunPoints): [string, Curve][] {
  const curves: Curve[] = [];
  const add = (kind: CurveKind, values: Values, name = "", quarter = 0) => curves.push({ kind, name, quarter, values });
  for (const [name, values] of Object.entries(points.loss)) add("loss", values, name);
  for (const [name, quarters] of Object.entries(points.loss_by_tau)) quarters.forEach((values, quarter) => add("loss_by_tau", values, name, quarter));
  add("tokens_per_s", points.tokens_per_s);
  add("grad_norm", points.grad_norm);
  add("rate", points.rate);
  return curves.map((curve) => [`${curve.kind} ${curve.quarter} ${curve.name}`, curve]);
}

export interface Extent {
  newest: number;
  lowest: number;
  highest: number;
}

/** Null if there is no value at all. */
export function extent(values: Values): Extent | null {
  const finite = values.filter((value) => value !== null);
  const newest = finite.at(-1);
  if (newest === undefined) return null;
  return {
    newest,
    lowest: finite.reduce((a, b) => Math.min(a, b)),
    highest: finite.reduce((a, b) => Math.max(a, b)),
  };
}

/**
 * The mean of each value and its neighbours, a thirtieth of the curve together, as `walchen train watch` draws it: near
 * the beginning as many on both sides, because a steep fall would bend there; at the end those before it, because a
 * single noisy step must not look like a turn.
 */
export function smooth(values: Values): Values {
  const reach = Math.floor(values.length / 60);
  const sums = [0];
  const counts = [0];
  values.forEach((value, at) => {
    sums.push((sums[at] ?? 0) + (value ?? 0));
    counts.push((counts[at] ?? 0) + (value === null ? 0 : 1));
  });
  return values.map((value, at) => {
    const before = Math.min(reach, at);
    const begin = at - before;
    const end = Math.min(at + before, values.length - 1) + 1;
    const count = (counts[end] ?? 0) - (counts[begin] ?? 0);
    return value === null || count === 0 ? null : ((sums[end] ?? 0) - (sums[begin] ?? 0)) / count;
  });
}
