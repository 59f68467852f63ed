// SPDX-License-Identifier: Apache-2.0
//
// The engine: many requests on one model at the same time.
//
// Submit never blocks: a request waits in a bounded queue, gets its memory for the whole answer reserved when it is
// admitted, then takes part in every step. A step computes one token for each running answer and a chunk of the prompts
// that are still being read, so a long prompt never stalls the others. Prompts that share a beginning, and the adapter, share
// its keys and values. The same request gives the same tokens whatever else runs (DESIGN's numerics contract).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "formats/tokenizer.h"
#include "infer/model_file.h"
#include "tensor/kv_type.h"

namespace walchen::infer {

using formats::TokenId;

// How the next token is chosen. The defaults leave the model's distribution as it is.
// Order: penalties and bias on the logits, temperature, top-k, typical, top-p, min-p, draw.
struct SamplingOptions {
  float temperature = 1.0f;         // 0 takes the most likely token; range [0, 5]
  int top_k = 0;                    // keep the k most likely; 0 keeps all
  float top_p = 1.0f;               // keep the smallest set of at least this probability; (0, 1]
  float min_p = 0.0f;               // drop tokens under this share of the most likely one's probability; [0, 1]
  float typical_p = 1.0f;           // locally typical sampling (Meister et al. 2022); (0, 1]
  float repetition_penalty = 1.0f;  // divides positive and multiplies negative logits of seen tokens; (0, 10]
  float frequency_penalty = 0.0f;   // subtracted per occurrence in the answer; [-2, 2]
  float presence_penalty = 0.0f;    // subtracted once if it occurs in the answer; [-2, 2]
  std::vector<std::pair<TokenId, float>> logit_bias = {};
  uint64_t seed = 0;
  int top_logprobs = -1;            // -1: no log-probabilities; n >= 0: that of the token and of the n most likely
};

// Errors name the field, the value and the range.
Result<void> Validate(const SamplingOptions& options, int vocabulary_size);

struct GenerateRequest {
  std::vector<TokenId> prompt;      // at least one token
  int max_tokens = 0;               // of the answer; 0: as many as fit into the context
  SamplingOptions sampling;
  std::vector<std::string> stop = {};  // the answer ends before the first of these; they are not part of it
  std::string adapter = {};         // of ModelFile::adapters(); empty: the model as it is
  bool ignore_end_of_generation = false;  // for measuring
};

struct TokenLogprob {
  TokenId token = 0;
  float logprob = 0;
};

enum class FinishReason { kStop, kLength, kCancelled, kError };
// "stop", "length", "cancelled", "error"
std::string_view FinishReasonName(FinishReason reason);

// What happens to a request, in order: any number of pieces, then exactly one end.
struct PieceEvent {
  std::string text;                 // valid UTF-8, at least one character, never part of a stop string
  // The tokens this text came from; log-probabilities if they were asked for.
  std::vector<TokenId> tokens;
  std::vector<TokenLogprob> logprobs;
  std::vector<std::vector<TokenLogprob>> top_logprobs;
};
struct EndEvent {
  FinishReason reason = FinishReason::kStop;
  std::optional<Error> error;       // with kError
  int prompt_tokens = 0;
  int cached_tokens = 0;            // of the prompt, found in the prefix cache
  int completion_tokens = 0;
  double prompt_ms = 0;             // from admission to the first token
  double decode_ms = 0;             // from the first token to the last
  double queue_ms = 0;
};

// Called on the engine's thread: must return at once and must not call the engine (post to your own queue).
struct EventSink {
  std::function<void(PieceEvent)> on_piece;
  std::function<void(EndEvent)> on_end;
};

struct EngineOptions {
  int threads = 0;                  // 0: what the machine and its container grant
  int context_tokens = 0;           // of one request; 0: what the model was trained for, at most 8,192
  int64_t kv_bytes = 0;             // for all requests together; 0: a quarter of the memory that is free, at least
                                    // one full context
  tensor::KvType kv_type = tensor::KvType::kF16;
  int max_running = 64;             // answers in one step
  int prompt_chunk_tokens = 512;    // of prompts, in one step
};

struct EngineStats {
  int running = 0;
  int queued = 0;
  int64_t kv_bytes_used = 0;
  int64_t kv_bytes_total = 0;
  int64_t prompt_tokens = 0;        // since the start; cached ones not counted
  int64_t cached_tokens = 0;
  int64_t completion_tokens = 0;
};

using RequestId = uint64_t;

// Thread-safe. Destroying it cancels what runs; every accepted request still gets its end event.
class Engine {
 public:
  static Result<std::unique_ptr<Engine>> Create(std::shared_ptr<const ModelFile> model, const EngineOptions& options);
  virtual ~Engine() = default;

  // Errors: kInvalidArgument (a field), kTooLarge (the prompt does not fit: names both numbers), kResourceExhausted (the
  // queue is full). After an error no event comes; after success exactly one end event.
  virtual Result<RequestId> Submit(GenerateRequest request, EventSink sink) = 0;
  // The end event follows within one step. Unknown ids are ignored (the request may have just ended).
  virtual void Cancel(RequestId request) = 0;

  virtual const ModelFile& model() const = 0;
  virtual int context_tokens() const = 0;
  virtual EngineStats Stats() const = 0;
};

// One request from start to end on the calling thread; on_text gets the pieces and may return false to stop.
struct Answer {
  std::string text;
  EndEvent end;
};
Result<Answer> Generate(Engine& engine, GenerateRequest request,
                        const std::function<bool(std::string_view)>& on_text = nullptr);

}  // namespace walchen::infer
