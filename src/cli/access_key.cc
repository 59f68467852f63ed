// SPDX-License-Identifier: Apache-2.0
#include "cli/access_key.h"

#include <algorithm>

#include "base/limits.h"
#include "serve/guard.h"

namespace walchen::cli {
namespace {

constexpr int kRandomBytes = 16;

// Without the line end that editors and echo leave.
std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

}  // namespace

Result<std::string> KeyFromFile(base::Files& files, const base::Path& path) {
  TRY_ASSIGN(const std::string text, files.Read(path, base::kApiKeyFileMaxBytes));
  const std::string_view key = Trimmed(text);
  const bool printable = std::ranges::all_of(key, [](char c) { return c > ' ' && c <= '~'; });
  if (key.empty() || !printable) {
    return Fail(ErrorCode::kInvalidArgument,
                "{}: expected one line with a key of printable ASCII characters without spaces, found {}; make one "
                "with: openssl rand -hex 16",
                path.native(), key.empty() ? "nothing" : "others");
  }
  return std::string(key);
}

Result<std::string> HomeKey(base::Files& files, const base::Home& home) {
  const base::Path path = home.folder() / "token";
  if (files.Exists(path)) return KeyFromFile(files, path);
  const std::string key = serve::RandomHex(kRandomBytes);
  TRY(base::ReplaceFile(files, path, key + "\n", 0600));
  return key;
}

}  // namespace walchen::cli
