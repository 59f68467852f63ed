// SPDX-License-Identifier: Apache-2.0
#include "shards/templates.h"

#include <array>

#include "shards/generated_samples.h"

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

Result<std::unique_ptr<SampleSource>> MakeSource(const runs::DataPlan& data, uint64_t seed,
                                                 const formats::Tokenizer& tokenizer, base::Files&) {
  std::string known;
  for (const Generator& generator : kGenerators) {
    known += fmt::format("{}\"{}\" of generator:{}", known.empty() ? "" : ", ", generator.sample, generator.name);
    const bool is_this = data.source.kind == runs::DataSource::Kind::kGenerator && data.source.place == generator.name &&
                         data.text_template == generator.sample;
    if (!is_this) continue;
    runs::Options options = data.options;
    TRY_ASSIGN(auto source, generator.make(options, seed, tokenizer));
    TRY(options.RefuseOthers());
    return source;
  }
  return Fail(ErrorCode::kNotFound, "[[data]] \"{}\": there is no template \"{}\" for the source {}; there are {}", data.name,
              data.text_template, data.source.place, known);
}

}  // namespace walchen::shards
