// SPDX-License-Identifier: Apache-2.0
//
// Reading bytes that may be hostile, and arithmetic on lengths that may be lies.
//
// Every binary format of Walchen is parsed through ByteReader: it never looks past the bytes it was given, and a length
// is compared with the bytes left before anybody allocates for it.
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace walchen::base {

static_assert(std::endian::native == std::endian::little, "Walchen's file readers assume a little-endian machine");

using Bytes = std::span<const std::byte>;

inline Bytes AsBytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }
inline std::string_view AsText(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// Text from outside as it may stand in a message: in quotes, at most `max_bytes` of it, and everything but printable
// ASCII as \x1b, so that a terminal cannot take it for a command.
std::string Quoted(std::string_view text, size_t max_bytes = 80);

// a + b and a * b, or kCorrupt where the true result does not fit 64 bits.
Result<uint64_t> CheckedAdd(uint64_t a, uint64_t b);
Result<uint64_t> CheckedMul(uint64_t a, uint64_t b);

// Reads little-endian values front to back. Views it returns point into the bytes it was given and live as long as they.
class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : bytes_(bytes) {}

  uint64_t position() const { return position_; }
  uint64_t left() const { return bytes_.size() - position_; }

  // One number. `what` names it in the error: "expected 8 bytes for tensor count, 3 are left".
  template <class T>
    requires(std::integral<T> || std::floating_point<T>)
  Result<T> Read(std::string_view what) {
    TRY_ASSIGN(const Bytes raw, Take(sizeof(T), what));
    T value;
    std::memcpy(&value, raw.data(), sizeof(T));
    return value;
  }

  // The next `count` bytes.
  Result<Bytes> Take(uint64_t count, std::string_view what);

  // A text with a 64-bit length in front, at most `max_bytes` long.
  Result<std::string_view> Text64(uint64_t max_bytes, std::string_view what);

  // Moves to an absolute position, at most the end.
  Result<void> Seek(uint64_t position, std::string_view what);

 private:
  Bytes bytes_;
  uint64_t position_ = 0;
};

// Appends little-endian values to a string: the writing twin of ByteReader.
class ByteWriter {
 public:
  template <class T>
    requires(std::integral<T> || std::floating_point<T>)
  void Write(T value) {
    out_.append(reinterpret_cast<const char*>(&value), sizeof(T));
  }
  void Text64(std::string_view text) {
    Write<uint64_t>(text.size());
    out_.append(text);
  }
  void Raw(Bytes bytes) { out_.append(AsText(bytes)); }
  // Zero bytes up to the next multiple of `alignment`.
  void PadTo(uint64_t alignment) { out_.resize((out_.size() + alignment - 1) / alignment * alignment, '\0'); }

  uint64_t size() const { return out_.size(); }
  const std::string& bytes() const { return out_; }

 private:
  std::string out_;
};

}  // namespace walchen::base
