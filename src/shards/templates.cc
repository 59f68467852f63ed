// SPDX-License-Identifier: Apache-2.0
#include "shards/templates.h"

#include <array>

#include "shards/chat_samples.h"
#include "shards/folder_samples.h"
#include "shards/generated_samples.h"
#include "shards/shard_samples.h"

namespace walchen::shards {
namespace {

using MakeGenerated = Result<std::unique_ptr<SampleSource>> (*)(runs::Options&, uint64_t, const formats::Tokenizer&);

struct Generator {
  std::string_view name;      // as in source = "generator:NAME"
  std::string_view sample;    // as in template = "..."
  std::string_view modality;
  MakeGenerated make;
};
constexpr std::array kGenerators = {Generator{"sentences", "text", "", MakeTextSource},
                                    Generator{"waves", "forecast", "signals", MakeForecastSource},
                                    Generator{"shapes", "picture", "vision", MakePictureSource},
                                    Generator{"shapes", "caption", "vision", MakeCaptionSource},
                                    Generator{"reach", "policy", "motion", MakePolicySource}};

}  // namespace

std::string_view ModalityOfTemplate(std::string_view sample_template) {
  for (const Generator& generator : kGenerators) {
    if (generator.sample == sample_template) return generator.modality;
  }
  return "";
}

Result<std::unique_ptr<SampleSource>> MakeSource(const runs::DataPlan& data, uint64_t seed, const Reading& reading, Share share) {
  runs::Options options = data.options;
  if (data.source.kind == runs::DataSource::Kind::kJsonl && data.text_template == "chat") {
    if (reading.chat_template == nullptr) {
      return Fail(ErrorCode::kUnsupported, "[[data]] \"{}\": the model has no chat template to write conversations with", data.name);
    }
    TRY_ASSIGN(auto source, MakeChatSource(reading.files, data.source.place, options, seed, reading.tokenizer,
                                           *reading.chat_template, share));
    TRY(options.RefuseOthers());
    return source;
  }
  if (data.source.kind == runs::DataSource::Kind::kFolder && data.text_template == "text") {
    TRY_ASSIGN(auto source, MakeFolderSource(reading.files, data.source.place, options, seed, reading.tokenizer, share));
    TRY(options.RefuseOthers());
    return source;
  }
  if (data.source.kind == runs::DataSource::Kind::kShards && data.text_template == "text") {
    TRY_ASSIGN(auto source, MakeShardSource(reading.files, reading.shards / data.source.place, data.tiers, options, seed,
                                            reading.tokenizer, share));
    TRY(options.RefuseOthers());
    return source;
  }
  // Generators keep nothing: what nobody has seen is made from another seed.
  constexpr uint64_t kHeldOutSeeds = uint64_t{1} << 63;
  const uint64_t own_seed = share == Share::kHeldOut ? kHeldOutSeeds | seed : seed;
  std::string known = "\"chat\" of jsonl:FILE, \"text\" of folder:PATH or shards:NAME";
  for (const Generator& generator : kGenerators) {
    known += fmt::format(", \"{}\" of generator:{}", generator.sample, generator.name);
    const bool is_this = data.source.kind == runs::DataSource::Kind::kGenerator && data.source.place == generator.name &&
                         data.text_template == generator.sample;
    if (!is_this) continue;
    TRY_ASSIGN(auto source, generator.make(options, own_seed, reading.tokenizer));
    TRY(options.RefuseOthers());
    return source;
  }
  return Fail(ErrorCode::kNotFound, "[[data]] \"{}\": there is no template \"{}\" for the source {}; there are {}", data.name,
              data.text_template, data.source.place, known);
}

}  // namespace walchen::shards
