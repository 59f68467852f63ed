// SPDX-License-Identifier: Apache-2.0
#include "data/extract_wire.h"

#include <algorithm>

#include "base/limits.h"
#include "formats/utf8.h"
#include "ledger/event.h"

namespace walchen::data {
namespace {

using base::ByteReader;
using base::ByteWriter;

constexpr uint64_t kFieldMaxBytes = 1'048'576;

ByteWriter Begin(FrameKind kind) {
  ByteWriter out;
  out.Write(static_cast<uint8_t>(kind));
  return out;
}

// The reader behind the frame's kind.
Result<ByteReader> Content(std::string_view frame, FrameKind expected) {
  TRY_ASSIGN(const FrameKind kind, KindOfFrame(frame));
  if (kind != expected) {
    return Fail(ErrorCode::kCorrupt, "expected a frame of kind {}, found {}", static_cast<int>(expected),
                static_cast<int>(kind));
  }
  return ByteReader(base::AsBytes(frame.substr(1)));
}

Result<void> End(const ByteReader& in) {
  if (in.left() == 0) return {};
  return FailAt(in.position(), ErrorCode::kCorrupt, "expected the frame's end, found {} bytes more", in.left());
}

Result<std::string> Text(ByteReader& in, uint64_t max_bytes = kFieldMaxBytes) {
  TRY_ASSIGN(const std::string_view text, in.Text64(max_bytes, "a text"));
  if (formats::ValidUtf8Prefix(text) != text.size()) {
    return FailAt(in.position(), ErrorCode::kCorrupt, "expected UTF-8");
  }
  return std::string(text);
}

// A count of things that take at least `least_bytes` each.
Result<uint64_t> Count(ByteReader& in, uint64_t least_bytes) {
  TRY_ASSIGN(const auto count, in.Read<uint64_t>("a count"));
  if (count > in.left() / least_bytes) {
    return FailAt(in.position(), ErrorCode::kCorrupt, "expected a count, found {}", count);
  }
  return count;
}

void WriteSpan(const Span& span, ByteWriter& out) {
  out.Write(span.begin);
  out.Write(span.end);
  out.Write(static_cast<uint8_t>(span.place.kind));
  out.Write(span.place.first);
  out.Write(span.place.last);
  out.Text64(span.place.name);
}

Result<Span> ReadSpan(ByteReader& in) {
  Span span;
  TRY_ASSIGN(span.begin, in.Read<uint64_t>("a span"));
  TRY_ASSIGN(span.end, in.Read<uint64_t>("a span"));
  TRY_ASSIGN(const auto kind, in.Read<uint8_t>("a place"));
  if (kind > static_cast<uint8_t>(Place::Kind::kSection)) {
    return FailAt(in.position(), ErrorCode::kCorrupt, "expected a kind of place, found {}", kind);
  }
  span.place.kind = static_cast<Place::Kind>(kind);
  TRY_ASSIGN(span.place.first, in.Read<uint64_t>("a place"));
  TRY_ASSIGN(span.place.last, in.Read<uint64_t>("a place"));
  TRY_ASSIGN(span.place.name, Text(in));
  return span;
}

Result<void> ReadSpans(ByteReader& in, Part& part) {
  TRY_ASSIGN(const uint64_t count, Count(in, 41));
  uint64_t before = 0;
  part.spans.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    TRY_ASSIGN(Span span, ReadSpan(in));
    if (span.begin < before || span.end < span.begin || span.end > part.text.size()) {
      return FailAt(in.position(), ErrorCode::kCorrupt, "expected a span behind byte {}, found [{}, {})", before,
                    span.begin, span.end);
    }
    before = span.end;
    part.spans.push_back(std::move(span));
  }
  return {};
}

Result<void> ReadFacts(ByteReader& in, Part& part) {
  TRY_ASSIGN(const uint64_t captions, Count(in, 16));
  for (uint64_t i = 0; i < captions; ++i) {
    Caption& caption = part.captions.emplace_back();
    TRY_ASSIGN(caption.image, Text(in));
    TRY_ASSIGN(caption.text, Text(in));
  }
  TRY_ASSIGN(const uint64_t licences, Count(in, 16));
  for (uint64_t i = 0; i < licences; ++i) {
    LicenceEvidence& licence = part.licences.emplace_back();
    TRY_ASSIGN(licence.field, Text(in));
    TRY_ASSIGN(licence.value, Text(in));
  }
  TRY_ASSIGN(const uint64_t marks, Count(in, 24));
  for (uint64_t i = 0; i < marks; ++i) {
    OptOutMark& mark = part.opt_outs.emplace_back();
    TRY_ASSIGN(mark.protocol, Text(in));
    TRY_ASSIGN(mark.field, Text(in));
    TRY_ASSIGN(mark.value, Text(in));
  }
  TRY_ASSIGN(const uint64_t notes, Count(in, 8));
  for (uint64_t i = 0; i < notes; ++i) {
    TRY_ASSIGN(std::string note, Text(in));
    part.notes.push_back(std::move(note));
  }
  return {};
}

}  // namespace

Result<FrameKind> KindOfFrame(std::string_view frame) {
  if (frame.empty()) return Fail(ErrorCode::kTruncated, "expected a frame, found an empty one");
  const auto kind = static_cast<uint8_t>(frame[0]);
  if (kind < 1 || kind > 4) return Fail(ErrorCode::kCorrupt, "expected a kind of frame, found {}", kind);
  return static_cast<FrameKind>(kind);
}

std::string WriteRequest(const ExtractRequest& request) {
  ByteWriter out = Begin(FrameKind::kRequest);
  out.Text64(request.path);
  out.Text64(request.name);
  out.Write(request.memory_max_bytes);
  out.Write(request.cpu_max_seconds);
  out.Write(request.skip_parts);
  out.Write<uint64_t>(request.avoid.size());
  for (const auto& [path, parts] : request.avoid) out.Text64(path), out.Write(parts);
  out.Write<uint64_t>(request.only.size());
  for (const std::string& glob : request.only) out.Text64(glob);
  return out.bytes();
}

Result<ExtractRequest> ReadRequest(std::string_view frame) {
  TRY_ASSIGN(ByteReader in, Content(frame, FrameKind::kRequest));
  ExtractRequest request;
  // Paths are bytes: what comes from the one who asks is not judged.
  TRY_ASSIGN(request.path, in.Text64(kFieldMaxBytes, "a path"));
  TRY_ASSIGN(request.name, in.Text64(kFieldMaxBytes, "a name"));
  TRY_ASSIGN(request.memory_max_bytes, in.Read<uint64_t>("the memory"));
  TRY_ASSIGN(request.cpu_max_seconds, in.Read<uint64_t>("the time"));
  TRY_ASSIGN(request.skip_parts, in.Read<uint64_t>("the parts to skip"));
  TRY_ASSIGN(const uint64_t avoid, Count(in, 16));
  for (uint64_t i = 0; i < avoid; ++i) {
    TRY_ASSIGN(const std::string_view path, in.Text64(kFieldMaxBytes, "a path"));
    TRY_ASSIGN(const auto parts, in.Read<uint64_t>("the parts inside"));
    request.avoid.emplace(path, parts);
  }
  TRY_ASSIGN(const uint64_t only, Count(in, 8));
  for (uint64_t i = 0; i < only; ++i) {
    TRY_ASSIGN(const std::string_view glob, in.Text64(kFieldMaxBytes, "a pattern of paths"));
    request.only.emplace_back(glob);
  }
  TRY(End(in));
  return request;
}

std::string WriteEntered(std::string_view inner_path) {
  ByteWriter out = Begin(FrameKind::kEntered);
  out.Text64(inner_path);
  return out.bytes();
}

Result<std::string> ReadEntered(std::string_view frame) {
  TRY_ASSIGN(ByteReader in, Content(frame, FrameKind::kEntered));
  TRY_ASSIGN(const std::string_view path, in.Text64(kFieldMaxBytes, "a path"));
  TRY(End(in));
  return std::string(path);
}

std::string WriteFinished() { return Begin(FrameKind::kFinished).bytes(); }

std::string WritePart(const Part& part) {
  ByteWriter out = Begin(FrameKind::kPart);
  for (const std::string* text : {&part.inner_path, &part.media_type, &part.sha256, &part.title, &part.language, &part.quarantine}) {
    out.Text64(std::string_view(*text).substr(0, kFieldMaxBytes));
  }
  out.Write(static_cast<uint8_t>(part.kind));
  out.Text64(part.text);
  out.Text64(part.content);
  out.Write<uint64_t>(part.spans.size());
  for (const Span& span : part.spans) WriteSpan(span, out);
  out.Write<uint64_t>(part.captions.size());
  for (const Caption& caption : part.captions) out.Text64(caption.image), out.Text64(caption.text);
  out.Write<uint64_t>(part.licences.size());
  for (const LicenceEvidence& licence : part.licences) out.Text64(licence.field), out.Text64(licence.value);
  out.Write<uint64_t>(part.opt_outs.size());
  for (const OptOutMark& mark : part.opt_outs) {
    out.Text64(mark.protocol), out.Text64(mark.field), out.Text64(mark.value);
  }
  out.Write<uint64_t>(part.notes.size());
  for (const std::string& note : part.notes) out.Text64(note);
  return out.bytes();
}

Result<Part> ReadPart(std::string_view frame) {
  TRY_ASSIGN(ByteReader in, Content(frame, FrameKind::kPart));
  Part part;
  for (std::string* text : {&part.inner_path, &part.media_type, &part.sha256, &part.title, &part.language, &part.quarantine}) {
    TRY_ASSIGN(*text, Text(in));
  }
  if (!part.sha256.empty() && !ledger::DigestOfHex(part.sha256)) {
    return Fail(ErrorCode::kCorrupt, "expected the SHA-256 of a file, found {} other bytes", part.sha256.size());
  }
  TRY_ASSIGN(const auto kind, in.Read<uint8_t>("a part's kind"));
  if (kind > static_cast<uint8_t>(PartKind::kPicture)) {
    return Fail(ErrorCode::kCorrupt, "expected a kind of part, found {}", kind);
  }
  part.kind = static_cast<PartKind>(kind);
  TRY_ASSIGN(part.text, Text(in, static_cast<uint64_t>(base::kExtractTextMaxBytes)));
  TRY_ASSIGN(part.content, in.Text64(static_cast<uint64_t>(base::kExtractContentMaxBytes), "the content"));
  TRY(ReadSpans(in, part));
  TRY(ReadFacts(in, part));
  TRY(End(in));
  return part;
}

}  // namespace walchen::data
