// SPDX-License-Identifier: Apache-2.0
#include "cli/input.h"

#include <cerrno>
#include <cstring>

namespace walchen::cli {
namespace {

// Appends bytes up to and without `end`, or to the end of the stream; the last byte read, or EOF.
Result<int> ReadUntil(std::FILE* stream, int end, uint64_t max_bytes, std::string& text) {
  int byte = EOF;
  while ((byte = std::getc(stream)) != EOF && byte != end) {
    if (text.size() == max_bytes) {
      return Fail(ErrorCode::kTooLarge, "expected at most {} bytes of input, found more", max_bytes);
    }
    text += static_cast<char>(byte);
  }
  if (byte == EOF && std::ferror(stream) != 0) return Fail(ErrorCode::kIo, "cannot read: {}", std::strerror(errno));
  return byte;
}

}  // namespace

Result<std::optional<std::string>> ReadLine(std::FILE* stream, uint64_t max_bytes) {
  std::string line;
  TRY_ASSIGN(const int last, ReadUntil(stream, '\n', max_bytes, line));
  if (last == EOF && line.empty()) return std::optional<std::string>();
  return std::optional<std::string>(std::move(line));
}

Result<std::string> ReadAll(std::FILE* stream, uint64_t max_bytes) {
  constexpr int kNoByte = -2;  // neither a byte nor EOF: nothing ends the text but the stream
  std::string text;
  TRY(ReadUntil(stream, kNoByte, max_bytes, text));
  return text;
}

}  // namespace walchen::cli
