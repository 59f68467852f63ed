// SPDX-License-Identifier: Apache-2.0
//
// Archives by libarchive, read from memory entry by entry: zip, tar, ar, 7z, cpio, and a single compressed file, each
// also compressed. Every entry is judged before its bytes are looked at.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/status.h"

struct archive;
struct archive_entry;

namespace walchen::data {

struct ArchiveEntry {
  std::string name;     // UTF-8
  std::string refused;  // why it may not be read: it leaves the archive, is a link, encrypted, ...; empty where it may
  bool is_folder = false;
};

// Not thread-safe. The bytes must outlive it.
class ArchiveReader {
 public:
  // Errors: kCorrupt where it is no archive.
  static Result<ArchiveReader> Open(std::string_view bytes);

  // The next entry, or false behind the last one. Errors: kCorrupt (the rest of the archive cannot be read).
  Result<bool> Next(ArchiveEntry& entry);
  // The current entry's bytes. Errors: kTooLarge above max_bytes, kCorrupt.
  Result<std::string> Read(uint64_t max_bytes);

  // Whether this is one compressed file, whose name the archive may not know.
  bool IsSingleFile() const;

 private:
  struct Closer {
    void operator()(archive* reader) const;
  };
  explicit ArchiveReader(std::unique_ptr<archive, Closer> reader) : reader_(std::move(reader)) {}

  std::unique_ptr<archive, Closer> reader_;
  archive_entry* entry_ = nullptr;
};

// The files of a zip archive whose names `wanted` likes, kept in memory: what office documents are.
// Errors: kCorrupt, kTooLarge (kOfficeMaxBytes together).
Result<std::map<std::string, std::string>> ReadZipFiles(std::string_view bytes, bool (*wanted)(std::string_view name));

}  // namespace walchen::data
