// SPDX-License-Identifier: Apache-2.0
// What the user may set, kept in the browser.

export interface Settings {
  system: string;
  temperature: number;
  topP: number;
  maxTokens: number;
  seed: number | null; // null: another one each time
}

export const DEFAULTS: Settings = { system: "", temperature: 0.7, topP: 0.95, maxTokens: 512, seed: null };

export const BOUNDS = {
  temperature: { min: 0, max: 2, step: 0.05 },
  topP: { min: 0.05, max: 1, step: 0.05 },
  maxTokens: { min: 1, max: 8192, step: 1 },
  seed: { min: 0, max: 4294967295, step: 1 },
} as const;

const KEY = "walchen.settings";

export function loadSettings(): Settings {
  try {
    return checked(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Settings>);
  } catch {
    return { ...DEFAULTS };
  }
}

export function saveSettings(settings: Settings): void {
  localStorage.setItem(KEY, JSON.stringify(settings));
}

/** Anything may stand in the storage: an older version's settings, another program's. */
function checked(stored: Partial<Settings>): Settings {
  return {
    system: typeof stored.system === "string" ? stored.system : DEFAULTS.system,
    temperature: within("temperature", stored.temperature) ?? DEFAULTS.temperature,
    topP: within("topP", stored.topP) ?? DEFAULTS.topP,
    maxTokens: within("maxTokens", stored.maxTokens) ?? DEFAULTS.maxTokens,
    seed: within("seed", stored.seed),
  };
}

/** The number moved into its bounds; null if it is none. */
export function within(name: keyof typeof BOUNDS, value: unknown): number | null {
  if (typeof value !== "number" || !Number.isFinite(value)) return null;
  const { min, max, step } = BOUNDS[name];
  const inside = Math.min(Math.max(value, min), max);
  return step === 1 ? Math.round(inside) : inside;
}
