// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

namespace walchen::base {

std::string Quoted(std::string_view text, size_t max_bytes) {
  std::string quoted = "\"";
  for (const char c : text.substr(0, max_bytes)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7F || c == '"' || c == '\\') {
      quoted += fmt::format("\\x{:02x}", byte);
    } else {
      quoted += c;
    }
  }
  return quoted += text.size() > max_bytes ? "\"..." : "\"";
}

Result<uint64_t> CheckedAdd(uint64_t a, uint64_t b) {
  uint64_t sum;
  if (__builtin_add_overflow(a, b, &sum)) return Fail(ErrorCode::kCorrupt, "{} + {} does not fit 64 bits", a, b);
  return sum;
}

Result<uint64_t> CheckedMul(uint64_t a, uint64_t b) {
  uint64_t product;
  if (__builtin_mul_overflow(a, b, &product)) return Fail(ErrorCode::kCorrupt, "{} * {} does not fit 64 bits", a, b);
  return product;
}

Result<Bytes> ByteReader::Take(uint64_t count, std::string_view what) {
  if (count > left()) {
    return FailAt(position_, ErrorCode::kTruncated, "expected {} bytes for {}, {} are left", count, what, left());
  }
  const Bytes taken = bytes_.subspan(position_, count);
  position_ += count;
  return taken;
}

Result<std::string_view> ByteReader::Text64(uint64_t max_bytes, std::string_view what) {
  const uint64_t start = position_;
  TRY_ASSIGN(const uint64_t length, Read<uint64_t>(what));
  if (length > left()) {
    return FailAt(start, ErrorCode::kTruncated, "{} claims {} bytes, {} are left", what, length, left());
  }
  if (length > max_bytes) {
    return FailAt(start, ErrorCode::kTooLarge, "{} claims {} bytes, at most {} are allowed", what, length, max_bytes);
  }
  TRY_ASSIGN(const Bytes raw, Take(length, what));
  return AsText(raw);
}

Result<void> ByteReader::Seek(uint64_t position, std::string_view what) {
  if (position > bytes_.size()) {
    return FailAt(position_, ErrorCode::kTruncated, "{} would start at byte {}, but there are {} bytes", what, position,
                  bytes_.size());
  }
  position_ = position;
  return {};
}

}  // namespace walchen::base
