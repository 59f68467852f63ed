// SPDX-License-Identifier: Apache-2.0
#include "cli/arguments.h"

#include <charconv>
#include <cstdio>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "base/nearest.h"

namespace walchen::cli {
namespace {

// The whole text as a number; empty if it is none.
template <class T>
std::optional<T> ToNumber(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <class T>
void ReadNumber(const std::string& name, const std::string& text, T& value, std::string_view kind, Range range) {
  const std::optional<T> number = ToNumber<T>(text);
  // Written so that a NaN is refused.
  if (!number || !(static_cast<double>(*number) >= range.least && static_cast<double>(*number) <= range.most)) {
    throw CLI::ValidationError(fmt::format("{}: expected {} from {} to {}, found \"{}\"", name, kind, range.least,
                                           range.most, text));
  }
  value = *number;
}

}  // namespace

struct Arguments::Parser {
  CLI::App app;

  // The long names of all flags, "--prompt".
  std::vector<std::string> FlagNames() const {
    std::vector<std::string> names;
    for (const CLI::Option* option : app.get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
    return names;
  }

  std::string DescribeExtra(const std::string& extra) const {
    if (!extra.starts_with('-')) return fmt::format("unexpected argument \"{}\"", extra);
    const std::string flag = extra.substr(0, extra.find('='));
    const std::vector<std::string> known = FlagNames();
    const std::string_view nearest = base::Nearest(flag, known);
    if (nearest.empty()) return fmt::format("unknown flag {}", flag);
    return fmt::format("unknown flag {}; did you mean {}?", flag, nearest);
  }
};

Arguments::Arguments(std::string_view command, std::string_view summary)
    : parser_(std::make_unique<Parser>()), command_(command) {
  parser_->app.description(std::string(summary));
  parser_->app.name(command_);
}

Arguments::~Arguments() = default;

void Arguments::Flag(const std::string& name, bool& value, const std::string& what) {
  parser_->app.add_flag(name, value, what);
}

void Arguments::Option(const std::string& name, int& value, const std::string& what, Range range) {
  parser_->app
      .add_option_function<std::string>(
          name, [=, &value](const std::string& text) { ReadNumber(name, text, value, "a whole number", range); }, what)
      ->type_name("N")
      ->default_str(fmt::to_string(value));
}

void Arguments::Option(const std::string& name, float& value, const std::string& what, Range range) {
  parser_->app
      .add_option_function<std::string>(
          name, [=, &value](const std::string& text) { ReadNumber(name, text, value, "a number", range); }, what)
      ->type_name("X")
      ->default_str(fmt::to_string(value));
}

void Arguments::Option(const std::string& name, std::optional<uint64_t>& value, const std::string& what) {
  parser_->app
      .add_option_function<std::string>(
          name,
          [=, &value](const std::string& text) {
            value = ToNumber<uint64_t>(text);
            if (!value) throw CLI::ValidationError(fmt::format("{}: expected a whole number, found \"{}\"", name, text));
          },
          what)
      ->type_name("N");
}

void Arguments::Option(const std::string& name, std::string& value, const std::string& what) {
  parser_->app.add_option(name, value, what)->type_name("TEXT")->default_str(value);
}

void Arguments::Option(const std::string& name, std::vector<int64_t>& values, const std::string& what) {
  parser_->app.add_option(name, values, what)->delimiter(',')->type_name("N,N,...");
}

void Arguments::Option(const std::string& name, std::vector<std::string>& values, const std::string& what) {
  parser_->app.add_option(name, values, what)->type_name("")->expected(1)->take_all();
}

void Arguments::Required(const std::string& name, std::string& value, const std::string& what) {
  parser_->app.add_option(name, value, what)->required()->type_name("");
}

void Arguments::Required(const std::string& name, std::vector<std::string>& values, const std::string& what) {
  parser_->app.add_option(name, values, what)->required()->type_name("");
}

void Arguments::Optional(const std::string& name, std::string& value, const std::string& what) {
  parser_->app.add_option(name, value, what)->type_name("");
}

std::optional<int> Arguments::Parse(int argc, char** argv) {
  CLI::App& app = parser_->app;
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return 0;
  } catch (const CLI::ExtrasError&) {
    return WrongUsage(parser_->DescribeExtra(app.remaining().front()));
  } catch (const CLI::ParseError& error) {
    return WrongUsage(error.what());
  }
  return std::nullopt;
}

int Arguments::WrongUsage(std::string_view message) const {
  fmt::print(stderr, "{}: {}\nSee: {} --help\n", command_, message, command_);
  return 2;
}

}  // namespace walchen::cli
