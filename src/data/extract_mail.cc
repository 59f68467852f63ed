// SPDX-License-Identifier: Apache-2.0
//
// Mail by GMime: headers and text of a message as one part, each attachment as a file in it.
#include <gmime/gmime.h>

#include <memory>

#include "base/limits.h"
#include "data/extract_charset.h"
#include "data/extract_html.h"
#include "data/extract_licence.h"
#include "data/extract_readers.h"

namespace walchen::data {
namespace {

struct UnrefObject {
  void operator()(void* object) const { g_object_unref(object); }
};
template <class T>
using OwnedObject = std::unique_ptr<T, UnrefObject>;

struct FreePartIter {
  void operator()(GMimePartIter* iter) const { g_mime_part_iter_free(iter); }
};

void StartLibrary() {
  static const bool started = [] {
    g_mime_init();
    return true;
  }();
  static_cast<void>(started);
}

OwnedObject<GMimeParser> ParserOf(std::string_view bytes, GMimeFormat format) {
  StartLibrary();
  const OwnedObject<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(bytes.data(), bytes.size()));
  OwnedObject<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
  g_mime_parser_set_format(parser.get(), format);
  g_mime_parser_set_persist_stream(parser.get(), FALSE);
  return parser;
}

std::string_view HeaderOf(GMimeMessage* message, const char* name) {
  const char* value = g_mime_object_get_header(GMIME_OBJECT(message), name);
  return value ? Trimmed(value) : std::string_view();
}

// The part's bytes as they were before they were encoded for the way.
std::string ContentOf(GMimePart* part) {
  GMimeDataWrapper* content = g_mime_part_get_content(part);
  if (!content) return "";
  const OwnedObject<GMimeStream> stream(g_mime_stream_mem_new());
  g_mime_data_wrapper_write_to_stream(content, stream.get());
  const GByteArray* bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream.get()));
  return std::string(reinterpret_cast<const char*>(bytes->data), bytes->len);
}

bool IsType(GMimeObject* object, const char* type, const char* subtype) {
  GMimeContentType* found = g_mime_object_get_content_type(object);
  return found && g_mime_content_type_is_type(found, type, subtype);
}

// Whether another part of the same alternative says it in plain text.
bool HasPlainTwin(GMimeObject* parent) {
  if (!parent || !GMIME_IS_MULTIPART(parent) || !IsType(parent, "multipart", "alternative")) return false;
  for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(parent)); ++i) {
    if (IsType(g_mime_multipart_get_part(GMIME_MULTIPART(parent), i), "text", "plain")) return true;
  }
  return false;
}

class MessageReader {
 public:
  MessageReader(const Source& source, GMimeMessage* message) : source_(source), message_(message) {}

  Result<void> Read(Extraction& extraction) {
    AddHeaders();
    const std::unique_ptr<GMimePartIter, FreePartIter> iter(g_mime_part_iter_new(GMIME_OBJECT(message_)));
    int64_t count = 0;
    for (bool more = g_mime_part_iter_is_valid(iter.get()); more; more = g_mime_part_iter_next(iter.get())) {
      if (++count > base::kMailMaxParts) {
        return Fail(ErrorCode::kTooLarge, "expected at most {} parts", base::kMailMaxParts);
      }
      ReadPart(iter.get());
    }
    TRY(extraction.Give(source_, std::move(part_)));
    for (const Attachment& attachment : attachments_) {
      Source inner = source_.Inner(attachment.name);
      const std::string content = ContentOf(attachment.part);
      TRY(extraction.Charge(content.size()));
      inner.bytes = content;
      TRY(extraction.Read(std::move(inner)));
    }
    return {};
  }

 private:
  struct Attachment {
    std::string name;
    GMimePart* part;  // the message's
  };

  void AddHeaders() {
    for (const char* name : {"From", "To", "Cc", "Date", "Subject"}) {
      const std::string_view value = HeaderOf(message_, name);
      if (!value.empty()) part_.text += fmt::format("{}: {}\n", name, value);
    }
    part_.title = HeaderOf(message_, "Subject");
    part_.language = HeaderOf(message_, "Content-Language");
    FindOptOut("content-usage", HeaderOf(message_, "Content-Usage"), part_);
    if (!part_.text.empty()) {
      part_.spans.push_back({0, part_.text.size(), {Place::Kind::kMessagePart, 0, 0, "headers"}});
    }
  }

  void ReadPart(GMimePartIter* iter) {
    GMimeObject* object = g_mime_part_iter_get_current(iter);
    if (!object || !GMIME_IS_PART(object)) return;
    char* raw_path = g_mime_part_iter_get_path(iter);
    const std::string path = raw_path ? raw_path : "1";
    g_free(raw_path);
    const bool html = IsType(object, "text", "html");
    const char* file_name = g_mime_part_get_filename(GMIME_PART(object));
    const bool is_text = (html || IsType(object, "text", "plain")) && !g_mime_part_is_attachment(GMIME_PART(object));
    if (!is_text) {
      // A name may be a path; only its end is a name.
      std::string name = file_name ? file_name : fmt::format("part-{}", path);
      name.erase(0, name.find_last_of("/\\") + 1);
      attachments_.push_back({name.empty() ? fmt::format("part-{}", path) : name, GMIME_PART(object)});
    } else if (!html || !HasPlainTwin(g_mime_part_iter_get_parent(iter))) {
      AddText(object, html, path);
    }
  }

  void AddText(GMimeObject* object, bool html, const std::string& path) {
    const char* charset = g_mime_object_get_content_type_parameter(object, "charset");
    const std::string bytes = ContentOf(GMIME_PART(object));
    std::string text;
    if (html) {
      auto page = HtmlPart(bytes, charset ? charset : "");
      if (page) text = std::move(page->text);
      else part_.notes.push_back(fmt::format("part {} cannot be read: {}", path, page.error().message()));
    } else {
      auto decoded = DecodeText(bytes, charset ? charset : "");
      if (decoded) text = std::move(decoded->text);
      else part_.notes.push_back(fmt::format("part {} cannot be read: {}", path, decoded.error().message()));
    }
    if (Trimmed(text).empty()) return;
    if (!part_.text.empty()) part_.text += '\n';
    const uint64_t begin = part_.text.size();
    part_.text += text;
    part_.spans.push_back({begin, part_.text.size(), {Place::Kind::kMessagePart, 0, 0, path}});
    if (!part_.text.ends_with('\n')) part_.text += '\n';
  }

  const Source& source_;
  GMimeMessage* message_;
  Part part_;
  std::vector<Attachment> attachments_;
};

Result<void> CheckDepth(const Source& source) {
  if (source.depth < base::kArchiveMaxDepth) return {};
  return Fail(ErrorCode::kTooLarge, "expected at most {} messages and archives inside each other",
              base::kArchiveMaxDepth);
}

bool SaysFromWhom(GMimeMessage* message) {
  for (const char* name : {"From", "Subject", "Date", "Message-Id"}) {
    if (!HeaderOf(message, name).empty()) return true;
  }
  return false;
}

}  // namespace

Result<void> ReadMessage(const Source& source, Extraction& extraction) {
  TRY(CheckDepth(source));
  const OwnedObject<GMimeParser> parser = ParserOf(source.bytes, GMIME_FORMAT_MESSAGE);
  const OwnedObject<GMimeMessage> message(g_mime_parser_construct_message(parser.get(), nullptr));
  if (!message || !SaysFromWhom(message.get())) {
    return Fail(ErrorCode::kCorrupt, "expected a mail message, found no header of one");
  }
  return MessageReader(source, message.get()).Read(extraction);
}

Result<void> ReadMailbox(const Source& source, Extraction& extraction) {
  TRY(CheckDepth(source));
  const OwnedObject<GMimeParser> parser = ParserOf(source.bytes, GMIME_FORMAT_MBOX);
  for (uint64_t number = 1; !g_mime_parser_eos(parser.get()); ++number) {
    const OwnedObject<GMimeMessage> message(g_mime_parser_construct_message(parser.get(), nullptr));
    if (!message) {
      return Fail(ErrorCode::kCorrupt, "expected a message behind message {}, found something else", number - 1);
    }
    Source inner = source.Inner(fmt::format("message-{}", number));
    inner.media_type = "message/rfc822";
    TRY(extraction.Charge(0));
    TRY(MessageReader(inner, message.get()).Read(extraction));
  }
  return {};
}

}  // namespace walchen::data
