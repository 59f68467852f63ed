// SPDX-License-Identifier: Apache-2.0
//
// Logits of whole texts: from the reference backend, and from the cpu backend.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "formats/gguf.h"
#include "infer/scoring.h"
#include "model/llama.h"
#include "model/reference_backend.h"
#include "tensor/kernels/kernels.h"

namespace walchen::infer {

using formats::TokenId;
using model::ReferenceBackend;
using Numerics = ReferenceBackend::Numerics;
using Rows = std::vector<std::vector<float>>;  // logits of each position

// Empty where there is none.
inline base::Path RealModelPath() {
  if (const char* path = std::getenv("WALCHEN_TEST_MODEL")) return path;
  const char* home = std::getenv("WALCHEN_HOME");
  const char* data = std::getenv("XDG_DATA_HOME");
  const char* user = std::getenv("HOME");
  base::Path folder = home != nullptr   ? base::Path(home)
                      : data != nullptr ? base::Path(data) / "walchen"
                                        : base::Path(user == nullptr ? "/" : user) / ".local/share/walchen";
  folder /= "models/SmolLM2-135M-Instruct.Q4_1.gguf";
  return base::Files::Os().Exists(folder) ? folder : base::Path();
}

// What takes minutes under a sanitizer and shows nothing there that the small models do not show.
inline constexpr bool kSanitized =
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    true;
#else
    false;
#endif
#else
    false;
#endif

// The reference backend on a file: logits of every position of several texts.
class Reference {
 public:
  Reference(const base::Path& path, Numerics numerics, tensor::KvType kv_type = tensor::KvType::kF16,
            const std::vector<base::Path>& adapters = {})
      : backend_(numerics, kv_type) {
    auto file = formats::GgufFile::Open(base::Files::Os(), path);
    CHECK(file.has_value());
    file_ = std::move(*file);
    auto config = model::ReadLlamaConfig(*file_);
    CHECK(config.has_value());
    config_ = std::move(*config);
    for (const base::Path& adapter : adapters) {
      auto lora = model::LoraFile::Open(base::Files::Os(), adapter, *file_);
      CHECK(lora.has_value(), "{}", lora.error().message());
      adapters_.push_back(std::move(*lora));
    }
    auto weights = model::LoadLlama(backend_, *file_, config_, adapters_);
    CHECK(weights.has_value(), "{}", weights.error().message());
    weights_ = std::move(*weights);
  }

  // All texts in one step; text i with adapter i mod (adapters + 1), the last of these being none.
  std::vector<Rows> Score(const std::vector<std::vector<TokenId>>& texts) {
    std::vector<ReferenceBackend::Cache> caches(texts.size());
    model::Placement<ReferenceBackend::Cache> at;
    std::vector<int32_t> tokens, wanted;
    for (size_t i = 0; i < texts.size(); ++i) {
      at.segments.push_back({.first_row = static_cast<int>(tokens.size()), .rows = static_cast<int>(texts[i].size()),
                             .cache = &caches[i], .adapter = AdapterOf(i)});
      for (const TokenId token : texts[i]) {
        wanted.push_back(static_cast<int32_t>(tokens.size()));
        tokens.push_back(token);
      }
    }
    const ReferenceBackend::Tensor logits = model::Forward(backend_, config_, weights_, tokens, at, wanted);
    std::vector<Rows> scored;
    int64_t row = 0;
    for (const std::vector<TokenId>& text : texts) {
      Rows& rows = scored.emplace_back();
      for (size_t i = 0; i < text.size(); ++i, ++row) rows.emplace_back(logits.row(row), logits.row(row) + logits.columns);
    }
    return scored;
  }

  int AdapterOf(size_t text) const {
    const size_t adapter = text % (adapters_.size() + 1);
    return adapter == adapters_.size() ? -1 : static_cast<int>(adapter);
  }

 private:
  ReferenceBackend backend_;
  std::vector<model::LoraFile> adapters_;
  std::unique_ptr<formats::GgufFile> file_;
  model::LlamaConfig config_;
  model::LlamaWeights<ReferenceBackend> weights_;
};

// A model loaded for one CPU path.
inline std::shared_ptr<const ModelFile> LoadFor(const tensor::KernelTable& path, const base::Path& file,
                                                const std::vector<AdapterSource>& adapters = {}) {
  ::setenv("WALCHEN_CPU_PATH", std::string(path.name).c_str(), 1);
  auto model = ModelFile::Load(base::Files::Os(), file, {.threads = 2, .adapters = adapters});
  ::unsetenv("WALCHEN_CPU_PATH");
  CHECK(model.has_value(), "{}", model.error().message());
  return *model;
}

inline Rows ScoreOnCpu(const ModelFile& model, const std::vector<TokenId>& tokens,
                       tensor::KvType kv_type = tensor::KvType::kF16, const std::string& adapter = "") {
  Rows rows;
  const auto scored = Score(model, tokens, {.threads = 2, .kv_type = kv_type, .chunk_tokens = 30, .adapter = adapter},
                            [&](int64_t, std::span<const float> logits) {
                              rows.emplace_back(logits.begin(), logits.end());
                              return true;
                            });
  CHECK(scored.has_value());
  return rows;
}

}  // namespace walchen::infer
