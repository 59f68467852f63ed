// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "base/limits.h"
#include "data/archive_reader.h"
#include "data/extract_readers.h"

namespace walchen::data {
namespace {

// Below this size no ratio is suspicious: a short run of one letter packs a thousandfold.
constexpr uint64_t kRatioFreeBytes = 67'108'864;

// The name of what is in x.gz: x.
std::string UnpackedName(std::string_view name) {
  const std::string lower = Lowered(name);
  for (const std::string_view ending : {".gz", ".xz", ".bz2", ".zst", ".lzma", ".z", ".lz4"}) {
    if (lower.ends_with(ending) && lower.size() > ending.size()) {
      return std::string(name.substr(0, name.size() - ending.size()));
    }
  }
  return std::string(name);
}

uint64_t EntryBound(const Source& source, const Extraction& extraction) {
  const uint64_t by_ratio =
      std::max(kRatioFreeBytes, source.bytes.size() * static_cast<uint64_t>(base::kArchiveMaxRatio));
  return std::min({static_cast<uint64_t>(base::kArchiveEntryMaxBytes), by_ratio, extraction.bytes_left()});
}

Result<void> ReadEntry(const Source& source, const ArchiveEntry& entry, ArchiveReader& reader, Extraction& extraction) {
  Source inner = source.Inner(entry.name);
  if (!extraction.Wants(inner.inner_path)) return extraction.LeaveOut(), Result<void>();
  if (!entry.refused.empty()) return extraction.Quarantine(inner, entry.refused);
  const auto content = reader.Read(EntryBound(source, extraction));
  if (!content) return extraction.Quarantine(inner, content.error().message());
  TRY(extraction.Charge(content->size()));
  inner.bytes = *content;
  return extraction.Read(std::move(inner));
}

}  // namespace

Result<void> ReadArchive(const Source& source, Extraction& extraction) {
  if (source.depth >= base::kArchiveMaxDepth) {
    return Fail(ErrorCode::kTooLarge, "expected at most {} archives inside each other", base::kArchiveMaxDepth);
  }
  TRY_ASSIGN(ArchiveReader reader, ArchiveReader::Open(source.bytes));
  ArchiveEntry entry;
  for (;;) {
    TRY_ASSIGN(const bool more, reader.Next(entry));
    if (!more) return {};
    if (entry.is_folder) continue;
    if (reader.IsSingleFile()) {
      entry = ArchiveEntry();
      entry.name = UnpackedName(source.name);
    }
    TRY(ReadEntry(source, entry, reader, extraction));
  }
}

}  // namespace walchen::data
