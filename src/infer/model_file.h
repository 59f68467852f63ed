// SPDX-License-Identifier: Apache-2.0
//
// A model as it lies on the disk, opened for use: configuration, tokenizer, chat template and repacked weights.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/files.h"
#include "base/status.h"
#include "formats/chat_template.h"
#include "formats/tokenizer.h"

namespace walchen::model {
struct LlamaConfig;
}

namespace walchen::infer {

// An adapter (model/lora_file.h) and what requests call it.
struct AdapterSource {
  std::string name;
  base::Path path;
};

// Immutable, thread-safe, shared by engines.
class ModelFile {
 public:
  struct Options {
    int threads = 0;  // for repacking; 0: all
    std::vector<AdapterSource> adapters = {};  // to load beside the model
  };
  // Errors: those of GgufFile, Tokenizer, ChatTemplate and LoraFile, with the path in front; kInvalidArgument (a name of an
  // adapter that cannot be, or is there twice), kTooLarge (more than kAdaptersMax).
  static Result<std::shared_ptr<const ModelFile>> Load(base::Files& files, const base::Path& path,
                                                       const Options& options);
  virtual ~ModelFile() = default;

  // The file's name without folder and ending: what the APIs call the model.
  virtual const std::string& name() const = 0;
  virtual const model::LlamaConfig& config() const = 0;
  virtual const formats::Tokenizer& tokenizer() const = 0;
  // The names of the adapters, in the order they were given.
  virtual std::span<const std::string> adapters() const = 0;
  // The place of an adapter in that list, -1 for no name. kInvalidArgument names those there are.
  Result<int> FindAdapter(std::string_view adapter) const;
  // Bytes of weights in memory, without adapters.
  virtual int64_t weight_bytes() const = 0;

  // A conversation as the tokens the model expects, ready for its next answer. `messages` is an array of
  // {"role", "content", ...}; `tools` an array or null. A model without a template gets ChatML.
  virtual Result<std::vector<formats::TokenId>> EncodeChat(const nlohmann::ordered_json& messages,
                                                           const nlohmann::ordered_json& tools) const = 0;
};

}  // namespace walchen::infer
