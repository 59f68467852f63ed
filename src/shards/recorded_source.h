// SPDX-License-Identifier: Apache-2.0
//
// What the ledger knows as the source of training data that come from no shards: a generator with its version and seed, or a
// user's folder or file. `walchen train` writes it down before a run begins, and the run says by its name what it read.
#pragma once

#include <span>

#include "base/files.h"
#include "base/status.h"
#include "ledger/documents.h"
#include "ledger/records.h"
#include "runs/recipe.h"

namespace walchen::shards {

// The number of what the generators make from a seed: raised when one of them makes something else.
inline constexpr int kGeneratorsVersion = 1;

// Basis own data. Of files: the last one of `known` that has their resolved path as its URI, else one with a new name, which has
// something random in it, because a name stays for ever and must not tell a path. Not for shards. Errors: kNotFound (no such folder or
// file).
Result<ledger::Source> RecordedSource(base::Files& files, const runs::Recipe& recipe, const runs::DataPlan& data,
                                      std::span<const ledger::KnownSource> known);

}  // namespace walchen::shards
