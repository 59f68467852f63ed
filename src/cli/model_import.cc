// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/sha256.h"
#include "cli/command.h"
#include "base/home.h"
#include "cli/model_work.h"
#include "cli/shared_flags.h"
#include "cli/terminal.h"
#include "formats/gguf.h"
#include "model/copy_model.h"
#include "model/huggingface_import.h"
#include "model/model_check.h"

namespace walchen::cli {
namespace {

struct Options {
  SharedFlags shared;
  std::string path;
  std::string name;
  std::string type;
};

struct Imported {
  std::string name;
  base::Path path;
  std::string sha256;
};

// "models/SmolLM2/" means the folder "models/SmolLM2".
base::Path WithoutSlash(const base::Path& path) { return path.has_filename() ? path : path.parent_path(); }

std::string DefaultName(const base::Path& source, bool is_folder, const std::string& type) {
  if (!is_folder) return source.extension() == ".gguf" ? source.stem().native() : source.filename().native();
  const std::string folder = WithoutSlash(source.lexically_normal()).filename().native();
  return type.empty() ? folder : fmt::format("{}.{}", folder, type);
}

Result<void> CheckName(const std::string& name) {
  const bool has_odd = std::ranges::any_of(name, [](char c) { return c == '/' || static_cast<unsigned char>(c) < 0x20; });
  if (!name.empty() && name.front() != '.' && name.size() <= 200 && !has_odd) return {};
  return Fail(ErrorCode::kInvalidArgument,
              "--name {}: expected up to 200 characters without \"/\" that do not begin with a dot", base::Quoted(name));
}

Result<std::string> ImportFile(base::Files& files, const base::Path& from, const base::Path& to) {
  TRY_ASSIGN(const auto file, formats::GgufFile::Open(files, from));
  auto checked = model::CheckModel(*file);
  if (!checked) return Forward(checked, from.native());
  const InterruptGuard interrupts;
  return model::CopyModelFile(files, from, to, []() -> Result<void> {
    if (InterruptGuard::Interrupted()) return Fail(ErrorCode::kCancelled, "stopped; nothing was written");
    return {};
  });
}

Result<std::string> ImportFolder(base::Files& files, const Options& options, const std::string& name,
                                 const base::Path& to) {
  model::HuggingFaceImport import{.folder = options.path, .name = name, .mix = nullptr};
  if (!options.type.empty()) {
    TRY_ASSIGN(import.mix, model::FindWeightMix(options.type));
  }
  {
    ModelWork work(options.shared, "importing");
    TRY(model::ImportHuggingFace(files, import, to, work.pool(), work.on_tensor()));
  }
  TRY_ASSIGN(const auto written, files.Map(to));
  return base::Sha256Hex(written->bytes());
}

Result<Imported> Import(const Options& options) {
  base::Files& files = base::Files::Os();
  TRY_ASSIGN(const base::FileInfo source, files.Stat(options.path));
  if (!source.is_folder && !options.type.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "--type is for Hugging Face folders; convert a GGUF file with "
                "`walchen model quantize {} --type {} --output FILE`", options.path, options.type);
  }
  Imported imported;
  imported.name = options.name.empty() ? DefaultName(options.path, source.is_folder, options.type) : options.name;
  TRY(CheckName(imported.name));
  TRY_ASSIGN(const base::Home home, base::Home::Find(options.shared.home));
  imported.path = home.models() / (imported.name + ".gguf");
  if (files.Exists(imported.path)) {
    return Fail(ErrorCode::kAlreadyExists, "{} is there already; delete it with `walchen model rm {}`, or give another "
                "--name", imported.path.native(), imported.name);
  }
  TRY(files.MakeFolders(home.models()));
  // A digest may be left over from a model that was deleted half; it must not accuse the new one.
  const base::Path digest = model::DigestPath(imported.path);
  if (files.Exists(digest)) TRY(files.Remove(digest));
  auto sha256 = source.is_folder ? ImportFolder(files, options, imported.name, imported.path)
                                 : ImportFile(files, options.path, imported.path);
  if (!sha256) return Forward(sha256);
  imported.sha256 = *sha256;
  TRY(model::WriteDigest(files, imported.path, imported.sha256));
  return imported;
}

}  // namespace

int RunModelImport(int argc, char** argv) {
  Options options;
  Arguments arguments("walchen model import",
                      "Bring a model into the home: a GGUF file, or a Hugging Face folder with safetensors.");
  arguments.Required("path", options.path, "The file or folder");
  arguments.Option("--name", options.name, "What the model will be called; else as the file or folder is");
  arguments.Option("--type", options.type,
                   "Number format of the weights, for folders: F16, BF16, F32, Q8_0, Q4_K_M, ...; else as they are");
  AddSharedFlags(arguments, options.shared);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  const Result<Imported> imported = Import(options);
  if (!imported) return Report("model import", imported.error());
  if (options.shared.json) {
    const nlohmann::ordered_json out = {
        {"name", imported->name}, {"path", imported->path.native()}, {"sha256", imported->sha256}};
    fmt::print("{}\n", out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else if (!options.shared.quiet) {
    fmt::print(stderr, "imported as {}; try: walchen chat --model {}\n", Printable(imported->name),
               Printable(imported->name));
  }
  return kDone;
}

}  // namespace walchen::cli
