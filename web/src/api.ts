// SPDX-License-Identifier: Apache-2.0
// The server's API as this page uses it.
import { events } from "./sse";
import type { Settings } from "./settings";

export interface Turn {
  role: "system" | "user" | "assistant";
  content: string;
}

export interface Model {
  id: string;
  context_length: number;
}

export interface Measurements {
  seed: number;
  finishReason: string;
  promptTokens: number;
  completionTokens: number;
  tokensPerSecond: number;
  firstTokenMs: number;
}

/** A training run and where it is. */
export interface RunSummary {
  name: string;
  recipe: string | null;
  running: boolean;
  step: number;
  last_step: number | null;
  logged_at: number | null; // seconds since 1970
}

export interface RunList {
  data: (RunSummary & { loss: Record<string, number | null> })[];
  left_out: number;
}

export type Values = (number | null)[];

export interface RunPoints {
  step: number[];
  tokens_per_s: Values;
  grad_norm: Values;
  rate: Values;
  loss: Record<string, Values>;
  loss_by_tau: Record<string, Values[]>;
}

/** Points of a run's curves, those after a step that was asked for. */
export interface RunCurves extends RunSummary {
  tokens: number;
  seconds: number | null;
  energy_j: number | null;
  skipped_steps: number;
  bad_lines: number;
  curves_left_out: boolean;
  more: boolean; // the server has not read all of the log yet: ask again
  stride: number;
  after: number; // what to ask with next time
  points: RunPoints;
}

export type Problem = "token" | "unreachable" | "context" | "busy" | "stopping" | "model" | "run" | "invalid" | "server";

/** What went wrong, by kind, with the server's own words. */
export class ApiError extends Error {
  constructor(
    readonly problem: Problem,
    detail: string,
  ) {
    super(detail);
  }
}

interface ErrorBody {
  error?: { message?: string; code?: string | null };
}

interface Chunk extends ErrorBody {
  seed?: number;
  choices?: { delta?: { content?: string }; finish_reason?: string | null }[];
  usage?: { prompt_tokens: number; completion_tokens: number } | null;
  timings?: { decode_tokens_per_s: number };
}

function problemOf(status: number, code: string | null | undefined): Problem {
  if (code === "context_length_exceeded") return "context";
  if (code === "model_not_found") return "model";
  if (code === "run_not_found") return "run";
  if (status === 401) return "token";
  if (status === 429) return "busy";
  if (status === 503 || code === "unavailable") return "stopping";
  return status >= 400 && status < 500 ? "invalid" : "server";
}

async function call(path: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(path, { ...init, credentials: "same-origin" });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError("unreachable", String(error));
  }
  if (response.ok) return response;
  const body = (await response.json().catch(() => ({}))) as ErrorBody;
  throw new ApiError(problemOf(response.status, body.error?.code), body.error?.message ?? `HTTP ${response.status}`);
}

export async function model(): Promise<Model> {
  const list = (await (await call("/v1/models")).json()) as { data: Model[] };
  const first = list.data[0];
  if (!first) throw new ApiError("model", "the server has no model");
  return first;
}

async function get<Answer>(path: string, signal: AbortSignal): Promise<Answer> {
  return (await (await call(path, { signal })).json()) as Answer;
}

export function runList(signal: AbortSignal): Promise<RunList> {
  return get("/walchen/runs", signal);
}

export function runCurves(name: string, after: number, signal: AbortSignal): Promise<RunCurves> {
  return get(`/walchen/runs/${encodeURIComponent(name)}?after=${after}`, signal);
}

/**
 * Asks for an answer and hands on its pieces as they come; resolves when it is complete. Aborting the signal makes the
 * server stop within one token.
 */
export async function answer(
  turns: Turn[],
  settings: Settings,
  signal: AbortSignal,
  onText: (piece: string) => void,
): Promise<Measurements> {
  const started = performance.now();
  const response = await call("/v1/chat/completions", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(requestBody(turns, settings)),
    signal,
  });
  if (!response.body) throw new ApiError("server", "the answer has no body");

  const result: Measurements = {
    seed: 0,
    finishReason: "",
    promptTokens: 0,
    completionTokens: 0,
    tokensPerSecond: 0,
    firstTokenMs: 0,
  };
  try {
    for await (const data of events(response.body)) {
      if (data === "[DONE]") return result;
      take(JSON.parse(data) as Chunk, result, (piece) => {
        if (result.firstTokenMs === 0) result.firstTokenMs = performance.now() - started;
        onText(piece);
      });
    }
  } catch (error) {
    if (signal.aborted || error instanceof ApiError) throw error;
    throw new ApiError("unreachable", String(error));
  }
  throw new ApiError("unreachable", "the answer broke off");
}

function requestBody(turns: Turn[], settings: Settings): object {
  const system: Turn[] = settings.system ? [{ role: "system", content: settings.system }] : [];
  return {
    messages: [...system, ...turns],
    stream: true,
    stream_options: { include_usage: true },
    temperature: settings.temperature,
    top_p: settings.topP,
    max_tokens: settings.maxTokens,
    ...(settings.seed === null ? {} : { seed: settings.seed }),
  };
}

function take(chunk: Chunk, result: Measurements, onText: (piece: string) => void): void {
  if (chunk.error) throw new ApiError(problemOf(500, chunk.error.code), chunk.error.message ?? "");
  if (chunk.seed !== undefined) result.seed = chunk.seed;
  const choice = chunk.choices?.[0];
  if (choice?.delta?.content) onText(choice.delta.content);
  if (choice?.finish_reason) result.finishReason = choice.finish_reason;
  if (chunk.usage) {
    result.promptTokens = chunk.usage.prompt_tokens;
    result.completionTokens = chunk.usage.completion_tokens;
  }
  if (chunk.timings) result.tokensPerSecond = chunk.timings.decode_tokens_per_s;
}
