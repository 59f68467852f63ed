// SPDX-License-Identifier: Apache-2.0
#include "infer/mixed_sequence.h"

#include <algorithm>

#include <fmt/ranges.h>

#include "base/sha256.h"
#include "base/threads.h"
#include "base/zeroed_memory.h"
#include "infer/cpu_model.h"
#include "model/sense.h"
#include "model/sense_file.h"
#include "model/sequence_layout.h"

namespace walchen::infer {
namespace {

using formats::TokenId;

struct LoadedSense {
  model::SenseConfig config;
  model::SenseWeights<CpuBackend> weights;
};

class CpuMixedSequence : public MixedSequence {
 public:
  CpuMixedSequence(std::shared_ptr<const CpuModel> base, const tensor::KernelTable& kernels, const KvShape& shape,
                   const Options& options)
      : base_(std::move(base)), options_(options), shape_(shape),
        pool_(options.threads > 0 ? options.threads : base::AvailableCpus()), backend_(kernels, pool_, shape), layout_(shape.layers) {}

  Result<void> Reserve() {
    if (base_ != nullptr) {
      TRY_ASSIGN(adapter_, base_->FindAdapter(options_.adapter));
    }
    const int64_t pages = (options_.slots_max + tensor::kPagePositions - 1) / tensor::kPagePositions;
    TRY_ASSIGN(memory_, base::ZeroedMemory::Allocate(pages * shape_.page_bytes()));
    for (int64_t page = 0; page < pages; ++page) cache_.pages.push_back(memory_.data() + page * shape_.page_bytes());
    return {};
  }

  Result<void> Add(const formats::GgufFile& file, const model::SenseConfig& config, const model::SharedAttention& text,
                   std::string_view base_sha256) {
    if (FindSense(config.name) != nullptr) return Fail(ErrorCode::kInvalidArgument, "there are two senses named {}", config.name);
    TRY(model::CheckSenseFits(config, text, base_sha256));
    TRY_ASSIGN(auto weights, model::LoadSense(backend_, file, config));
    senses_.push_back({config, std::move(weights)});
    senses_.back().config.shared = text;
    return {};
  }

  void Clear() override { layout_ = model::SequenceLayout(shape_.layers); }

  Result<std::vector<float>> Text(std::span<const TokenId> tokens) override {
    if (base_ == nullptr) return Fail(ErrorCode::kUnsupported, "a sense alone reads no text; name its base with --model");
    const model::LlamaConfig& config = base_->config();
    if (tokens.empty()) return Fail(ErrorCode::kInvalidArgument, "no tokens: expected at least one");
    for (const TokenId token : tokens) {
      if (token >= 0 && token < config.vocabulary) continue;
      return Fail(ErrorCode::kInvalidArgument, "token {} is not in the vocabulary of {}", token, config.vocabulary);
    }
    TRY(CheckRoom(static_cast<int64_t>(tokens.size())));
    // Chunks as infer/scoring.h has them; their size changes no bit.
    constexpr size_t kChunkTokens = 512;
    std::vector<float> logits;
    for (size_t first = 0; first < tokens.size(); first += kChunkTokens) {
      const auto chunk = tokens.subspan(first, std::min(kChunkTokens, tokens.size() - first));
      const model::SegmentPlace place = layout_.AddText(static_cast<int>(chunk.size()));
      model::Segment<KvPages> segment = place.In(cache_);
      segment.adapter = adapter_;
      const bool is_last = first + chunk.size() == tokens.size();
      const auto last_row = static_cast<int32_t>(chunk.size()) - 1;
      const auto wanted = std::span(&last_row, is_last ? 1 : 0);
      const CpuBackend::Tensor out = model::Forward(backend_, config, base_->weights(), chunk, {{segment}}, wanted);
      if (is_last) logits.assign(out.row(0), out.row(0) + out.columns());
    }
    return logits;
  }

  Result<SenseOutputs> Sense(std::string_view name, const model::SenseTokens& tokens) override {
    const LoadedSense* sense = FindSense(name);
    if (sense == nullptr) {
      std::vector<std::string> names;
      for (const LoadedSense& loaded : senses_) names.push_back(loaded.config.name);
      return Fail(ErrorCode::kNotFound, "there is no sense {}; loaded are: {}", name, fmt::join(names, ", "));
    }
    CHECK(tokens.features.size() == static_cast<size_t>(tokens.rows) * static_cast<size_t>(sense->config.modality.features));
    TRY(CheckRoom(tokens.rows));
    const model::SegmentPlace place = layout_.AddSense(sense->config, tokens);
    const model::SenseInput<CpuBackend> input = model::InputOf(backend_, sense->config, tokens);
    const CpuBackend::Tensor states =
        model::SenseStates(backend_, sense->config, sense->weights, input, {{place.In(cache_)}});
    SenseOutputs outputs;
    for (const CpuBackend::Tensor& out : model::SenseHeads(backend_, sense->config, sense->weights, states, input.grid)) {
      outputs.emplace_back(out.row(0), out.row(0) + out.rows() * out.columns());
    }
    return outputs;
  }

  const model::Modality* FindModality(std::string_view name) const override {
    const LoadedSense* sense = FindSense(name);
    return sense == nullptr ? nullptr : &sense->config.modality;
  }

 private:
  const LoadedSense* FindSense(std::string_view name) const {
    const auto found = std::ranges::find(senses_, name, [](const LoadedSense& sense) { return sense.config.name; });
    return found == senses_.end() ? nullptr : &*found;
  }

  Result<void> CheckRoom(int64_t rows) const {
    if (layout_.slots() + rows <= options_.slots_max) return {};
    return Fail(ErrorCode::kTooLarge, "the sequence has {} tokens, {} more do not fit into {}", layout_.slots(), rows,
                options_.slots_max);
  }

  std::shared_ptr<const CpuModel> base_;
  Options options_;
  KvShape shape_;
  int adapter_ = -1;
  base::ThreadPool pool_;
  CpuBackend backend_;
  std::vector<LoadedSense> senses_;
  base::ZeroedMemory memory_;
  KvPages cache_;
  model::SequenceLayout layout_;
};

struct OpenedFile {
  std::unique_ptr<formats::GgufFile> file;
  std::vector<model::SenseConfig> senses;
};

Result<std::vector<OpenedFile>> OpenFiles(base::Files& files, std::span<const base::Path> paths) {
  std::vector<OpenedFile> opened;
  for (const base::Path& path : paths) {
    auto file = formats::GgufFile::Open(files, path);
    if (!file) return Forward(file, path.native());
    auto senses = model::ReadSenses(**file);
    if (!senses) return Forward(senses, path.native());
    if (senses->empty()) {
      return Fail(ErrorCode::kInvalidArgument, "{}: expected a model file with senses, found one without", path.native());
    }
    opened.push_back({std::move(*file), std::move(*senses)});
  }
  return opened;
}

// The digest of the base, if a sense names the one that it wants.
Result<std::string> DigestOf(base::Files& files, const base::Path& base_path, const std::vector<OpenedFile>& opened) {
  const auto wants = [](const OpenedFile& file) {
    return std::ranges::any_of(file.senses, [](const model::SenseConfig& sense) { return !sense.base_sha256.empty(); });
  };
  if (base_path.empty() || std::ranges::none_of(opened, wants)) return std::string();
  TRY_ASSIGN(const auto mapped, files.Map(base_path));
  return base::Sha256Hex(mapped->bytes());
}

}  // namespace

Result<std::unique_ptr<MixedSequence>> MixedSequence::Open(base::Files& files, std::shared_ptr<const ModelFile> base,
                                                           const base::Path& base_path, std::span<const base::Path> senses,
                                                           const Options& options) {
  TRY_ASSIGN(const std::vector<OpenedFile> opened, OpenFiles(files, senses));
  if (base == nullptr && opened.empty()) return Fail(ErrorCode::kInvalidArgument, "expected a base or a sense, found neither");
  TRY_ASSIGN(const std::string sha256, DigestOf(files, base_path, opened));
  const auto cpu_model = std::dynamic_pointer_cast<const CpuModel>(base);
  const model::SharedAttention text =
      cpu_model == nullptr ? opened.front().senses.front().shared : model::SharedAttentionOf(cpu_model->config());
  const KvShape shape = {.head = {.head_size = text.head_size, .type = options.kv}, .layers = text.layers, .kv_heads = text.kv_heads};
  TRY_ASSIGN(const tensor::KernelTable* kernels, tensor::ChooseKernels());
  auto sequence = std::make_unique<CpuMixedSequence>(cpu_model, cpu_model == nullptr ? *kernels : cpu_model->kernels(), shape, options);
  TRY(sequence->Reserve());
  for (size_t i = 0; i < opened.size(); ++i) {
    for (const model::SenseConfig& sense : opened[i].senses) {
      if (auto added = sequence->Add(*opened[i].file, sense, text, sha256); !added) return Forward(added, senses[i].native());
    }
  }
  return sequence;
}

}  // namespace walchen::infer
