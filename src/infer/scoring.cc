// SPDX-License-Identifier: Apache-2.0
#include "infer/scoring.h"

#include <algorithm>
#include <cmath>

#include "base/zeroed_memory.h"
#include "infer/cpu_model.h"

namespace walchen::infer {

using formats::TokenId;

Result<void> Score(const ModelFile& model, std::span<const TokenId> tokens, const ScoringOptions& options,
                   const std::function<bool(int64_t, std::span<const float>)>& on_logits) {
  const auto* cpu_model = dynamic_cast<const CpuModel*>(&model);
  CHECK(cpu_model != nullptr);
  const model::LlamaConfig& config = cpu_model->config();
  const auto count = static_cast<int64_t>(tokens.size());
  CHECK(options.chunk_tokens > 0);
  if (count == 0) return Fail(ErrorCode::kInvalidArgument, "no tokens: expected at least one");
  if (count > config.context_tokens) {
    return Fail(ErrorCode::kTooLarge, "{} tokens, but the model's context holds {}", count, config.context_tokens);
  }
  for (const TokenId token : tokens) {
    if (token < 0 || token >= config.vocabulary) {
      return Fail(ErrorCode::kInvalidArgument, "token {} is not in the vocabulary of {}", token, config.vocabulary);
    }
  }
  TRY_ASSIGN(const int adapter, model.FindAdapter(options.adapter));
  const KvShape shape = cpu_model->kv_shape(options.kv_type);
  const int64_t pages = (count + tensor::kPagePositions - 1) / tensor::kPagePositions;
  TRY_ASSIGN(const base::ZeroedMemory memory, base::ZeroedMemory::Allocate(pages * shape.page_bytes()));
  KvPages cache;
  for (int64_t page = 0; page < pages; ++page) cache.pages.push_back(memory.data() + page * shape.page_bytes());
  base::ThreadPool pool(options.threads > 0 ? options.threads : base::AvailableCpus());
  CpuBackend backend(cpu_model->kernels(), pool, shape);

  for (int64_t first = 0; first < count; first += options.chunk_tokens) {
    const int64_t rows = std::min<int64_t>(options.chunk_tokens, count - first);
    model::Placement<KvPages> at;
    at.segments.push_back({.rows = static_cast<int>(rows), .first_position = first, .cache = &cache, .adapter = adapter});
    std::vector<int32_t> wanted;
    for (int64_t row = 0; row < rows; ++row) {
      if (!options.last_only || first + row == count - 1) wanted.push_back(static_cast<int32_t>(row));
    }
    const auto chunk = tokens.subspan(static_cast<size_t>(first), static_cast<size_t>(rows));
    const CpuBackend::Tensor logits = model::Forward(backend, config, cpu_model->weights(), chunk, at, wanted);
    for (size_t i = 0; i < wanted.size(); ++i) {
      const std::span row(logits.row(static_cast<int64_t>(i)), static_cast<size_t>(logits.columns()));
      if (!on_logits(first + wanted[i], row)) return {};
    }
  }
  return {};
}

double NegativeLogLikelihood(std::span<const float> logits, TokenId token) {
  const float max = *std::ranges::max_element(logits);
  double total = 0;
  for (const float logit : logits) total += std::exp(static_cast<double>(logit) - max);
  return std::log(total) + max - logits[static_cast<size_t>(token)];
}

Result<Perplexity> MeasurePerplexity(const ModelFile& model, std::span<const TokenId> tokens, int window_tokens,
                                     const ScoringOptions& options) {
  double total = 0;
  Perplexity result;
  const auto window = std::min(tokens.size(), static_cast<size_t>(window_tokens));
  const bool shorter = tokens.size() < static_cast<size_t>(window_tokens);
  for (size_t begin = 0; begin + window <= tokens.size() && window > 1; begin += window) {
    const auto text = tokens.subspan(begin, window);
    const auto counted_from = static_cast<int64_t>(shorter ? 0 : window / 2);
    TRY(Score(model, text, options, [&](int64_t position, std::span<const float> logits) {
      if (position < counted_from || position + 1 == static_cast<int64_t>(window)) return true;
      total += NegativeLogLikelihood(logits, text[static_cast<size_t>(position) + 1]);
      ++result.tokens;
      return true;
    }));
  }
  if (result.tokens == 0) {
    return Fail(ErrorCode::kInvalidArgument, "the text has {} tokens, expected at least 2", tokens.size());
  }
  result.perplexity = std::exp(total / static_cast<double>(result.tokens));
  return result;
}

}  // namespace walchen::infer
