// SPDX-License-Identifier: Apache-2.0
//
// Archives made in memory, and what is extracted from them. For tests only.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/files.h"
#include "data/extract.h"
#include "data/extraction.h"
#include "data/file_readers.h"

namespace walchen::data {

struct TestEntry {
  std::string name;
  std::string content;
  std::string link = {};  // a symbolic link to there
};

// Writes an archive with libarchive: `format` is "zip", "ustar", "gnutar", "arbsd", "7zip" or "raw", `filter` "none",
// "gzip", "xz", "zstd".
inline std::string ArchiveOf(const std::vector<TestEntry>& entries, const char* format = "zip",
                             const char* filter = "none", bool packed = true) {
  std::string bytes(1 << 20, '\0');
  size_t used = 0;
  for (const TestEntry& entry : entries) bytes.resize(bytes.size() + entry.content.size() + 4'096);
  archive* writer = archive_write_new();
  EXPECT_EQ(archive_write_set_format_by_name(writer, format), ARCHIVE_OK);
  if (std::string_view(filter) != "none") {
    EXPECT_EQ(archive_write_add_filter_by_name(writer, filter), ARCHIVE_OK);
  }
  if (!packed) {
    EXPECT_EQ(archive_write_zip_set_compression_store(writer), ARCHIVE_OK);
  }
  EXPECT_EQ(archive_write_set_bytes_in_last_block(writer, 1), ARCHIVE_OK);
  EXPECT_EQ(archive_write_open_memory(writer, bytes.data(), bytes.size(), &used), ARCHIVE_OK);
  for (const TestEntry& test : entries) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, test.name.c_str());
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_filetype(entry, test.link.empty() ? AE_IFREG : AE_IFLNK);
    if (!test.link.empty()) archive_entry_set_symlink(entry, test.link.c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(test.content.size()));
    EXPECT_EQ(archive_write_header(writer, entry), ARCHIVE_OK) << archive_error_string(writer);
    EXPECT_EQ(archive_write_data(writer, test.content.data(), test.content.size()),
              static_cast<la_ssize_t>(test.content.size()));
    archive_entry_free(entry);
  }
  EXPECT_EQ(archive_write_close(writer), ARCHIVE_OK);
  archive_write_free(writer);
  bytes.resize(used);
  return bytes;
}

// All parts of a file, read in this process.
inline std::vector<Part> PartsOf(std::string_view name, std::string_view bytes,
                                 std::span<const Format> formats = Formats()) {
  std::vector<Part> parts;
  const auto extracted = Extract(formats, name, bytes, [&](Part part) -> Result<void> {
    parts.push_back(std::move(part));
    return {};
  });
  EXPECT_TRUE(extracted);
  EXPECT_FALSE(parts.empty()) << name;
  return parts;
}

// The only part of a file.
inline Part PartOf(std::string_view name, std::string_view bytes) {
  std::vector<Part> parts = PartsOf(name, bytes);
  EXPECT_EQ(parts.size(), 1u) << name;
  return parts.empty() ? Part() : parts[0];
}

// The text of a span.
inline std::string SpanText(const Part& part, size_t index) {
  if (index >= part.spans.size()) return "no such span";
  return part.text.substr(part.spans[index].begin, part.spans[index].end - part.spans[index].begin);
}

// The text of the span with that place's name; "none" where there is none.
inline std::string TextAt(const Part& part, std::string_view place) {
  for (size_t i = 0; i < part.spans.size(); ++i) {
    if (part.spans[i].place.name == place) return SpanText(part, i);
  }
  return "none";
}

// How every part must be: spans in order and within the text; something is there, or it is quarantined.
inline void ExpectWellFormed(const Part& part) {
  EXPECT_NE(part.text.empty() && part.content.empty(), part.quarantine.empty()) << part.inner_path << ": " << part.quarantine;
  uint64_t before = 0;
  for (const Span& span : part.spans) {
    EXPECT_LE(before, span.begin) << part.inner_path;
    EXPECT_LE(span.begin, span.end) << part.inner_path;
    before = span.end;
  }
  EXPECT_LE(before, part.text.size()) << part.inner_path;
}

// Reads files as a worker does, but in this process.
inline ExtractFile InProcessReader() {
  return [](const base::Path& file, const std::vector<std::string>& only, const TakePart& take) -> Result<void> {
    TRY_ASSIGN(const std::string bytes, base::Files::Os().Read(file, 1 << 24));
    Extraction extraction(Formats(), take);
    extraction.set_only(only);
    Source source;
    source.bytes = bytes;
    source.name = file.filename().native();
    source.path = file.native();
    return extraction.Read(std::move(source));
  };
}

}  // namespace walchen::data
