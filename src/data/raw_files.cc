// SPDX-License-Identifier: Apache-2.0
#include "data/raw_files.h"

#include <ranges>

#include "base/limits.h"
#include "base/sha256.h"
#include "ledger/event.h"

namespace walchen::data {
namespace {

RawFile FileAt(base::Files& files, const base::Path& path, const base::Path& real) {
  RawFile file = {.path = path};
  const auto info = files.Stat(path);
  const auto resolved = files.Resolve(path);
  if (!info || !resolved) {
    file.trouble = !info ? info.error().message() : resolved.error().message();
    return file;
  }
  file.size = info->size;
  if (*resolved != real) {
    file.trouble = "a link; add what it points to by its own path";
  } else if (file.size > static_cast<uint64_t>(base::kExtractFileMaxBytes)) {
    file.trouble = fmt::format("expected at most {} bytes, found {}", base::kExtractFileMaxBytes, file.size);
  }
  return file;
}

// What is still to be looked at, nearest last.
struct Waiting {
  base::Path path, real;
  int depth = 0;
};

}  // namespace

Result<void> WalkFiles(base::Files& files, const base::Path& top, const std::function<Result<void>(const RawFile&)>& take) {
  TRY_ASSIGN(const base::Path real_top, files.Resolve(top));
  std::vector<Waiting> waiting = {{.path = top, .real = real_top}};
  while (!waiting.empty()) {
    const Waiting next = std::move(waiting.back());
    waiting.pop_back();
    const auto info = files.Stat(next.path);
    const bool is_link = next.depth > 0 && files.Resolve(next.path).value_or(base::Path()) != next.real;
    if (!info || !info->is_folder || is_link) {
      TRY(take(FileAt(files, next.path, next.real)));
      continue;
    }
    auto names = files.List(next.path);
    if (names && next.depth >= base::kRawFolderMaxDepth) {
      names = Fail(ErrorCode::kTooLarge, "expected folders at most {} deep", base::kRawFolderMaxDepth);
    }
    if (!names) {
      TRY(take({.path = next.path, .trouble = names.error().message()}));
      continue;
    }
    for (const std::string& name : std::views::reverse(*names)) {
      if (!name.starts_with('.')) waiting.push_back({next.path / name, next.real / name, next.depth + 1});
    }
  }
  return {};
}

Result<std::string> StateOfFiles(base::Files& files, const std::vector<base::Path>& tops) {
  base::Sha256 hash;
  for (const base::Path& top : tops) {
    TRY(WalkFiles(files, top, [&](const RawFile& file) -> Result<void> {
      const auto info = files.Stat(file.path);
      hash.Update(base::AsBytes(fmt::format("{}\n{} {} {}\n", file.path.native(), file.size, info ? info->modified_s : 0, file.trouble)));
      return {};
    }));
  }
  return ledger::HexOf(hash.Finish());
}

}  // namespace walchen::data
