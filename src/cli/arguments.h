// SPDX-License-Identifier: Apache-2.0
//
// The arguments of one sub-command, read by CLI11 behind a small door: CLI11 is slow to compile and throws, so one file
// includes it, and every sub-command says wrong usage in the same words.
//
//   int max_tokens = 0;
//   Arguments arguments("walchen chat", "Talk to a model.");
//   arguments.Option("--max-tokens", max_tokens, "Length of an answer in tokens", Range{0, 1'000'000});
//   if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walchen::cli {

// What a number may be, ends included.
struct Range {
  double least = 0;
  double most = 0;
};

// Not thread-safe. The variables must outlive Parse; one that is not named on the command line keeps its value, which
// --help shows as the default. Names are CLI11's: "--seed", "-v,--verbose", or "name" for a positional argument.
class Arguments {
 public:
  Arguments(std::string_view command, std::string_view summary);
  ~Arguments();

  void Flag(const std::string& name, bool& value, const std::string& what);
  // A number outside the range is wrong usage.
  void Option(const std::string& name, int& value, const std::string& what, Range range);
  void Option(const std::string& name, float& value, const std::string& what, Range range);
  void Option(const std::string& name, std::optional<uint64_t>& value, const std::string& what);
  void Option(const std::string& name, std::string& value, const std::string& what);
  // May be given several times, or once with commas.
  void Option(const std::string& name, std::vector<int64_t>& values, const std::string& what);
  // May be given several times.
  void Option(const std::string& name, std::vector<std::string>& values, const std::string& what);
  // A positional argument that must be there.
  void Required(const std::string& name, std::string& value, const std::string& what);
  // At least one of them.
  void Required(const std::string& name, std::vector<std::string>& values, const std::string& what);
  // A positional argument that may be missing.
  void Optional(const std::string& name, std::string& value, const std::string& what);

  // Reads argv[1..argc). Empty: go on. Else the exit code: help was printed (0), or what is wrong with the arguments (2).
  std::optional<int> Parse(int argc, char** argv);

  // Prints "walchen chat: <message>" with the way to the help and returns kWrongUsage: for what Parse cannot see, such
  // as two flags that exclude each other.
  int WrongUsage(std::string_view message) const;

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
  std::string command_;
};

}  // namespace walchen::cli
