// SPDX-License-Identifier: Apache-2.0
#include "shards/folder_samples.h"

#include <algorithm>
#include <utility>

#include "base/limits.h"
#include "formats/utf8.h"
#include "shards/epoch_order.h"
#include "shards/held_out.h"

namespace walchen::shards {
namespace {

bool IsText(const base::Path& path) { return path.extension() == ".txt" || path.extension() == ".md"; }

// The text files under a folder, by path. Hidden files and folders are none of them, nor are links, which the ledger does not
// follow either.
Result<std::vector<base::Path>> FindTexts(base::Files& files, const base::Path& top) {
  std::vector<base::Path> found;
  TRY_ASSIGN(const base::Path real_top, files.Resolve(top));
  std::vector<std::pair<base::Path, int>> folders = {{real_top, 0}};  // and how deep they lie
  while (!folders.empty()) {
    const auto [folder, depth] = std::move(folders.back());
    folders.pop_back();
    if (depth > base::kTextFolderMaxDepth) {
      return Fail(ErrorCode::kTooLarge, "{}: expected folders at most {} deep", folder.native(), base::kTextFolderMaxDepth);
    }
    TRY_ASSIGN(const std::vector<std::string> names, files.List(folder));
    for (const std::string& name : names) {
      if (name.starts_with('.')) continue;
      const base::Path path = folder / name;
      if (files.Resolve(path).value_or(base::Path()) != path) continue;
      TRY_ASSIGN(const base::FileInfo info, files.Stat(path));
      if (info.is_folder) {
        folders.emplace_back(path, depth + 1);
      } else if (IsText(path)) {
        found.push_back(path);
      }
    }
  }
  std::ranges::sort(found);
  return found;
}

// All files as tokens, one list each.
Result<std::vector<std::vector<int32_t>>> ReadTexts(base::Files& files, const base::Path& folder, const formats::Tokenizer& tokenizer) {
  TRY_ASSIGN(const std::vector<base::Path> paths, FindTexts(files, folder));
  std::vector<std::vector<int32_t>> texts;
  auto left = static_cast<uint64_t>(base::kTextFolderMaxBytes);
  for (const base::Path& path : paths) {
    auto text = files.Read(path, left);
    if (!text && text.error().code() == ErrorCode::kTooLarge) {
      return Fail(ErrorCode::kTooLarge, "{}: expected at most {} bytes of text, found more; take a part of it", folder.native(),
                  base::kTextFolderMaxBytes);
    }
    if (!text) return Forward(text);
    left -= text->size();
    if (const size_t valid = formats::ValidUtf8Prefix(*text); valid < text->size()) {
      return Fail(ErrorCode::kCorrupt, "{}: expected UTF-8, found something else at byte {}; convert the file, or take it out",
                  path.native(), valid);
    }
    std::vector<int32_t> tokens = tokenizer.Encode(*text);
    if (tokens.empty()) continue;
    if (const auto end = tokenizer.eos()) tokens.push_back(*end);
    texts.push_back(std::move(tokens));
  }
  if (texts.empty()) {
    return Fail(ErrorCode::kCorrupt, "{}: expected files of text (.txt, .md) in the folder, found none", folder.native());
  }
  return texts;
}

class FolderSource : public SampleSource {
 public:
  FolderSource(uint64_t seed, std::vector<Sample> windows) : order_(seed, windows.size()), windows_(std::move(windows)) {}

  Result<Sample> At(uint64_t index) const override { return windows_[order_.ItemAt(index)]; }

 private:
  EpochOrder order_;
  std::vector<Sample> windows_;
};

}  // namespace

Result<std::unique_ptr<SampleSource>> MakeFolderSource(base::Files& files, const base::Path& folder, runs::Options& options,
                                                       uint64_t seed, const formats::Tokenizer& tokenizer, Share share) {
  TRY_ASSIGN(const int64_t length, options.Int("tokens", 256, 8, 65'536));
  TRY_ASSIGN(const auto texts, ReadTexts(files, folder, tokenizer));
  const size_t every = std::min(kHeldOutEvery, texts.size());
  std::vector<int32_t> stream;
  for (size_t i = 0; i < texts.size(); ++i) {
    const bool held_out = i % every == every - 1;
    if (texts.size() == 1 || held_out == (share == Share::kHeldOut)) stream.insert(stream.end(), texts[i].begin(), texts[i].end());
  }
  // A window's last token has its target in the next one; the last window is filled up.
  const auto window = static_cast<size_t>(length);
  const int32_t filling = tokenizer.eos().value_or(0);
  std::vector<Sample> windows;
  for (size_t begin = 0; begin + 1 < stream.size() || begin == 0; begin += window) {
    const size_t end = std::min(begin + window, stream.size());
    const int32_t next = end < stream.size() ? stream[end] : -1;
    Segment segment = TextSegment({stream.begin() + static_cast<std::ptrdiff_t>(begin), stream.begin() + static_cast<std::ptrdiff_t>(end)}, next);
    segment.tokens.resize(window, filling);
    segment.targets.resize(window, -1);
    windows.push_back(Sample{{std::move(segment)}});
  }
  if (texts.size() == 1 && windows.size() > 1) {
    const auto kept = static_cast<std::ptrdiff_t>(std::max<size_t>(1, windows.size() / kHeldOutEvery));
    share == Share::kHeldOut ? windows.erase(windows.begin(), windows.end() - kept) : windows.erase(windows.end() - kept, windows.end());
  }
  return std::make_unique<FolderSource>(seed, std::move(windows));
}

}  // namespace walchen::shards
