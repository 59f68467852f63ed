// SPDX-License-Identifier: Apache-2.0
#include "ledger/event.h"

#include <sodium.h>

#include "base/ascii.h"

namespace walchen::ledger {
namespace {

constexpr std::string_view kDomain = "walchen ledger event 1\n";
constexpr size_t kIdBytes = 16;  // 2^64 documents until two are likely to meet
constexpr size_t kIdentifierMaxBytes = 64;

bool IsHex(char c) { return base::IsDigit(c) || (c >= 'a' && c <= 'f'); }
uint8_t ValueOf(char digit) { return static_cast<uint8_t>(base::IsDigit(digit) ? digit - '0' : digit - 'a' + 10); }

}  // namespace

Result<NewEvent> AsNew(const Event& event) {
  NewEvent copy = {.kind = event.kind, .about = event.about};
  copy.body = nlohmann::json::parse(event.body, nullptr, /*allow_exceptions=*/false);
  if (!copy.body.is_object()) return Fail(ErrorCode::kCorrupt, "event {}: expected a JSON object as its body", event.sequence);
  const size_t private_values = copy.body.value(kPrivateMember, nlohmann::json::object()).size();
  copy.body.erase(std::string(kPrivateMember));
  if (private_values != event.private_fields.size()) {
    return Fail(ErrorCode::kInvalidArgument, "event {}, a {} event about {}: expected its {} private values, found {}; what was forgotten "
                "cannot be copied", event.sequence, event.kind, event.about, private_values, event.private_fields.size());
  }
  for (const PrivateField& field : event.private_fields) {
    if (field.name != kSubjectsField) {
      copy.private_fields.push_back(field);
      continue;
    }
    const auto tokens = nlohmann::json::parse(field.value, nullptr, /*allow_exceptions=*/false);
    for (const auto& token : tokens) {
      if (!token.is_string()) return Fail(ErrorCode::kCorrupt, "event {}: expected texts as its subjects", event.sequence);
      TRY_ASSIGN(copy.subjects.emplace_back(), DigestOfHex(token.get_ref<const std::string&>()));
    }
  }
  return copy;
}

Digest DigestOf(const Event& event) {
  base::ByteWriter out;
  out.Raw(base::AsBytes(kDomain));
  out.Write<uint64_t>(event.sequence);
  out.Write<int64_t>(event.time_ms);
  out.Text64(event.kind);
  out.Text64(event.about);
  out.Text64(event.body);
  out.Raw(BytesOf(event.previous));
  return base::Sha256Of(base::AsBytes(out.bytes()));
}

Digest SaltedDigest(const Salt& salt, std::string_view value) {
  static_assert(crypto_auth_hmacsha256_KEYBYTES == std::tuple_size_v<Salt>);
  Digest digest;
  crypto_auth_hmacsha256(digest.data(), reinterpret_cast<const unsigned char*>(value.data()), value.size(),
                         salt.data());
  return digest;
}

Salt RandomSalt() {
  CHECK(sodium_init() >= 0, "libsodium finds no source of random numbers");
  Salt salt;
  randombytes_buf(salt.data(), salt.size());
  return salt;
}

std::string NewId() {
  const Salt random = RandomSalt();
  return base::Hex(std::as_bytes(std::span(random).first<kIdBytes>()));
}

bool IsId(std::string_view text) { return text.size() == 2 * kIdBytes && std::ranges::all_of(text, IsHex); }

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kIdentifierMaxBytes && base::IsLower(text[0]) &&
         std::ranges::all_of(text, [](char c) { return base::IsLower(c) || base::IsDigit(c) || c == '_'; });
}

std::string HexOf(const Digest& digest) { return base::Hex(BytesOf(digest)); }

Result<Digest> DigestOfHex(std::string_view text) {
  Digest digest;
  if (text.size() != 2 * digest.size() || !std::ranges::all_of(text, IsHex)) {
    return Fail(ErrorCode::kCorrupt, "expected {} hexadecimal digits, found {}", 2 * digest.size(), base::Quoted(text));
  }
  for (size_t i = 0; i < digest.size(); ++i) {
    digest[i] = static_cast<uint8_t>(ValueOf(text[2 * i]) << 4 | ValueOf(text[2 * i + 1]));
  }
  return digest;
}

}  // namespace walchen::ledger
