// SPDX-License-Identifier: Apache-2.0
#include "data/extract_charset.h"

#include <iconv.h>
#include <uchardet/uchardet.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "base/bytes.h"
#include "data/extraction.h"
#include "formats/utf8.h"

namespace walchen::data {
namespace {

constexpr size_t kSniffedBytes = 65'536;
constexpr size_t kConvertedAtOnceBytes = 4'096;

constexpr const char* kFallback = "WINDOWS-1252";

struct Mark {
  std::string_view bytes;
  const char* charset;
};
// UTF-32 before UTF-16, whose little-endian mark it begins with.
constexpr std::array<Mark, 5> kMarks = {{{std::string_view("\xFF\xFE\0\0", 4), "UTF-32LE"},
                                         {std::string_view("\0\0\xFE\xFF", 4), "UTF-32BE"},
                                         {"\xEF\xBB\xBF", "UTF-8"},
                                         {"\xFF\xFE", "UTF-16LE"},
                                         {"\xFE\xFF", "UTF-16BE"}}};

const Mark* FindMark(std::string_view bytes) {
  const auto* mark = std::ranges::find_if(kMarks, [&](const Mark& m) { return bytes.starts_with(m.bytes); });
  return mark == kMarks.end() ? nullptr : mark;
}

// UTF-16 without a mark: every other byte of Latin text is zero. Empty where it is not.
std::string_view Utf16WithoutMark(std::string_view bytes) {
  const std::string_view head = bytes.substr(0, kSniffedBytes);
  if (head.size() < 8) return {};
  std::array<size_t, 2> zeros = {};
  for (size_t i = 0; i < head.size(); ++i) zeros[i % 2] += head[i] == '\0';
  const size_t half = head.size() / 2;
  if (zeros[1] > half * 3 / 4 && zeros[0] <= half / 16) return "UTF-16LE";
  if (zeros[0] > half * 3 / 4 && zeros[1] <= half / 16) return "UTF-16BE";
  return {};
}

// What German and English texts have beyond ASCII, in Windows-1252: € § © ° ± ² ³ µ · × Ä Ö Ü ß ä é ö ü and the space that
// does not break. From a few such bytes, as in a table's heads, no detector can tell; in other encodings they are letters
// or frames that never come alone.
bool IsGermanOrEnglish(std::string_view bytes) {
  constexpr std::string_view kUsual = "\x80\xA0\xA7\xA9\xB0\xB1\xB2\xB3\xB5\xB7\xC4\xD6\xD7\xDC\xDF\xE4\xE9\xF6\xFC";
  return std::ranges::all_of(bytes, [&](char c) { return (c & 0x80) == 0 || kUsual.find(c) != std::string_view::npos; });
}

std::string Detect(std::string_view bytes) {
  if (IsGermanOrEnglish(bytes)) return kFallback;
  const std::unique_ptr<uchardet, decltype(&uchardet_delete)> detector(uchardet_new(), &uchardet_delete);
  std::string found;
  if (uchardet_handle_data(detector.get(), bytes.data(), std::min<size_t>(bytes.size(), 1 << 20)) == 0) {
    uchardet_data_end(detector.get());
    found = uchardet_get_charset(detector.get());
  }
  // Where a text is plain Latin-1 its writer meant Windows-1252, which differs only where Latin-1 has control
  // characters. A detector that saw only ASCII in its part says so, though there is more.
  if (found.empty() || found == "ISO-8859-1" || found == "ASCII") return kFallback;
  return found;
}

class Converter {
 public:
  explicit Converter(const std::string& charset) : iconv_(iconv_open("UTF-8", charset.c_str())) {}
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;
  ~Converter() {
    if (known()) iconv_close(iconv_);
  }
  bool known() const { return iconv_ != reinterpret_cast<iconv_t>(-1); }

  // Appends what `bytes` mean; they stand `skipped` bytes behind the source's start.
  void Convert(std::string_view bytes, uint64_t skipped, DecodedText& out) {
    char* in = const_cast<char*>(bytes.data());  // iconv's signature; it does not write there
    size_t in_left = bytes.size();
    std::array<char, kConvertedAtOnceBytes> buffer;
    while (in_left > 0) {
      const uint64_t from = skipped + bytes.size() - in_left, begin = out.text.size();
      char* to = buffer.data();
      size_t to_left = buffer.size();
      const size_t converted = iconv(iconv_, &in, &in_left, &to, &to_left);
      const int error = converted == static_cast<size_t>(-1) ? errno : 0;
      out.text.append(buffer.data(), buffer.size() - to_left);
      if (error == EILSEQ || error == EINVAL) {
        ++in, --in_left, ++out.replaced;
        formats::AppendUtf8(out.text, 0xFFFD);
      }
      const uint64_t to_byte = skipped + bytes.size() - in_left;
      if (out.text.size() > begin) {
        out.spans.push_back({begin, out.text.size(), {Place::Kind::kBytes, from, to_byte, ""}});
      }
    }
  }

 private:
  iconv_t iconv_;
};

DecodedText Convert(std::string_view bytes, uint64_t skipped, std::string charset) {
  DecodedText decoded;
  if (!Converter(charset).known()) charset = kFallback;
  Converter(charset).Convert(bytes, skipped, decoded);
  decoded.charset = std::move(charset);
  return decoded;
}

DecodedText AlreadyUtf8(std::string_view bytes, uint64_t skipped) {
  DecodedText decoded{std::string(bytes), "UTF-8", {}, 0};
  if (!bytes.empty()) decoded.spans = {{0, bytes.size(), {Place::Kind::kBytes, skipped, skipped + bytes.size(), ""}}};
  return decoded;
}

bool IsUtf8Name(std::string_view charset) {
  const std::string lower = Lowered(charset);
  return lower == "utf-8" || lower == "utf8";
}

}  // namespace

Place DecodedText::PlaceOf(uint64_t begin, uint64_t end) const {
  const auto holding = [&](uint64_t position) {
    const auto after = std::ranges::upper_bound(spans, position, {}, &Span::begin);
    return after == spans.begin() ? after : after - 1;
  };
  if (spans.empty()) return {};
  const auto first = holding(begin), last = holding(end > begin ? end - 1 : begin);
  if (charset == "UTF-8" && replaced == 0) {
    return {Place::Kind::kBytes, first->place.first + begin, first->place.first + end, ""};
  }
  return {Place::Kind::kBytes, first->place.first, last->place.last, ""};
}

bool LooksLikeText(std::string_view bytes) {
  if (FindMark(bytes) || !Utf16WithoutMark(bytes).empty()) return true;
  const std::string_view head = bytes.substr(0, kSniffedBytes);
  size_t controls = 0;
  for (const char c : head) {
    if (c == '\0') return false;
    const bool usual = c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\b' || c == '\x1b';
    controls += static_cast<unsigned char>(c) < 0x20 && !usual;
  }
  return controls * 100 <= head.size();
}

std::string ConvertText(std::string_view bytes, const std::string& charset) { return Convert(bytes, 0, charset).text; }

Result<DecodedText> DecodeText(std::string_view bytes, std::string_view declared) {
  const Mark* mark = FindMark(bytes);
  const uint64_t skipped = mark ? mark->bytes.size() : 0;
  const std::string_view content = bytes.substr(skipped);
  const std::string_view utf16 = mark ? std::string_view() : Utf16WithoutMark(bytes);
  std::string charset(mark ? mark->charset : !utf16.empty() ? utf16 : declared);
  // Most texts are UTF-8, also many that declare something else; hardly any text in another encoding is UTF-8 by
  // chance.
  const bool wide = mark || !utf16.empty();
  if ((!wide || IsUtf8Name(charset)) && formats::ValidUtf8Prefix(content) == content.size() &&
      charset.find("2022") == std::string::npos) {
    return AlreadyUtf8(content, skipped);
  }
  if (charset.empty() || (!mark && IsUtf8Name(charset))) charset = Detect(content);

  DecodedText decoded = Convert(content, skipped, std::move(charset));
  if (decoded.replaced * 100 > bytes.size()) {
    return Fail(ErrorCode::kCorrupt, "expected text, found {} of {} bytes that mean nothing in {}", decoded.replaced,
                bytes.size(), base::Quoted(decoded.charset));
  }
  return decoded;
}

}  // namespace walchen::data
