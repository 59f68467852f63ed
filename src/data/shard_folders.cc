// SPDX-License-Identifier: Apache-2.0
#include "data/shard_folders.h"

namespace walchen::data {

Result<void> ForEachShard(base::Files& files, const base::Path& shards, const std::function<Result<void>(const base::Path&)>& take) {
  if (!files.Exists(shards)) return {};
  TRY_ASSIGN(const std::vector<std::string> builds, files.List(shards));
  for (const std::string& build : builds) {
    TRY_ASSIGN(const base::FileInfo info, files.Stat(shards / build));
    if (!info.is_folder) continue;
    TRY_ASSIGN(const std::vector<std::string> names, files.List(shards / build));
    for (const std::string& name : names) {
      if (name.ends_with(".shard")) TRY(take(shards / build / name));
    }
  }
  return {};
}

}  // namespace walchen::data
