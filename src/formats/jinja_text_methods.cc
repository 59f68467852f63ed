// SPDX-License-Identifier: Apache-2.0
//
// The methods of texts: Python's str.
#include <algorithm>

#include "base/limits.h"
#include "formats/jinja_access.h"
#include "formats/jinja_builtins.h"
#include "formats/jinja_format.h"
#include "formats/jinja_operators.h"
#include "formats/jinja_print.h"
#include "formats/jinja_runtime.h"
#include "formats/jinja_text_operations.h"
#include "formats/jinja_unicode.h"

namespace walchen::formats::jinja {
namespace {

// An argument of a method that puts it into the text: markup escapes it.
Result<const StringObject*> InsertedText(Runtime& runtime, const Value& self, const Parameters& given, size_t i) {
  TRY_ASSIGN(const StringObject* text, given.String(i));
  if (!self.string().markup) return text;
  TRY_ASSIGN(const Value escaped, EscapeHtml(runtime, given[i]));
  return &escaped.string();
}

// A text or none; nothing for none and for what was left out.
Result<std::optional<std::string_view>> OptionalText(const Parameters& given, size_t i) {
  if (!given.Has(i) || given[i].Is(Kind::kNone)) return std::optional<std::string_view>();
  TRY_ASSIGN(const StringObject* text, given.String(i));
  return text->bytes();
}

template <Side kSide>
Result<Value> StripMethod(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("strip", arguments, {"chars"}));
  TRY_ASSIGN(const auto characters, OptionalText(given, 0));
  return Strip(runtime, self.string(), characters, kSide);
}

template <Side kSide>
Result<Value> SplitMethod(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("split", arguments, {"sep", "maxsplit"}));
  TRY_ASSIGN(const auto separator, OptionalText(given, 0));
  TRY_ASSIGN(const int64_t count, given.Int(1, -1));
  return Split(runtime, self.string(), separator, count, kSide);
}

Result<Value> SplitLines(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("splitlines", arguments, {"keepends"}));
  const StringObject& text = self.string();
  TRY_ASSIGN(const std::vector<ByteRange> lines, Lines(runtime, text));
  std::vector<Value> items;
  for (size_t i = 0; i < lines.size(); ++i) {
    size_t end = lines[i].end;
    if (given.Truth(0, false)) end = i + 1 < lines.size() ? lines[i + 1].begin : text.size();
    items.push_back(runtime.Slice(text, lines[i].begin, end));
  }
  return runtime.Sequence(std::move(items));
}

template <Case kChange>
Result<Value> CaseMethod(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("changing the case", arguments, {}));
  return ChangeCase(runtime, self.string(), kChange);
}

Result<Value> ReplaceMethod(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("replace", arguments, {"old", "new", "count"}, 2));
  TRY_ASSIGN(const StringObject* from, InsertedText(runtime, self, given, 0));
  TRY_ASSIGN(const StringObject* to, InsertedText(runtime, self, given, 1));
  TRY_ASSIGN(const int64_t count, given.Int(2, -1));
  return Replace(runtime, self.string(), *from, *to, count);
}

// Begins behind its end: not even the empty text is found there.
constexpr ByteRange kNowhere = {1, 0};

// The part of the text that the optional arguments i and i + 1 (start, end, in code points) name.
Result<ByteRange> Window(Runtime& runtime, const StringObject& text, const Parameters& given, size_t i) {
  if (!given.Has(i)) return ByteRange{0, text.size()};
  TRY(runtime.SpendOnBytes(text.size()));
  const auto length = static_cast<int64_t>(text.length());
  const auto offset = [&](int64_t index) {
    if (index < 0) index = std::max<int64_t>(index + length, 0);
    return ByteOffset(text.bytes(), static_cast<size_t>(std::min(index, length)));
  };
  TRY_ASSIGN(const int64_t start, given[i].Is(Kind::kNone) ? Result<int64_t>(0) : given.Int(i, 0));
  const bool open = !given.Has(i + 1) || given[i + 1].Is(Kind::kNone);
  TRY_ASSIGN(const int64_t end, open ? Result<int64_t>(length) : given.Int(i + 1, 0));
  if (start > length) return kNowhere;
  return ByteRange{offset(start), offset(end)};
}

// Whether the text starts or ends with the argument, or with one of a tuple of them.
template <Side kSide>
Result<Value> Affix(Runtime& runtime, const Value& self, const Arguments& arguments) {
  constexpr std::string_view kName = kSide == Side::kLeft ? "startswith" : "endswith";
  TRY_ASSIGN(const Parameters given, Parameters::Bind(kName, arguments, {"affix", "start", "end"}, 1));
  TRY_ASSIGN(const ByteRange window, Window(runtime, self.string(), given, 1));
  if (window.begin > window.end) return Value::Bool(false);
  const std::string_view text = self.string().bytes().substr(window.begin, window.end - window.begin);
  const bool tuple = given[0].Is(Kind::kSequence) && given[0].sequence().is_tuple();
  const std::vector<Value> one = {given[0]};
  for (const Value& affix : tuple ? given[0].sequence().items : one) {
    if (affix.Is(Kind::kUndefined)) return FailUndefined(affix);
    if (!affix.Is(Kind::kString)) {
      return Fail(ErrorCode::kCorrupt, "{} expects a text or a tuple of texts, got {}", kName, affix.TypeName());
    }
    TRY(runtime.SpendOnBytes(affix.string().size()));
    const std::string_view bytes = affix.string().bytes();
    if (kSide == Side::kLeft ? text.starts_with(bytes) : text.ends_with(bytes)) return Value::Bool(true);
  }
  return Value::Bool(false);
}

// The index in code points, -1 where there is none.
template <Side kSide>
Result<int64_t> Position(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("find", arguments, {"sub", "start", "end"}, 1));
  TRY_ASSIGN(const StringObject* needle, given.String(0));
  const StringObject& text = self.string();
  TRY(runtime.SpendOnBytes(text.size() * 2));
  TRY_ASSIGN(const ByteRange window, Window(runtime, text, given, 1));
  if (window.begin > window.end) return -1;
  size_t at = kSide == Side::kLeft ? window.begin : window.end;
  if (needle->size() > 0) {
    const std::string_view part = text.bytes().substr(window.begin, window.end - window.begin);
    const std::vector<ByteRange> found = FindAll(part, needle->bytes(), 1, kSide);
    if (found.empty()) return -1;
    at = window.begin + found[0].begin;
  }
  return static_cast<int64_t>(CountCodePoints(text.bytes().substr(0, at)));
}

template <Side kSide>
Result<Value> FindMethodOf(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const int64_t position, Position<kSide>(runtime, self, arguments));
  return Value::Int(position);
}

template <Side kSide>
Result<Value> IndexMethod(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const int64_t position, Position<kSide>(runtime, self, arguments));
  if (position < 0) return Fail(ErrorCode::kCorrupt, "substring not found");
  return Value::Int(position);
}

Result<Value> Count(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("count", arguments, {"sub", "start", "end"}, 1));
  TRY_ASSIGN(const StringObject* needle, given.String(0));
  TRY(runtime.SpendOnBytes(self.string().size()));
  TRY_ASSIGN(const ByteRange window, Window(runtime, self.string(), given, 1));
  if (window.begin > window.end) return Value::Int(0);
  const std::string_view part = self.string().bytes().substr(window.begin, window.end - window.begin);
  const size_t count =
      needle->size() == 0 ? CountCodePoints(part) + 1 : FindAll(part, needle->bytes(), -1, Side::kLeft).size();
  return Value::Int(static_cast<int64_t>(count));
}

Result<Value> JoinMethod(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("join", arguments, {"iterable"}, 1));
  TRY_ASSIGN(const std::vector<Value>* items, Items(runtime, given[0]));
  std::vector<Value> texts;
  for (const Value& item : *items) {
    if (!item.Is(Kind::kString)) {
      return Fail(ErrorCode::kCorrupt, "join expects texts, found {}", item.TypeName());
    }
    texts.push_back(item);
    if (self.string().markup) {
      TRY_ASSIGN(texts.back(), EscapeHtml(runtime, item));
    }
  }
  TRY_ASSIGN(const Value joined, JoinItems(runtime, self.string(), texts));
  if (!self.string().markup) return joined;
  TextBuilder builder;
  builder.Append(joined.string().marked());
  return runtime.Text(std::move(builder), true);
}

Result<Value> FormatMethod(Runtime& runtime, const Value& self, const Arguments& arguments) {
  return FormatBraces(runtime, self.string(), arguments);
}

template <Side kSide>
Result<Value> RemoveAffix(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("removing an affix", arguments, {"affix"}, 1));
  TRY_ASSIGN(const StringObject* affix, given.String(0));
  const StringObject& text = self.string();
  const std::string_view bytes = text.bytes();
  TRY(runtime.SpendOnBytes(affix->size()));
  if (kSide == Side::kLeft ? !bytes.starts_with(affix->bytes()) : !bytes.ends_with(affix->bytes())) return self;
  return kSide == Side::kLeft ? runtime.Slice(text, affix->size(), bytes.size())
                              : runtime.Slice(text, 0, bytes.size() - affix->size());
}

template <Side kSide>
Result<Value> Partition(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("partition", arguments, {"sep"}, 1));
  TRY_ASSIGN(const StringObject* separator, given.String(0));
  if (separator->size() == 0) return Fail(ErrorCode::kCorrupt, "partition expects a separator that is not empty");
  const StringObject& text = self.string();
  TRY(runtime.SpendOnBytes(text.size()));
  const std::vector<ByteRange> found = FindAll(text.bytes(), separator->bytes(), 1, kSide);
  const size_t at_end = kSide == Side::kLeft ? text.size() : 0;
  const ByteRange cut = found.empty() ? ByteRange{at_end, at_end} : found[0];
  return runtime.Sequence({runtime.Slice(text, 0, cut.begin), runtime.Slice(text, cut.begin, cut.end),
                           runtime.Slice(text, cut.end, text.size())},
                          SequenceType::kTuple);
}

// Whether the text is not empty and every code point passes.
template <auto kPasses>
Result<Value> All(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("the test of a text", arguments, {}));
  const std::string_view bytes = self.string().bytes();
  TRY(runtime.SpendOnBytes(bytes.size()));
  for (size_t at = 0; at < bytes.size();) {
    const CodePoint code_point = DecodeAt(bytes, at);
    if (!kPasses(code_point.value)) return Value::Bool(false);
    at += code_point.bytes;
  }
  return Value::Bool(!bytes.empty());
}

bool IsDigit(uint32_t code_point) { return code_point >= '0' && code_point <= '9'; }
bool IsAlphanumeric(uint32_t code_point) { return IsAlpha(code_point) || IsDigit(code_point); }
bool IsAscii(uint32_t code_point) { return code_point < 0x80; }

// Whether there are letters with case, and all of them have this one.
template <Case kCase>
Result<Value> AllInCase(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY(Parameters::Bind("the test of a text", arguments, {}));
  const std::string_view bytes = self.string().bytes();
  TRY(runtime.SpendOnBytes(bytes.size()));
  bool found = false;
  for (size_t at = 0; at < bytes.size();) {
    const CodePoint code_point = DecodeAt(bytes, at);
    if (kCase == Case::kUpper ? IsLower(code_point.value) : IsUpper(code_point.value)) return Value::Bool(false);
    found = found || (kCase == Case::kUpper ? IsUpper(code_point.value) : IsLower(code_point.value));
    at += code_point.bytes;
  }
  return Value::Bool(found);
}

enum class Place : uint8_t { kStart, kMiddle, kEnd };

// ljust, center, rjust.
template <Place kPlace>
Result<Value> Justify(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("justifying", arguments, {"width", "fillchar"}, 1));
  TRY_ASSIGN(const int64_t width, given.Int(0, 0));
  const StringObject& text = self.string();
  const auto length = static_cast<int64_t>(text.length());
  if (width <= length) return self;
  const int64_t padding = width - length;
  if (width > base::kTemplateMaxOutputBytes) {
    return Fail(ErrorCode::kResourceExhausted, "a text of {} characters is too long for a template", width);
  }
  TRY(runtime.SpendOnBytes(static_cast<uint64_t>(width)));
  TRY_ASSIGN(const auto given_fill, OptionalText(given, 1));
  const std::string_view fill = given_fill.value_or(" ");
  if (CountCodePoints(fill) != 1) return Fail(ErrorCode::kCorrupt, "justifying expects one character to fill with");
  // Python's own rounding: where the padding is odd, the larger half goes left if the width is odd too.
  const int64_t middle = padding / 2 + (padding & width & 1);
  const int64_t left = kPlace == Place::kStart ? 0 : (kPlace == Place::kEnd ? padding : middle);
  TextBuilder builder;
  for (int64_t i = 0; i < left; ++i) builder.Append(fill, false);
  builder.Append(text.marked());
  for (int64_t i = left; i < padding; ++i) builder.Append(fill, false);
  return runtime.Text(std::move(builder), text.markup);
}

Result<Value> ZeroFill(Runtime& runtime, const Value& self, const Arguments& arguments) {
  TRY_ASSIGN(const Parameters given, Parameters::Bind("zfill", arguments, {"width"}, 1));
  TRY_ASSIGN(const int64_t width, given.Int(0, 0));
  const StringObject& text = self.string();
  const size_t sign = text.bytes().starts_with('-') || text.bytes().starts_with('+') ? 1 : 0;
  if (width > base::kTemplateMaxOutputBytes) {
    return Fail(ErrorCode::kResourceExhausted, "a text of {} characters is too long for a template", width);
  }
  const auto length = static_cast<int64_t>(text.length());
  if (width <= length) return self;
  TextBuilder builder;
  builder.Append(text.marked(), 0, sign);
  builder.Append(std::string(static_cast<size_t>(width - length), '0'), false);
  builder.Append(text.marked(), sign, text.size());
  return runtime.Text(std::move(builder), text.markup);
}

constexpr NamedNative kMethods[] = {
    {"capitalize", CaseMethod<Case::kCapitalize>},
    {"center", Justify<Place::kMiddle>},
    {"count", Count},
    {"endswith", Affix<Side::kRight>},
    {"find", FindMethodOf<Side::kLeft>},
    {"format", FormatMethod},
    {"index", IndexMethod<Side::kLeft>},
    {"isalnum", All<IsAlphanumeric>},
    {"isalpha", All<IsAlpha>},
    {"isascii", All<IsAscii>},
    {"isdecimal", All<IsDigit>},
    {"isdigit", All<IsDigit>},
    {"islower", AllInCase<Case::kLower>},
    {"isnumeric", All<IsDigit>},
    {"isspace", All<IsSpace>},
    {"isupper", AllInCase<Case::kUpper>},
    {"join", JoinMethod},
    {"ljust", Justify<Place::kStart>},
    {"lower", CaseMethod<Case::kLower>},
    {"lstrip", StripMethod<Side::kLeft>},
    {"partition", Partition<Side::kLeft>},
    {"removeprefix", RemoveAffix<Side::kLeft>},
    {"removesuffix", RemoveAffix<Side::kRight>},
    {"replace", ReplaceMethod},
    {"rfind", FindMethodOf<Side::kRight>},
    {"rindex", IndexMethod<Side::kRight>},
    {"rjust", Justify<Place::kEnd>},
    {"rpartition", Partition<Side::kRight>},
    {"rsplit", SplitMethod<Side::kRight>},
    {"rstrip", StripMethod<Side::kRight>},
    {"split", SplitMethod<Side::kLeft>},
    {"splitlines", SplitLines},
    {"startswith", Affix<Side::kLeft>},
    {"strip", StripMethod<Side::kBoth>},
    {"swapcase", CaseMethod<Case::kSwap>},
    {"title", CaseMethod<Case::kTitle>},
    {"upper", CaseMethod<Case::kUpper>},
    {"zfill", ZeroFill},
};

}  // namespace

std::span<const NamedNative> TextMethods() { return kMethods; }

}  // namespace walchen::formats::jinja
