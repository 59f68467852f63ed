// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/limits.h"
#include "base/sha256.h"
#include "cli/command.h"
#include "cli/shared_flags.h"
#include "model/copy_model.h"
#include "model/model_check.h"
#include "tensor/quant.h"

namespace walchen::cli {
namespace {

struct Verdict {
  base::Path path;
  std::string sha256;
  bool digest_known = false;  // the digest from when the file was brought in was there, and is the same
  size_t tensors = 0;
};

// True: the same; false: there is no digest to compare with. kCorrupt: another one.
Result<bool> CompareDigest(base::Files& files, const base::Path& path, const std::string& found) {
  const base::Path digest_path = model::DigestPath(path);
  if (!files.Exists(digest_path)) return false;
  TRY_ASSIGN(const std::string expected, files.Read(digest_path, base::kDigestFileMaxBytes));
  if (expected.starts_with(found)) return true;
  return Fail(ErrorCode::kCorrupt,
              "{}: expected SHA-256 {}, found {}: the file is not what was brought in; get it again", path.native(),
              expected.substr(0, found.size()), found);
}

Result<void> CheckTensors(const formats::GgufFile& file) {
  for (const formats::TensorEntry& tensor : file.tensors()) {
    if (tensor::HasNonFinite(tensor.type, file.Data(tensor))) {
      return FailAt(tensor.offset, ErrorCode::kCorrupt, "tensor {}: expected finite numbers, found NaN or infinity",
                    tensor.name);
    }
    file.DropResident(file.Data(tensor));
  }
  return {};
}

Result<Verdict> Verify(const SharedFlags& flags, const std::string& model) {
  base::Files& files = base::Files::Os();
  Verdict verdict;
  TRY_ASSIGN(verdict.path, ModelPath(files, flags, model));
  const std::string where = verdict.path.native();
  auto file = formats::GgufFile::Open(files, verdict.path);
  if (!file) return Forward(file);
  verdict.tensors = (*file)->tensors().size();
  Result<void> checked = CheckTensors(**file);
  if (checked) checked = model::CheckModel(**file);
  if (!checked) return Forward(checked, where);
  TRY_ASSIGN(const auto mapped, files.Map(verdict.path));
  verdict.sha256 = base::Sha256Hex(mapped->bytes());
  TRY_ASSIGN(verdict.digest_known, CompareDigest(files, verdict.path, verdict.sha256));
  return verdict;
}

void Print(const Verdict& verdict, bool json) {
  if (json) {
    const nlohmann::ordered_json out = {{"ok", true},
                                        {"path", verdict.path.native()},
                                        {"tensors", verdict.tensors},
                                        {"sha256", verdict.sha256},
                                        {"digest_known", verdict.digest_known}};
    fmt::print("{}\n", out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    return;
  }
  fmt::print("{}: sound: {} tensors, all numbers finite, tokenizer and chat template readable\nSHA-256 {} ({})\n",
             verdict.path.native(), verdict.tensors, verdict.sha256,
             verdict.digest_known ? "as when it was brought in" : "no digest to compare with");
}

}  // namespace

int RunModelVerify(int argc, char** argv) {
  SharedFlags flags;
  std::string model;
  Arguments arguments("walchen model verify", "Read all of a model file and say whether it is sound.");
  arguments.Option("name", model, "Name or path of the model; else --model, else the default model");
  AddSharedFlags(arguments, flags);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  const Result<Verdict> verdict = Verify(flags, model);
  if (!verdict) return Report("model verify", verdict.error());
  Print(*verdict, flags.json);
  return kDone;
}

}  // namespace walchen::cli
