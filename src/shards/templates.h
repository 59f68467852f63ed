// SPDX-License-Identifier: Apache-2.0
//
// Templates: how raw data become samples, by the names that recipes use.
//
//   text       text (shards:NAME, folder:PATH, a generator) next token
//   chat       text of a conversation (jsonl:FILE)          next token, in answers only
//   forecast   [header] signals                              quantiles at unknown points, anomalies at observed ones
//   picture    caption, noisy picture                        the clean picture
//   caption    picture, text                                 the caption's tokens
//   policy     [instruction] states, noisy actions           the expert's actions
#pragma once

#include <memory>
#include <string_view>

#include "base/files.h"
#include "formats/chat_template.h"
#include "formats/tokenizer.h"
#include "runs/recipe.h"
#include "shards/sample.h"

namespace walchen::shards {

// What samples are written with; all of it must outlive the sources.
struct Reading {
  base::Files& files;
  const formats::Tokenizer& tokenizer;
  const formats::ChatTemplate* chat_template = nullptr;  // null: the model has none
  base::Path shards = {};                                // the folder in which shards:NAME is NAME
};

// The source of one [[data]] entry, or of what is kept from it for evaluation.
// Errors: kNotFound (template, generator: names those there are), kInvalidArgument (an option), those of reading files.
Result<std::unique_ptr<SampleSource>> MakeSource(const runs::DataPlan& data, uint64_t seed, const Reading& reading, Share share);

// The modality that samples of a template are made for; empty: text alone, or no such template.
std::string_view ModalityOfTemplate(std::string_view sample_template);

}  // namespace walchen::shards
