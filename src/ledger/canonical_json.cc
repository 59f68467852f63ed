// SPDX-License-Identifier: Apache-2.0
#include "ledger/canonical_json.h"

#include <vector>

#include "base/bytes.h"
#include "base/limits.h"

namespace walchen::ledger {
namespace {

using nlohmann::json;

constexpr int64_t kExactMax = (int64_t{1} << 53) - 1;

struct Visit {
  const json* value;
  int64_t depth;
};

bool IsAscii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

Result<void> CheckNumber(const json& number) {
  if (number.is_number_float()) {
    return Fail(ErrorCode::kInvalidArgument, "expected an integer or a decimal string, found the float {}",
                number.get<double>());
  }
  const bool fits = number.is_number_unsigned()
                        ? number.get<uint64_t>() <= uint64_t{kExactMax}
                        : number.get<int64_t>() >= -kExactMax && number.get<int64_t>() <= kExactMax;
  if (!fits)
    return Fail(ErrorCode::kInvalidArgument, "expected an integer of at most 53 bits, found {}", number.dump());
  return {};
}

// Pushes what is inside of `visit` onto `left`.
Result<void> CheckOne(const Visit& visit, std::vector<Visit>& left) {
  const json& value = *visit.value;
  if (visit.depth > base::kJsonMaxDepth) {
    return Fail(ErrorCode::kTooLarge, "expected JSON of at most {} levels, found more", base::kJsonMaxDepth);
  }
  if (value.is_number()) return CheckNumber(value);
  if (value.is_object()) {
    for (auto member = value.begin(); member != value.end(); ++member) {
      if (!IsAscii(member.key())) {
        return Fail(ErrorCode::kInvalidArgument, "expected names of members in ASCII, found {}",
                    base::Quoted(member.key()));
      }
      left.push_back({&*member, visit.depth + 1});
    }
  } else if (value.is_array()) {
    for (const json& item : value) left.push_back({&item, visit.depth + 1});
  } else if (value.is_binary() || value.is_discarded()) {
    return Fail(ErrorCode::kInvalidArgument, "expected a JSON value, found {}", value.type_name());
  }
  return {};
}

}  // namespace

Result<std::string> CanonicalJson(const json& value) {
  std::vector<Visit> left = {{&value, 1}};  // no recursion before the depth is known
  while (!left.empty()) {
    const Visit visit = left.back();
    left.pop_back();
    TRY(CheckOne(visit, left));
  }
  try {
    return value.dump();  // sorted members, no white space, RFC 8785's escapes
  } catch (const json::exception&) {
    return Fail(ErrorCode::kInvalidArgument, "expected texts in UTF-8, found other bytes");
  }
}

Result<json> ParseCanonical(std::string_view text) {
  if (text.size() > static_cast<size_t>(base::kLedgerBodyMaxBytes)) {
    return Fail(ErrorCode::kTooLarge, "expected JSON of at most {} bytes, found {}", base::kLedgerBodyMaxBytes,
                text.size());
  }
  json value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) return Fail(ErrorCode::kCorrupt, "expected a JSON object, found {}", base::Quoted(text));
  const auto canonical = CanonicalJson(value);
  if (!canonical) return Fail(ErrorCode::kCorrupt, "{}", canonical.error().message());
  if (*canonical != text) {
    return Fail(ErrorCode::kCorrupt, "expected canonical JSON (RFC 8785), found {}", base::Quoted(text));
  }
  return value;
}

}  // namespace walchen::ledger
