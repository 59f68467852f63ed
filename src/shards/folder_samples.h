// SPDX-License-Identifier: Apache-2.0
//
// A folder of text as a source: every .txt and .md file under it, in the order of their paths, each ended by the token that
// ends a text, cut into windows of one length. A window's last token has the first one of the next as its target.
//
// An epoch takes each window once, in an order that the seed and the epoch's number decide. Every tenth file (of fewer than
// ten, the last one; of one file, its last tenth of windows) is kept for evaluation.
#pragma once

#include <memory>

#include "base/files.h"
#include "formats/tokenizer.h"
#include "runs/options.h"
#include "shards/sample.h"

namespace walchen::shards {

// Options: tokens (256), the length of a window.
// Errors: kNotFound (no such folder), kCorrupt (no text in it; a file that is no UTF-8: names the byte), kTooLarge.
Result<std::unique_ptr<SampleSource>> MakeFolderSource(base::Files& files, const base::Path& folder, runs::Options& options,
                                                       uint64_t seed, const formats::Tokenizer& tokenizer, Share share);

}  // namespace walchen::shards
