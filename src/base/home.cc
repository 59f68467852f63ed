// SPDX-License-Identifier: Apache-2.0
#include "base/home.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include <fmt/ranges.h>

namespace walchen::base {
namespace {

constexpr std::string_view kEnding = ".gguf";

// The variable's value; empty when it is not set. The specification of XDG_DATA_HOME has an empty one count as unset.
std::string_view Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

bool HasPrefixIgnoringCase(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) {
           return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
         });
}

Path PathOf(const Home& home, std::string_view name) {
  return home.models() / (std::string(name) + std::string(kEnding));
}

tl::unexpected<Error> NoSuchModel(const Home& home, std::string_view model, const std::vector<std::string>& names) {
  const std::string wanted = model.empty() ? "no model" : fmt::format("no model and no file \"{}\"", model);
  const std::string present = names.empty() ? "nothing there yet" : fmt::format("there are: {}", fmt::join(names, ", "));
  return Fail(ErrorCode::kNotFound,
              "{} in {} ({}). Get the default model with `make up`, or bring your own with `walchen model import FILE`",
              wanted, home.models().native(), present);
}

tl::unexpected<Error> SeveralModels(std::string_view model, const std::vector<std::string>& names) {
  return Fail(ErrorCode::kInvalidArgument, "--model {}: expected one model, several fit: {}",
              model.empty() ? "is not given" : model, fmt::join(names, ", "));
}

Result<Path> DefaultModel(const Home& home, const std::vector<std::string>& names) {
  if (std::ranges::find(names, kDefaultModel) != names.end()) return PathOf(home, kDefaultModel);
  if (names.size() == 1) return PathOf(home, names.front());
  if (names.empty()) return NoSuchModel(home, "", names);
  return SeveralModels("", names);
}

}  // namespace

Result<Home> Home::Find(std::string_view flag) {
  if (!flag.empty()) return Home(Path(flag));
  if (const std::string_view home = Environment("WALCHEN_HOME"); !home.empty()) return Home(Path(home));
  if (const std::string_view data = Environment("XDG_DATA_HOME"); !data.empty()) {
    return Home(Path(data) / "walchen");
  }
  if (const std::string_view user = Environment("HOME"); !user.empty()) {
    return Home(Path(user) / ".local/share/walchen");
  }
  return Fail(ErrorCode::kInvalidArgument,
              "expected a home folder, but --home, $WALCHEN_HOME, $XDG_DATA_HOME and $HOME are all empty");
}

Result<std::vector<std::string>> ModelNames(Files& files, const Home& home) {
  if (!files.Exists(home.models())) return std::vector<std::string>();
  TRY_ASSIGN(const std::vector<std::string> entries, files.List(home.models()));
  std::vector<std::string> names;
  for (const std::string& entry : entries) {
    if (entry.size() > kEnding.size() && entry.ends_with(kEnding)) {
      names.push_back(entry.substr(0, entry.size() - kEnding.size()));
    }
  }
  std::ranges::sort(names);  // as files, "a.Q8_0.gguf" stands before "a.gguf"
  return names;
}

Result<Path> FindModel(Files& files, const Home& home, std::string_view model) {
  // A path is looked at before the home, so that a model can be named that way when the home cannot be read.
  const bool is_path = model.find('/') != std::string_view::npos;
  if (is_path) {
    TRY(files.Stat(Path(model)));
    return Path(model);
  }
  TRY_ASSIGN(const std::vector<std::string> names, ModelNames(files, home));
  if (model.empty()) return DefaultModel(home, names);
  if (std::ranges::find(names, model) != names.end()) return PathOf(home, model);
  std::vector<std::string> fitting;
  for (const std::string& name : names) {
    if (HasPrefixIgnoringCase(name, model) || HasPrefixIgnoringCase(name + std::string(kEnding), model)) {
      fitting.push_back(name);
    }
  }
  if (fitting.size() == 1) return PathOf(home, fitting.front());
  if (fitting.size() > 1) return SeveralModels(model, fitting);
  if (files.Exists(Path(model))) return Path(model);
  return NoSuchModel(home, model, names);
}

}  // namespace walchen::base
