// SPDX-License-Identifier: Apache-2.0
#include "data/extract_gettext.h"

#include <algorithm>
#include <array>

#include "base/bytes.h"
#include "base/limits.h"
#include "data/extract_charset.h"
#include "data/extract_licence.h"
#include "data/extract_readers.h"

namespace walchen::data {
namespace {

// A message as the file has it.
struct RawMessage {
  std::string context, original, plural;
  std::vector<std::string> translations;
  bool fuzzy = false;
};

// The value of "Name: value" in a catalogue's header.
std::string_view HeaderField(std::string_view header, std::string_view name) {
  while (!header.empty()) {
    const size_t end = header.find('\n');
    const std::string_view line = header.substr(0, end);
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':')) {
      return Trimmed(line.substr(name.size() + 1));
    }
    header.remove_prefix(end == std::string_view::npos ? header.size() : end + 1);
  }
  return {};
}

Result<void> AddMessage(const RawMessage& raw, Catalogue& catalogue) {
  if (raw.translations.empty() || raw.translations[0].empty()) return {};
  if (raw.original.empty()) {
    if (catalogue.header.empty()) catalogue.header = raw.translations[0];
    return {};
  }
  if (raw.fuzzy) return {};
  if (catalogue.messages.size() >= static_cast<size_t>(base::kCatalogueMaxMessages)) {
    return Fail(ErrorCode::kTooLarge, "expected at most {} messages", base::kCatalogueMaxMessages);
  }
  catalogue.messages.push_back({raw.context, raw.original, raw.translations[0]});
  // Languages with more than two plural forms have no one pair for the others.
  if (!raw.plural.empty() && raw.translations.size() == 2 && !raw.translations[1].empty()) {
    catalogue.messages.push_back({raw.context, raw.plural, raw.translations[1]});
  }
  return {};
}

// C's escapes, which PO files use within quotes.
std::string Unescaped(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    constexpr std::string_view kLetters = "ntrabfv", kMeanings = "\n\t\r\a\b\f\v";
    const size_t known = kLetters.find(c);
    out += known == std::string_view::npos ? c : kMeanings[known];
  }
  return out;
}

class PoReader {
 public:
  Result<Catalogue> Read(std::string_view text) {
    for (uint64_t number = 1; !text.empty(); ++number) {
      const size_t end = text.find('\n');
      auto read = ReadLine(Trimmed(text.substr(0, end)));
      if (!read) return Forward(read, fmt::format("line {}", number));
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    TRY(Finish());
    return std::move(catalogue_);
  }

 private:
  Result<void> ReadLine(std::string_view line) {
    if (line.empty()) return {};
    if (line[0] == '#') {
      if (has_translation_) TRY(Finish());
      if (line.starts_with("#,") && line.find("fuzzy") != std::string_view::npos) raw_.fuzzy = true;
      return {};
    }
    if (line[0] == '"') return Append(line);
    const size_t quote = line.find('"');
    const std::string_view keyword = Trimmed(line.substr(0, quote));
    const bool begins = keyword == "msgctxt" || (keyword == "msgid" && !in_context_);
    if (begins && has_original_) TRY(Finish());
    in_context_ = keyword == "msgctxt";
    TRY(Choose(keyword));
    return quote == std::string_view::npos ? Result<void>() : Append(line.substr(quote));
  }

  Result<void> Choose(std::string_view keyword) {
    if (keyword == "msgctxt") {
      field_ = &raw_.context;
    } else if (keyword == "msgid") {
      field_ = &raw_.original;
      has_original_ = true;
    } else if (keyword == "msgid_plural") {
      field_ = &raw_.plural;
    } else if (keyword.starts_with("msgstr")) {
      if (raw_.translations.size() >= 16) return Fail(ErrorCode::kTooLarge, "expected at most 16 plural forms");
      field_ = &raw_.translations.emplace_back();
      has_translation_ = true;
    } else {
      return Fail(ErrorCode::kCorrupt, "expected msgid, msgstr or a comment, found {}", base::Quoted(keyword));
    }
    return {};
  }

  Result<void> Append(std::string_view quoted) {
    if (!field_) return Fail(ErrorCode::kCorrupt, "expected msgid before a text");
    if (quoted.size() < 2 || quoted.back() != '"') return Fail(ErrorCode::kCorrupt, "expected a text to end with \"");
    *field_ += Unescaped(quoted.substr(1, quoted.size() - 2));
    return {};
  }

  Result<void> Finish() {
    TRY(AddMessage(raw_, catalogue_));
    raw_ = RawMessage();
    field_ = nullptr;
    has_original_ = has_translation_ = false;
    return {};
  }

  Catalogue catalogue_;
  RawMessage raw_;
  std::string* field_ = nullptr;
  bool has_original_ = false, has_translation_ = false, in_context_ = false;
};

// The numbers and texts of a compiled catalogue, in either byte order.
class MoFile {
 public:
  explicit MoFile(std::string_view bytes) : bytes_(bytes), swapped_(bytes.starts_with("\x95\x04\x12\xde")) {}

  Result<uint32_t> Number(uint64_t at) const {
    base::ByteReader reader(base::AsBytes(bytes_));
    TRY(reader.Seek(std::min<uint64_t>(at, bytes_.size()), "a number"));
    TRY_ASSIGN(const auto number, reader.Read<uint32_t>("a number"));
    return swapped_ ? __builtin_bswap32(number) : number;
  }

  // Text `index` of the table of lengths and offsets at `table`.
  Result<std::string_view> Text(uint64_t table, uint64_t index) const {
    TRY_ASSIGN(const uint32_t size, Number(table + index * 8));
    TRY_ASSIGN(const uint32_t begin, Number(table + index * 8 + 4));
    if (begin > bytes_.size() || size > bytes_.size() - begin) {
      return Fail(ErrorCode::kTruncated, "expected a text of {} bytes at byte {}, the file has {}", size, begin,
                  bytes_.size());
    }
    return bytes_.substr(begin, size);
  }

 private:
  std::string_view bytes_;
  bool swapped_;
};

std::vector<std::string> SplitAtZeros(std::string_view text) {
  std::vector<std::string> pieces;
  for (size_t begin = 0; begin <= text.size() && pieces.size() < 16;) {
    const size_t end = std::min(text.find('\0', begin), text.size());
    pieces.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return pieces;
}

RawMessage MessageOf(std::string_view original, std::string_view translation) {
  RawMessage raw;
  if (const size_t end = original.find('\4'); end != std::string_view::npos) {
    raw.context = original.substr(0, end);
    original.remove_prefix(end + 1);
  }
  const std::vector<std::string> forms = SplitAtZeros(original);
  raw.original = forms[0];
  if (forms.size() > 1) raw.plural = forms[1];
  raw.translations = SplitAtZeros(translation);
  return raw;
}

// The header says the language and, in compiled ones, the encoding.
void ReadHeader(Catalogue& catalogue) {
  catalogue.language = HeaderField(catalogue.header, "Language");
  std::string_view charset = HeaderField(catalogue.header, "Content-Type");
  const size_t at = charset.find("charset=");
  charset = at == std::string_view::npos ? std::string_view() : charset.substr(at + 8);
  const std::string lower = Lowered(charset);
  if (charset.empty() || lower == "utf-8" || lower == "utf8" || lower == "charset") return;
  for (TranslatedMessage& message : catalogue.messages) {
    for (std::string* text : {&message.context, &message.original, &message.translation}) {
      *text = ConvertText(*text, std::string(charset));
    }
  }
}

// The language of x/de/LC_MESSAGES/y.mo and of x/de.po.
std::string LanguageOfCatalogue(const Source& source) {
  const std::string language = LanguageBefore(source.path, "/LC_MESSAGES/");
  if (!language.empty()) return language;
  const std::string stem = source.name.substr(0, source.name.find_last_of('.'));
  const bool is_code = stem.size() == 2 || (stem.size() == 5 && stem[2] == '_');
  return is_code ? stem : "";
}

void AddLine(std::string_view text, uint64_t number, const std::string& context, Part& part) {
  const uint64_t begin = part.text.size();
  part.text += text;
  part.spans.push_back({begin, part.text.size(), {Place::Kind::kMsgid, number, 0, context}});
  part.text += '\n';
}

Result<void> GivePairs(const Source& source, const Catalogue& catalogue, std::vector<LicenceEvidence> licences,
                       Extraction& extraction) {
  if (catalogue.messages.empty()) return Fail(ErrorCode::kCorrupt, "it holds no translated message");
  Part original, translation;
  original.inner_path = source.inner_path + "#msgid";
  translation.inner_path = source.inner_path + "#msgstr";
  original.language = "en";  // what gettext's own documentation asks of programmers
  translation.language = catalogue.language.empty() ? LanguageOfCatalogue(source) : catalogue.language;
  original.licences = translation.licences = std::move(licences);
  original.title = translation.title = HeaderField(catalogue.header, "Project-Id-Version");
  uint64_t number = 0;
  for (const TranslatedMessage& message : catalogue.messages) {
    ++number;
    AddLine(message.original, number, message.context, original);
    AddLine(message.translation, number, message.context, translation);
  }
  TRY(extraction.Give(source, std::move(original)));
  return extraction.Give(source, std::move(translation));
}

}  // namespace

Result<Catalogue> ParsePo(std::string_view text) {
  TRY_ASSIGN(Catalogue catalogue, PoReader().Read(text));
  catalogue.language = HeaderField(catalogue.header, "Language");
  return catalogue;
}

Result<Catalogue> ParseMo(std::string_view bytes) {
  const MoFile file(bytes);
  TRY_ASSIGN(const uint32_t magic, file.Number(0));
  if (magic != 0x950412de) return Fail(ErrorCode::kCorrupt, "expected a compiled catalogue, found something else");
  TRY_ASSIGN(const uint32_t count, file.Number(8));
  TRY_ASSIGN(const uint32_t originals, file.Number(12));
  TRY_ASSIGN(const uint32_t translations, file.Number(16));
  if (count > bytes.size() / 16) {
    return Fail(ErrorCode::kTruncated, "expected {} messages, the file has {} bytes", count, bytes.size());
  }
  Catalogue catalogue;
  uint64_t copied = 0;
  for (uint64_t i = 0; i < count; ++i) {
    TRY_ASSIGN(const std::string_view original, file.Text(originals, i));
    TRY_ASSIGN(const std::string_view translation, file.Text(translations, i));
    // Texts may lie over each other: what they make together is bounded by more than the file's size.
    copied += original.size() + translation.size();
    if (copied > static_cast<uint64_t>(base::kExtractTextMaxBytes)) {
      return Fail(ErrorCode::kTooLarge, "expected at most {} bytes of messages", base::kExtractTextMaxBytes);
    }
    TRY(AddMessage(MessageOf(original, translation), catalogue));
  }
  ReadHeader(catalogue);
  return catalogue;
}

Result<void> ReadCatalogue(const Source& source, Extraction& extraction) {
  const size_t at = source.bytes.find("charset=");
  std::string_view charset = at == std::string_view::npos ? std::string_view() : source.bytes.substr(at + 8, 40);
  charset = charset.substr(0, charset.find_first_of("\\\"\n "));
  TRY_ASSIGN(const DecodedText decoded, DecodeText(source.bytes, charset));
  TRY_ASSIGN(const Catalogue catalogue, ParsePo(decoded.text));
  Part evidence;
  FindLicenceHeader(decoded.text, evidence);
  return GivePairs(source, catalogue, std::move(evidence.licences), extraction);
}

Result<void> ReadCompiledCatalogue(const Source& source, Extraction& extraction) {
  TRY_ASSIGN(const Catalogue catalogue, ParseMo(source.bytes));
  return GivePairs(source, catalogue, {}, extraction);
}

}  // namespace walchen::data
