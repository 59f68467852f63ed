// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/model_summary.h"
#include "cli/shared_flags.h"
#include "cli/terminal.h"

namespace walchen::cli {
namespace {

using nlohmann::ordered_json;

// Longer arrays are vocabularies and the like, which nobody reads on a screen.
constexpr size_t kArrayItemsShown = 8;
constexpr size_t kTextShown = 200;

ordered_json ToJson(const formats::GgufArray& array) {
  return std::visit(
      [](const auto& items) -> ordered_json {
        if (items.size() > kArrayItemsShown) return {{"items", items.size()}};
        auto list = ordered_json::array();
        for (const auto& item : items) list.push_back(item);
        return list;
      },
      array);
}

ordered_json ToJson(const formats::GgufValue& value) {
  return std::visit(
      [](const auto& held) -> ordered_json {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, formats::GgufArray>) return ToJson(held);
        if constexpr (std::is_same_v<Held, formats::GgufNestedArray>) return {{"bytes", held.bytes.size()}};
        if constexpr (std::is_constructible_v<ordered_json, Held>) return held;
      },
      static_cast<const formats::GgufValue::variant&>(value));
}

std::string Dump(const ordered_json& json, int indent = -1) {
  return json.dump(indent, ' ', false, ordered_json::error_handler_t::replace);
}

void PrintJson(const formats::GgufFile& file, const ModelSummary& summary, const base::Path& path, uint64_t bytes) {
  auto metadata = ordered_json::object();
  for (const auto& [key, value] : file.metadata()) metadata[key] = ToJson(value);
  auto tensors = ordered_json::array();
  for (const formats::TensorEntry& tensor : file.tensors()) {
    tensors.push_back({{"name", tensor.name}, {"type", tensor::Info(tensor.type).name}, {"shape", tensor.shape}});
  }
  fmt::print("{}\n", Dump({{"name", path.stem().native()},
                           {"path", path.native()},
                           {"bytes", bytes},
                           {"architecture", summary.architecture},
                           {"parameters", summary.parameters},
                           {"weight_type", summary.weight_type},
                           {"metadata", metadata},
                           {"tensors", tensors}},
                          2));
}

void PrintText(const formats::GgufFile& file, const ModelSummary& summary, const base::Path& path, uint64_t bytes,
               bool with_tensors) {
  std::vector<std::string> types;
  for (const auto& [type, count] : summary.tensors_of) types.push_back(fmt::format("{} {}", count, type));
  fmt::print("{:<14}{}\n{:<14}{} ({} bytes)\n{:<14}{}\n{:<14}{}\n{:<14}{}\n\n", "file", path.native(), "size",
             HumanBytes(bytes), bytes, "architecture", Printable(summary.architecture), "parameters",
             HumanCount(summary.parameters), "tensors", fmt::join(types, ", "));
  for (const auto& [key, value] : file.metadata()) {
    std::string text = Printable(Dump(ToJson(value)));
    if (text.size() > kTextShown) text = fmt::format("{} bytes of text", text.size());
    fmt::print("{} = {}\n", Printable(key), text);
  }
  if (!with_tensors) return;
  fmt::print("\n");
  for (const formats::TensorEntry& tensor : file.tensors()) {
    fmt::print("{:<40} {:<8} {}\n", Printable(tensor.name), tensor::Info(tensor.type).name,
               fmt::join(tensor.shape, " x "));
  }
}

Result<void> Show(const SharedFlags& flags, const std::string& model, bool with_tensors) {
  base::Files& files = base::Files::Os();
  TRY_ASSIGN(const base::Path path, ModelPath(files, flags, model));
  TRY_ASSIGN(const base::FileInfo info, files.Stat(path));
  TRY_ASSIGN(const auto file, formats::GgufFile::Open(files, path));
  const ModelSummary summary = Summarise(*file);
  if (flags.json) {
    PrintJson(*file, summary, path, info.size);
  } else {
    PrintText(*file, summary, path, info.size, with_tensors);
  }
  return {};
}

}  // namespace

int RunModelShow(int argc, char** argv) {
  SharedFlags flags;
  std::string model;
  bool with_tensors = false;
  Arguments arguments("walchen model show", "What a model file holds: its metadata and its tensors.");
  arguments.Option("name", model, "Name or path of the model; else --model, else the default model");
  arguments.Flag("--tensors", with_tensors, "List every tensor with its type and shape");
  AddSharedFlags(arguments, flags);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  const Result<void> shown = Show(flags, model, with_tensors);
  return shown ? kDone : Report("model show", shown.error());
}

}  // namespace walchen::cli
