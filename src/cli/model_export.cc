// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/model_work.h"
#include "cli/run_model.h"
#include "cli/shared_flags.h"
#include "cli/terminal.h"
#include "model/copy_model.h"
#include "model/huggingface_export.h"
#include "model/lora.h"
#include "model/text_only.h"

namespace walchen::cli {
namespace {

struct Options {
  SharedFlags shared;
  std::string name;
  std::string output;
  std::string type;
  std::string lora;
  bool text_only = false;
};

// As the weights are where they are plain numbers; else F16, which holds a quantised weight more exactly than BF16.
tensor::DType DefaultType(const formats::GgufFile& file) {
  const formats::TensorEntry* embedding = file.FindTensor("token_embd.weight");
  const bool is_plain = embedding != nullptr && (embedding->type == tensor::DType::kF32 ||
                                                 embedding->type == tensor::DType::kBF16);
  return is_plain ? embedding->type : tensor::DType::kF16;
}

Result<void> ExportFolder(base::Files& files, const Options& options, const base::Path& input) {
  TRY_ASSIGN(const auto file, formats::GgufFile::Open(files, input));
  tensor::DType type = DefaultType(*file);
  if (!options.type.empty()) {
    const auto named = tensor::DTypeFromName(options.type);
    if (!named) return Fail(ErrorCode::kInvalidArgument, "--type {}: expected F32, F16 or BF16", options.type);
    type = *named;
  }
  ModelWork work(options.shared, "exporting");
  return model::ExportHuggingFace(files, input, options.output, type, work.pool(), work.on_tensor());
}

Result<void> ExportFile(base::Files& files, const Options& options, const base::Path& input) {
  if (!options.type.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "--type is for Hugging Face folders; a GGUF file is exported as it is "
                "(another type: `walchen model quantize`)");
  }
  if (files.Exists(options.output)) {
    return Fail(ErrorCode::kAlreadyExists, "{} is there already; delete it or choose another name", options.output);
  }
  if (!options.lora.empty()) {
    TRY_ASSIGN(const base::Home home, base::Home::Find(options.shared.home));
    TRY_ASSIGN(const base::Path lora, LoraPath(files, home, options.lora));
    ModelWork work(options.shared, "merging");
    return model::MergeLora(files, input, lora, options.output, work.pool(), work.on_tensor());
  }
  if (options.text_only) return model::WriteTextOnly(files, input, options.output);
  const InterruptGuard interrupts;
  TRY(model::CopyModelFile(files, input, options.output, []() -> Result<void> {
    if (InterruptGuard::Interrupted()) return Fail(ErrorCode::kCancelled, "stopped; nothing was written");
    return {};
  }));
  return {};
}

Result<void> Export(const Options& options) {
  base::Files& files = base::Files::Os();
  TRY_ASSIGN(const base::Path input, ModelPath(files, options.shared, options.name));
  const bool to_file = options.output.ends_with(".gguf");
  if (!to_file && !options.lora.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "--lora writes a GGUF file; export that one to a folder afterwards");
  }
  TRY(to_file ? ExportFile(files, options, input) : ExportFolder(files, options, input));
  if (options.shared.json) {
    const nlohmann::ordered_json out = {{"path", options.output}, {"format", to_file ? "gguf" : "huggingface"}};
    fmt::print("{}\n", out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else if (!options.shared.quiet) {
    fmt::print(stderr, "wrote {}\n", Printable(options.output));
  }
  return {};
}

}  // namespace

int RunModelExport(int argc, char** argv) {
  Options options;
  Arguments arguments("walchen model export",
                      "Write a model as a GGUF file (FILE.gguf) or as a Hugging Face folder (any other name).");
  arguments.Option("name", options.name, "Name or path of the model; else --model, else the default model");
  arguments.Option("--output", options.output, "FILE.gguf or a folder; must not be there yet");
  arguments.Option("--type", options.type, "Number format in a folder: F32, F16 or BF16; else what fits the weights");
  arguments.Option("--lora", options.lora, "Add this adapter (a file, or a run of `walchen tune --lora`) for good; to FILE.gguf");
  arguments.Flag("--text-only", options.text_only, "Leave out the senses, so that other engines read the file");
  AddSharedFlags(arguments, options.shared);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  if (options.output.empty()) return arguments.WrongUsage("expected --output FILE.gguf or --output FOLDER");
  const Result<void> done = Export(options);
  return done ? kDone : Report("model export", done.error());
}

}  // namespace walchen::cli
