// SPDX-License-Identifier: Apache-2.0
//
// tokenize_lines FILE [--special] < lines: the ids of every line as one JSON array per line, for comparing with other
// tokenizers. FILE is a model (.gguf) or a tokenizer.json; a line is a JSON string, or an array of bytes where the text
// is not valid UTF-8. --special lets special tokens in the lines count.
#include <cstdio>
#include <iostream>
#include <string>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "base/limits.h"
#include "formats/gguf.h"
#include "formats/tokenizer.h"

namespace walchen::formats {
namespace {

Result<std::unique_ptr<Tokenizer>> Load(const std::string& path) {
  if (path.ends_with(".gguf")) {
    TRY_ASSIGN(const auto file, GgufFile::Open(base::Files::Os(), path));
    return Tokenizer::FromGguf(*file);
  }
  TRY_ASSIGN(const std::string text, base::Files::Os().Read(path, base::kTokenizerJsonMaxBytes));
  return Tokenizer::FromJson(text);
}

Result<std::string> ReadLine(const std::string& line) {
  const nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
  if (json.is_string()) return json.get<std::string>();
  if (!json.is_array()) return Fail(ErrorCode::kInvalidArgument, "expected a JSON string or array, found: {}", line);
  std::string bytes;
  for (const auto& byte : json) bytes += static_cast<char>(byte.get<int>());
  return bytes;
}

Result<void> Run(const std::string& path, bool special) {
  TRY_ASSIGN(const auto tokenizer, Load(path));
  std::string line;
  while (std::getline(std::cin, line)) {
    TRY_ASSIGN(const std::string text, ReadLine(line));
    std::string out = "[";
    for (const TokenId token : tokenizer->Encode(text, special)) {
      out += fmt::format("{}{}", out.size() > 1 ? "," : "", token);
    }
    out += "]\n";
    std::fwrite(out.data(), 1, out.size(), stdout);
  }
  return {};
}

}  // namespace
}  // namespace walchen::formats

int main(int argc, char** argv) {
  const bool special = argc == 3 && std::string_view(argv[2]) == "--special";
  if (argc != 2 && !special) {
    std::fprintf(stderr, "usage: tokenize_lines FILE [--special] < lines\n");
    return 2;
  }
  const auto result = walchen::formats::Run(argv[1], special);
  if (!result) std::fprintf(stderr, "tokenize_lines: %s\n", result.error().ToString().c_str());
  return result ? 0 : 1;
}
