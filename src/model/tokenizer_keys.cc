// SPDX-License-Identifier: Apache-2.0
#include "model/tokenizer_keys.h"

namespace walchen::model {

Result<GgufKeys> ReadTokenizerKeys(base::Files& files, const base::Path& path) {
  TRY_ASSIGN(const auto file, formats::GgufFile::Open(files, path));
  GgufKeys keys;
  for (const auto& [key, value] : file->metadata()) {
    if (key.starts_with("tokenizer.")) keys.emplace_back(key, value);
  }
  if (keys.empty()) return Fail(ErrorCode::kNotFound, "{} holds no tokenizer", path.native());
  return keys;
}

}  // namespace walchen::model
