// SPDX-License-Identifier: Apache-2.0
//
// The shards of a home: a folder for each build, and in it its shards.
#pragma once

#include <functional>

#include "base/files.h"
#include "base/status.h"

namespace walchen::data {

// Calls take for each NAME/*.shard under `shards`, in order. Nothing where there is no such folder.
Result<void> ForEachShard(base::Files& files, const base::Path& shards, const std::function<Result<void>(const base::Path&)>& take);

}  // namespace walchen::data
