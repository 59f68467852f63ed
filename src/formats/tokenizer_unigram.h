// SPDX-License-Identifier: Apache-2.0
//
// The unigram language model of SentencePiece (Kudo, arXiv:1804.10959): of all ways to cut a word into pieces the one
// whose scores add up to most, found by Viterbi's algorithm. O(bytes * longest piece) time, O(bytes) memory.
#pragma once

#include <memory>
#include <vector>

#include "formats/tokenizer_model.h"

namespace walchen::formats {

struct UnigramOptions {
  std::vector<double> scores;     // one for each token
  std::vector<bool> usable;       // one for each token: whether text may become it
  UnknownRule unknown = {};       // runs of unknown characters are always fused
};

std::unique_ptr<WordModel> MakeUnigram(const Vocabulary& vocabulary, UnigramOptions options);

}  // namespace walchen::formats
