// SPDX-License-Identifier: Apache-2.0
//
// A tiny model with three adapters, as files, for tests.
#pragma once

#include <string>
#include <vector>

#include "base/test_folder.h"
#include "infer/tiny_model_test.h"
#include "model/lora.h"
#include "model/test_lora.h"

namespace walchen::infer {

// "all" and "other" change every matrix that an adapter may change, "some" two of them.
class TinyAdapters {
 public:
  explicit TinyAdapters(const TinyOptions& options = {}) : base_(MakeTinyModel(options)) {
    const auto two = [](std::string_view name) { return name == "blk.0.attn_v.weight" || name == "blk.1.attn_k.weight"; };
    Add("all", {.seed = 1});
    Add("other", {.seed = 2, .rank = 20, .alpha = 10});
    Add("some", {.seed = 3, .rank = 1, .alpha = 3, .changes = two});
  }

  const base::Path& base() const { return base_.path(); }
  const std::vector<AdapterSource>& sources() const { return sources_; }
  std::vector<base::Path> paths() const {
    std::vector<base::Path> paths;
    for (const AdapterSource& source : sources_) paths.push_back(source.path);
    return paths;
  }

  Result<std::shared_ptr<const ModelFile>> TryLoad(const std::vector<AdapterSource>& adapters) const {
    return ModelFile::Load(base::Files::Os(), base_.path(), {.threads = 1, .adapters = adapters});
  }
  std::shared_ptr<const ModelFile> Load() const { return TryLoad(sources_).value(); }
  std::shared_ptr<const ModelFile> Plain() const { return TryLoad({}).value(); }
  // The file of the model with one of them added for good.
  base::Path Merged(const AdapterSource& adapter) const {
    base::ThreadPool pool(1);
    base::Path path = folder_ / ("merged-" + adapter.name + ".gguf");
    const auto merged = model::MergeLora(base::Files::Os(), base_.path(), adapter.path, path, pool);
    CHECK(merged.has_value(), "{}", merged.error().message());
    return path;
  }

 private:
  void Add(const std::string& name, const model::TestLoraOptions& options) {
    const auto file = formats::GgufFile::Open(base::Files::Os(), base_.path()).value();
    sources_.push_back({.name = name, .path = folder_ / (name + ".gguf")});
    model::MakeTestLora(*file, options).Write(sources_.back().path);
  }

  base::TestFolder folder_;
  TinyFile base_;
  std::vector<AdapterSource> sources_;
};

}  // namespace walchen::infer
