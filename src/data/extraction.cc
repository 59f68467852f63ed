// SPDX-License-Identifier: Apache-2.0
#include "data/extraction.h"

#include <algorithm>
#include <exception>
#include <new>
#include <utility>

#include "base/bytes.h"
#include "base/limits.h"
#include "base/sha256.h"
#include "data/glob.h"
#include "formats/utf8.h"

namespace walchen::data {
namespace {

bool NameFits(std::string_view patterns, std::string_view lower_name) {
  while (!patterns.empty()) {
    const size_t space = patterns.find(' ');
    const std::string_view pattern = patterns.substr(0, space);
    patterns.remove_prefix(space == std::string_view::npos ? patterns.size() : space + 1);
    const bool fits = pattern.starts_with('.') ? lower_name.size() > pattern.size() && lower_name.ends_with(pattern)
                                               : lower_name == pattern;
    if (fits) return true;
  }
  return false;
}

std::string UnknownFormat(const Source& source) {
  if (source.bytes.empty()) return "the file is empty";
  return fmt::format("no reader for content that begins with {}", base::Quoted(source.bytes.substr(0, 8)));
}

bool HasText(std::string_view text) { return text.find_first_not_of(" \t\r\n\f\v") != std::string_view::npos; }

void RepairUtf8(std::string& text) {
  if (formats::ValidUtf8Prefix(text) != text.size()) text = formats::ReplaceInvalidUtf8(text);
}

// Replacing what is no UTF-8 makes a text longer: the spans' ends move along.
void RepairText(Part& part) {
  if (formats::ValidUtf8Prefix(part.text) == part.text.size()) return;
  std::vector<size_t> marks;
  for (const Span& span : part.spans) marks.insert(marks.end(), {span.begin, span.end});
  part.text = formats::ReplaceInvalidUtf8(part.text, marks);
  for (size_t i = 0; i < part.spans.size(); ++i) {
    part.spans[i].begin = marks[2 * i];
    part.spans[i].end = marks[2 * i + 1];
  }
}

// Names, titles and fields come from anywhere: what is handed on is UTF-8.
void Repair(Part& part) {
  RepairText(part);
  for (std::string* text : {&part.inner_path, &part.title, &part.language, &part.quarantine}) RepairUtf8(*text);
  for (Span& span : part.spans) RepairUtf8(span.place.name);
  for (Caption& caption : part.captions) RepairUtf8(caption.image), RepairUtf8(caption.text);
  for (LicenceEvidence& licence : part.licences) RepairUtf8(licence.field), RepairUtf8(licence.value);
  for (OptOutMark& mark : part.opt_outs) RepairUtf8(mark.field), RepairUtf8(mark.value);
  for (std::string& note : part.notes) RepairUtf8(note);
}

// The first bound that a part is over; empty where there is none.
std::string OverBound(const Part& part) {
  if (part.text.size() > static_cast<uint64_t>(base::kExtractTextMaxBytes)) {
    return fmt::format("expected at most {} bytes of text, found {}", base::kExtractTextMaxBytes, part.text.size());
  }
  const size_t facts = part.captions.size() + part.licences.size() + part.opt_outs.size() + part.notes.size();
  if (part.spans.size() + facts > static_cast<uint64_t>(base::kExtractMaxSpans)) {
    return fmt::format("expected at most {} places and facts, found {}", base::kExtractMaxSpans,
                       part.spans.size() + facts);
  }
  if (part.content.size() > static_cast<uint64_t>(base::kExtractContentMaxBytes)) {
    return fmt::format("expected at most {} bytes of numbers or picture, found {}", base::kExtractContentMaxBytes, part.content.size());
  }
  return HasText(part.text) || !part.content.empty() ? "" : "it holds no text";
}

}  // namespace

std::string LanguageBefore(std::string_view path, std::string_view folder) {
  const size_t end = path.find(folder);
  if (end == std::string_view::npos) return "";
  path = path.substr(0, end);
  const std::string_view name = path.substr(path.find_last_of('/') + 1);
  const bool is_code =
      (name.size() == 2 || (name.size() >= 5 && (name[2] == '_' || name[2] == '.' || name[2] == '@'))) &&
      name.find_first_not_of("abcdefghijklmnopqrstuvwxyz") >= 2;
  return is_code ? std::string(name.substr(0, name.find_first_of(".@"))) : "";
}

std::string_view PathInPackage(std::string_view inner_path) {
  const size_t slash = inner_path.find('/');
  const std::string_view first = inner_path.substr(0, slash);
  const bool is_part = first.starts_with("data.tar") || first.starts_with("control.tar");
  if (!is_part) return inner_path;
  return slash == std::string_view::npos ? std::string_view() : inner_path.substr(slash + 1);
}

std::string Lowered(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lower;
}

std::string Source::PathOf(std::string_view entry) const {
  return inner_path.empty() ? std::string(entry) : fmt::format("{}/{}", inner_path, entry);
}

Source Source::Inner(std::string_view entry) const {
  Source inner;
  inner.name = std::string(entry.substr(entry.find_last_of('/') + 1));
  inner.inner_path = PathOf(entry);
  inner.path = fmt::format("{}/{}", path, entry);
  inner.outer_path = inner_path;
  inner.depth = depth + 1;
  return inner;
}

const Format* FindFormat(std::span<const Format> formats, std::string_view name, std::string_view bytes) {
  const std::string lower = Lowered(name.substr(name.find_last_of('/') + 1));
  for (const Format& format : formats) {
    if (NameFits(format.names, lower) && (!format.looks_right || format.looks_right(bytes))) return &format;
  }
  for (const Format& format : formats) {
    if (format.content_decides && format.looks_right(bytes)) return &format;
  }
  return nullptr;
}

bool Extraction::Wants(std::string_view inner_path) const {
  const std::string_view path = PathInPackage(inner_path);
  if (only_.empty() || path.empty()) return true;
  for (size_t end = path.find('/');; end = path.find('/', end + 1)) {
    const std::string_view folder = path.substr(0, end);
    if (std::ranges::any_of(only_, [&](const std::string& glob) { return GlobFits(glob, folder); })) return true;
    if (end == std::string_view::npos) return false;
  }
}

Result<void> Extraction::Read(Source source) {
  if (const auto avoided = resume_.avoid.find(source.inner_path); avoided != resume_.avoid.end()) {
    given_ += avoided->second;
    return {};
  }
  if (entered_) TRY(Enter(source.inner_path));
  TRY(ReadInside(source));
  // Back in what it is in.
  if (entered_ && source.depth > 0) TRY(Enter(source.outer_path));
  return {};
}

Result<void> Extraction::Enter(const std::string& inner_path) {
  auto entered = entered_(inner_path);
  if (!entered) stopped_ = true;
  return entered;
}

Result<void> Extraction::ReadInside(Source& source) {
  const Format* format = source.bytes.empty() ? nullptr : FindFormat(formats_, source.name, source.bytes);
  if (!format) return Quarantine(source, UnknownFormat(source));
  source.media_type = format->media_type;
  return ReadAs(*format, source);
}

Result<void> Extraction::ReadAs(const Format& format, const Source& source) {
  const uint64_t before = given_, left_out_before = left_out_;
  auto outcome = [&]() -> Result<void> {
    try {
      return format.read(source, *this);
    } catch (const std::bad_alloc&) {
      throw;  // a worker starts anew after that
    } catch (const std::exception& error) {
      return Fail(ErrorCode::kCorrupt, "its reader failed: {}", error.what());
    }
  }();
  if (stopped_) return outcome;
  if (!outcome) return Quarantine(source, outcome.error().ToString());
  if (given_ == before && left_out_ == left_out_before) return Quarantine(source, "it holds no file");
  // Every raw file has a part.
  if (given_ == 0 && source.depth == 0) return Quarantine(source, "it holds no file that was asked for");
  return {};
}

Result<void> Extraction::Give(const Source& source, Part part) {
  ++given_;
  if (given_ <= resume_.parts) return {};
  if (part.inner_path.empty()) {
    part.inner_path = source.inner_path;
    if (!source.inner_path.empty() && !source.bytes.empty()) part.sha256 = base::Sha256Hex(base::AsBytes(source.bytes));
  }
  if (part.media_type.empty()) part.media_type = source.media_type;
  if (part.quarantine.empty()) part.quarantine = OverBound(part);
  if (!part.quarantine.empty()) {
    part.text.clear();
    part.content.clear();
    part.spans.clear();
    part.captions.clear();
  }
  Repair(part);
  auto taken = take_(std::move(part));
  if (!taken) stopped_ = true;
  return taken;
}

Result<void> Extraction::Quarantine(const Source& source, std::string reason) {
  Part part;
  part.quarantine = std::move(reason);
  return Give(source, std::move(part));
}

Result<void> Extraction::Charge(uint64_t unpacked_bytes) {
  unpacked_bytes_ += unpacked_bytes;
  if (++entries_ > static_cast<uint64_t>(base::kArchiveMaxEntries)) {
    return Fail(ErrorCode::kTooLarge, "expected at most {} files in all archives of a raw file",
                base::kArchiveMaxEntries);
  }
  if (unpacked_bytes_ > static_cast<uint64_t>(base::kArchiveMaxUnpackedBytes)) {
    return Fail(ErrorCode::kTooLarge, "expected a raw file to unpack to at most {} bytes",
                base::kArchiveMaxUnpackedBytes);
  }
  return {};
}

uint64_t Extraction::bytes_left() const {
  const auto most = static_cast<uint64_t>(base::kArchiveMaxUnpackedBytes);
  return most - std::min(unpacked_bytes_, most);
}

Result<void> Extract(std::span<const Format> formats, std::string_view name, std::string_view bytes,
                     const TakePart& take) {
  Extraction extraction(formats, take);
  Source source;
  source.bytes = bytes;
  source.name = std::string(name.substr(name.find_last_of('/') + 1));
  source.path = std::string(name);
  return extraction.Read(std::move(source));
}

}  // namespace walchen::data
