// SPDX-License-Identifier: Apache-2.0
#include "data/archive_reader.h"

#include <archive.h>
#include <archive_entry.h>

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/limits.h"
#include "data/extract.h"
#include "data/extract_charset.h"
#include "formats/utf8.h"

namespace walchen::data {
namespace {

std::string MessageOf(archive* reader) {
  const char* message = archive_error_string(reader);
  std::string text = message ? message : "unknown trouble";
  text.erase(text.find_last_not_of(" \r\n") + 1);  // some end with a line's end
  return text;
}

// Whether a path stays below the folder that it is unpacked into.
bool StaysInside(std::string_view path) {
  if (path.empty() || path.starts_with('/') || path.starts_with('\\')) return false;
  if (path.size() > 1 && path[1] == ':') return false;  // a drive
  while (!path.empty()) {
    const size_t end = path.find_first_of("/\\");
    if (path.substr(0, end) == "..") return false;
    path.remove_prefix(end == std::string_view::npos ? path.size() : end + 1);
  }
  return true;
}

std::string WhyRefused(archive_entry* entry, std::string_view name) {
  if (!StaysInside(name)) return fmt::format("its path leaves the archive: {}", base::Quoted(name));
  if (archive_entry_hardlink(entry) || archive_entry_filetype(entry) == AE_IFLNK) return kIsLink;
  const auto type = archive_entry_filetype(entry);
  if (type != AE_IFREG && type != AE_IFDIR && type != 0) return "it is a device, a pipe or a socket";
  if (archive_entry_is_data_encrypted(entry)) return "it is encrypted";
  return "";
}

std::string NameOf(archive_entry* entry) {
  const char* name = archive_entry_pathname_utf8(entry);
  if (!name) name = archive_entry_pathname(entry);
  std::string path = name ? name : "";
  while (path.starts_with("./")) path.erase(0, 2);
  return path;
}

}  // namespace

void ArchiveReader::Closer::operator()(archive* reader) const { archive_read_free(reader); }

Result<ArchiveReader> ArchiveReader::Open(std::string_view bytes) {
  std::unique_ptr<archive, Closer> reader(archive_read_new());
  archive_read_support_filter_all(reader.get());
  archive_read_support_format_zip(reader.get());
  archive_read_support_format_tar(reader.get());
  archive_read_support_format_gnutar(reader.get());
  archive_read_support_format_ar(reader.get());
  archive_read_support_format_7zip(reader.get());
  archive_read_support_format_cpio(reader.get());
  archive_read_support_format_raw(reader.get());
  archive_read_support_format_empty(reader.get());
  if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) {
    return Fail(ErrorCode::kCorrupt, "expected an archive: {}", MessageOf(reader.get()));
  }
  return ArchiveReader(std::move(reader));
}

Result<bool> ArchiveReader::Next(ArchiveEntry& entry) {
  const int status = archive_read_next_header(reader_.get(), &entry_);
  if (status == ARCHIVE_EOF) return false;
  // What is neither an archive nor compressed libarchive takes for a file of its own.
  if (archive_format(reader_.get()) == ARCHIVE_FORMAT_RAW && archive_filter_count(reader_.get()) <= 1) {
    return Fail(ErrorCode::kCorrupt, "expected an archive, found something else");
  }
  if (status != ARCHIVE_OK && status != ARCHIVE_WARN) {
    return Fail(ErrorCode::kCorrupt, "the archive is broken: {}", MessageOf(reader_.get()));
  }
  entry.name = NameOf(entry_);
  // Old names are in the code page of who packed them: a zip's in that of DOS in Western Europe.
  if (formats::ValidUtf8Prefix(entry.name) != entry.name.size()) {
    const bool zip = (archive_format(reader_.get()) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_ZIP;
    entry.name = ConvertText(entry.name, zip ? "CP850" : "WINDOWS-1252");
  }
  entry.is_folder = archive_entry_filetype(entry_) == AE_IFDIR;
  entry.refused = entry.is_folder ? "" : WhyRefused(entry_, entry.name);
  return true;
}

Result<std::string> ArchiveReader::Read(uint64_t max_bytes) {
  std::string content;
  for (;;) {
    const void* data = nullptr;
    size_t size = 0;
    la_int64_t offset = 0;
    const int status = archive_read_data_block(reader_.get(), &data, &size, &offset);
    if (status == ARCHIVE_EOF) return content;
    // A warning here says that its size is not the one that was written down: bytes were lost or changed.
    if (status != ARCHIVE_OK) {
      return Fail(ErrorCode::kCorrupt, "it cannot be unpacked: {}", MessageOf(reader_.get()));
    }
    // Sparse files leave holes between blocks.
    const auto begin = static_cast<uint64_t>(std::max<la_int64_t>(offset, 0));
    if (begin > max_bytes || size > max_bytes - begin) {
      return Fail(ErrorCode::kTooLarge, "it unpacks to more than {} bytes", max_bytes);
    }
    if (begin != content.size()) content.resize(std::max<size_t>(begin, content.size()), '\0');
    content.append(static_cast<const char*>(data), size);
  }
}

bool ArchiveReader::IsSingleFile() const { return archive_format(reader_.get()) == ARCHIVE_FORMAT_RAW; }

Result<std::map<std::string, std::string>> ReadZipFiles(std::string_view bytes, bool (*wanted)(std::string_view name)) {
  TRY_ASSIGN(ArchiveReader reader, ArchiveReader::Open(bytes));
  std::map<std::string, std::string> files;
  uint64_t left = static_cast<uint64_t>(base::kOfficeMaxBytes);
  ArchiveEntry entry;
  for (;;) {
    TRY_ASSIGN(const bool more, reader.Next(entry));
    if (!more) return files;
    if (entry.is_folder || !wanted(entry.name)) continue;
    if (!entry.refused.empty()) return Fail(ErrorCode::kUnsupported, "{}: {}", entry.name, entry.refused);
    auto content = reader.Read(left);
    if (!content) return Forward(content, entry.name);
    left -= content->size();
    files[entry.name] = std::move(*content);
  }
}

}  // namespace walchen::data
