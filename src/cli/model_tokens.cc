// SPDX-License-Identifier: Apache-2.0
//
// `walchen model tokenize` and `detokenize`: line by line, so that a script can keep one process for many texts.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/limits.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/shared_flags.h"
#include "formats/tokenizer.h"

namespace walchen::cli {
namespace {

using formats::TokenId;

Result<std::unique_ptr<formats::Tokenizer>> OpenTokenizer(const SharedFlags& flags) {
  base::Files& files = base::Files::Os();
  TRY_ASSIGN(const base::Path path, ModelPath(files, flags));
  TRY_ASSIGN(const auto file, formats::GgufFile::Open(files, path));
  auto tokenizer = formats::Tokenizer::FromGguf(*file);
  if (!tokenizer) return Forward(tokenizer, path.native());
  return tokenizer;
}

// The token ids of one line, each inside the vocabulary.
Result<std::vector<TokenId>> ParseIds(const std::string& line, int vocabulary_size) {
  const auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_array()) {
    return Fail(ErrorCode::kInvalidArgument, "expected a JSON array of token ids such as [1, 2, 3], found \"{}\"",
                line.substr(0, 40));
  }
  std::vector<TokenId> ids;
  for (const nlohmann::json& item : json) {
    const bool fits = item.is_number_integer() && item >= 0 && item < vocabulary_size;
    if (!fits) {
      // Only plain values are printed: dump() recurses, and the nesting is the user's.
      return Fail(ErrorCode::kInvalidArgument, "item {}: expected a token id from 0 to {}, found {}", ids.size(),
                  vocabulary_size - 1, item.is_number() ? item.dump() : item.type_name());
    }
    ids.push_back(item.get<TokenId>());
  }
  return ids;
}

// Calls `turn` for each line of standard input and prints what it returns.
template <class Turn>
Result<void> ForEachLine(const Turn& turn) {
  for (uint64_t number = 1;; ++number) {
    auto line = ReadLine(stdin, base::kPromptMaxBytes);
    if (!line) return Forward(line, fmt::format("line {}", number));
    if (!*line) return {};
    Result<std::string> turned = turn(**line);
    if (!turned) return Forward(turned, fmt::format("line {}", number));
    fmt::print("{}\n", *turned);
    std::fflush(stdout);  // the reader may wait for this line before it writes the next
  }
}

int RunLines(int argc, char** argv, bool encode) {
  const std::string_view name = encode ? "model tokenize" : "model detokenize";
  SharedFlags flags;
  bool special = false;
  Arguments arguments(fmt::format("walchen {}", name),
                      encode ? "Each line of standard input as a JSON array of token ids; no BOS is added."
                             : "Each JSON array of token ids on standard input as a line of text.");
  arguments.Flag("--special", special,
                 encode ? "Read special tokens written in the text (<|im_end|>) as such, not as letters"
                        : "Print special tokens by their name; else they are left out");
  AddSharedFlags(arguments, flags);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  const auto tokenizer = OpenTokenizer(flags);
  if (!tokenizer) return Report(name, tokenizer.error());
  const formats::Tokenizer& t = **tokenizer;
  const Result<void> done = ForEachLine([&](const std::string& line) -> Result<std::string> {
    if (encode) return fmt::format("[{}]", fmt::join(t.Encode(line, special), ","));
    TRY_ASSIGN(const std::vector<TokenId> ids, ParseIds(line, t.vocabulary_size()));
    return t.Decode(ids, special);
  });
  return done ? kDone : Report(name, done.error());
}

}  // namespace

int RunModelTokenize(int argc, char** argv) { return RunLines(argc, argv, true); }
int RunModelDetokenize(int argc, char** argv) { return RunLines(argc, argv, false); }

}  // namespace walchen::cli
