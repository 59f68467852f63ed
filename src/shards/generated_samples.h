// SPDX-License-Identifier: Apache-2.0
//
// The templates over the small worlds of shards/generators.h. Which numbers a sample is made of depends on its index only.
#pragma once

#include <memory>

#include "formats/tokenizer.h"
#include "runs/options.h"
#include "shards/sample.h"

namespace walchen::shards {

// Each takes its options, and says in MakeX what there are. The tokenizer must outlive the source.
Result<std::unique_ptr<SampleSource>> MakeTextSource(runs::Options& options, uint64_t seed, const formats::Tokenizer& tokenizer);
Result<std::unique_ptr<SampleSource>> MakeForecastSource(runs::Options& options, uint64_t seed, const formats::Tokenizer& tokenizer);
Result<std::unique_ptr<SampleSource>> MakePictureSource(runs::Options& options, uint64_t seed, const formats::Tokenizer& tokenizer);
Result<std::unique_ptr<SampleSource>> MakeCaptionSource(runs::Options& options, uint64_t seed, const formats::Tokenizer& tokenizer);
Result<std::unique_ptr<SampleSource>> MakePolicySource(runs::Options& options, uint64_t seed, const formats::Tokenizer& tokenizer);

}  // namespace walchen::shards
