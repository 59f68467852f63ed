// SPDX-License-Identifier: Apache-2.0
//
// Where the weights of a sense stand in a file: an adapter beside its base, or one file with everything.
#pragma once

#include <string>
#include <string_view>

#include "base/files.h"
#include "formats/gguf.h"
#include "model/backend.h"
#include "model/sense_config.h"

namespace walchen::model {

// Parts point into the file, which must outlive them. Errors: kNotFound (names the tensor), kCorrupt (its shape, and the
// one expected). `what` is the middle of a tensor's name: sense.NAME.<what>.weight.
class SenseFile {
 public:
  SenseFile(const formats::GgufFile& file, const SenseConfig& sense);
  Result<MatrixPart> Matrix(std::string_view what) const;
  Result<NamedVector> Vector(std::string_view what) const;

 private:
  Result<const formats::TensorEntry*> Find(std::string_view what, size_t dimensions) const;

  const formats::GgufFile& file_;
  const SenseConfig& sense_;
  std::vector<SenseTensor> expected_;
};

// A sense that has learned nothing yet, as a model file adds it: matrices normal with variance 1 / columns, outputs zero.
// `key_norms` holds for each text layer the gains that queries and keys start with ([head_size] each; empty: ones), see
// the text stream's own key norms. The same numbers for the same seed.
void AddNewSense(const SenseConfig& sense, uint64_t seed, std::vector<std::vector<float>> key_norms, formats::GgufWriter& writer);

// The keys that say which senses a file holds; once per file, before AddNewSense.
void AddSenseList(std::span<const SenseConfig> senses, formats::GgufWriter& writer);

// Whether a sense fits a text stream. kInvalidArgument says in what they differ; a base of another digest too, where
// both are known.
Result<void> CheckSenseFits(const SenseConfig& sense, const SharedAttention& text, std::string_view text_sha256);

}  // namespace walchen::model
