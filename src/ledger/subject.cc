// SPDX-License-Identifier: Apache-2.0
#include "ledger/subject.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/limits.h"

namespace walchen::ledger {
namespace {

constexpr char32_t kIllFormed = 0xFFFFFFFF;

struct Letter {
  char32_t code = kIllFormed;
  size_t size = 1;
};

// The code point at the start of non-empty text; only forms of one to three bytes, as nothing here asks for others.
Letter FirstLetter(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<char32_t>(static_cast<unsigned char>(text[i])); };
  const auto follows = [&](size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  if (byte(0) < 0x80) return {byte(0), 1};
  if (byte(0) >= 0xC2 && byte(0) < 0xE0 && follows(1)) return {(byte(0) & 0x1F) << 6 | (byte(1) & 0x3F), 2};
  if (byte(0) >= 0xE0 && byte(0) < 0xF0 && follows(1) && follows(2)) {
    return {(byte(0) & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F), 3};
  }
  return {};
}

void AppendTwoBytes(std::string& out, char32_t code) {
  out += static_cast<char>(0xC0 | (code >> 6));
  out += static_cast<char>(0x80 | (code & 0x3F));
}

bool IsSpace(char32_t code) {
  return (code >= '\t' && code <= '\r') || code == ' ' || code == 0x85 || code == 0xA0 || code == 0x1680 ||
         (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 || code == 0x202F || code == 0x205F ||
         code == 0x3000;
}

// Soft hyphen, zero-width space and joiners, byte order mark.
bool IsInvisible(char32_t code) {
  return code == 0xAD || (code >= 0x200B && code <= 0x200D) || code == 0x2060 || code == 0xFEFF;
}

// Lower case of a letter in U+0080..U+017F.
char32_t LowerOf(char32_t code) {
  if (code >= 0xC0 && code <= 0xDE && code != 0xD7) return code + 0x20;
  if (code == 0x178) return 0xFF;  // Y with diaeresis
  // Latin Extended-A: pairs of capital and small letter, the capital even but in two stretches.
  const bool odd_capitals = (code >= 0x139 && code <= 0x148) || (code >= 0x179 && code <= 0x17E);
  if (code >= 0x100 && code <= 0x17E && code != 0x138 && code != 0x149) {
    return (code & 1) == (odd_capitals ? 1u : 0u) ? code + 1 : code;
  }
  return code;
}

void AppendFolded(std::string& out, char32_t code) {
  switch (const char32_t lower = LowerOf(code)) {
    case 0xE4: out += "ae"; break;
    case 0xF6: out += "oe"; break;
    case 0xFC: out += "ue"; break;
    case 0xDF: out += "ss"; break;
    case 0x1E9E: out += "ss"; break;  // capital sharp s
    default: AppendTwoBytes(out, lower);
  }
}

// Case, umlauts and white space.
std::string Fold(std::string_view text) {
  constexpr char32_t kCombiningDiaeresis = 0x308;
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const Letter letter = FirstLetter(text.substr(at));
    if (IsSpace(letter.code)) {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else if (letter.code < 0x80) {
      const auto c = static_cast<char>(letter.code);
      out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (letter.code == kCombiningDiaeresis && !out.empty() &&
               std::string_view("aou").find(out.back()) != std::string_view::npos) {
      out += 'e';
    } else if (letter.code < 0x180 && !IsInvisible(letter.code)) {
      AppendFolded(out, letter.code);
    } else if (letter.code == 0x1E9E) {
      AppendFolded(out, letter.code);
    } else if (!IsInvisible(letter.code)) {
      out.append(text.substr(at, letter.size));
    }
    at += letter.size;
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

// What may stand between the digits of a number.
std::string WithoutSeparators(std::string_view text) {
  std::string out;
  std::ranges::copy_if(text, std::back_inserter(out),
                       [](char c) { return std::string_view(" -/().").find(c) == std::string_view::npos; });
  return out;
}

bool IsIban(std::string_view compact) {
  return compact.size() >= 15 && compact.size() <= 34 && base::IsLower(compact[0]) && base::IsLower(compact[1]) &&
         base::IsDigit(compact[2]) && base::IsDigit(compact[3]) && base::IsDigit(compact.back()) &&
         std::ranges::all_of(compact, [](char c) { return base::IsDigit(c) || base::IsLower(c); });
}

bool IsNumber(std::string_view compact) {
  if (compact.starts_with('+')) compact.remove_prefix(1);
  return compact.size() >= 5 && std::ranges::all_of(compact, base::IsDigit);
}

// +49 (0)89 1234, 0049 89 1234 and 089 1234 are one telephone.
std::string WithoutGermany(std::string number) {
  for (const std::string_view prefix : {"+49", "0049"}) {
    if (!number.starts_with(prefix)) continue;
    number.erase(0, prefix.size());
    if (!number.starts_with('0')) number.insert(0, 1, '0');
    break;
  }
  return number;
}

}  // namespace

std::string NormaliseSubject(std::string_view subject) {
  std::string folded = Fold(subject);
  std::string compact = WithoutSeparators(folded);
  if (IsIban(compact)) return compact;
  if (IsNumber(compact)) return WithoutGermany(std::move(compact));
  return folded;
}

Result<SubjectKey> SubjectKey::ReadOrMake(base::Files& files, const base::Path& path) {
  TRY_ASSIGN(const Secret key, ReadOrMakeSecret(files, path));
  return SubjectKey(key);
}

Result<SubjectKey> SubjectKey::Share(base::Files& files, const base::Path& from, const base::Path& to) {
  TRY_ASSIGN(const Secret key, ShareSecret(files, from, to));
  return SubjectKey(key);
}

Result<Digest> SubjectKey::TokenOf(std::string_view subject) const {
  if (subject.size() > static_cast<size_t>(base::kSubjectMaxBytes)) {
    return Fail(ErrorCode::kTooLarge, "expected what identifies a person in at most {} bytes, found {}",
                base::kSubjectMaxBytes, subject.size());
  }
  const std::string normal = NormaliseSubject(subject);
  if (normal.empty()) return Fail(ErrorCode::kInvalidArgument, "expected what identifies a person, found nothing");
  return SaltedDigest(key_, normal);
}

}  // namespace walchen::ledger
