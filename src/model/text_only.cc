// SPDX-License-Identifier: Apache-2.0
#include "model/text_only.h"

#include "base/bytes.h"
#include "formats/gguf.h"
#include "model/sense_file.h"

namespace walchen::model {

Result<void> WriteTextOnly(base::Files& files, const base::Path& input, const base::Path& output) {
  if (files.Exists(output)) {
    return Fail(ErrorCode::kAlreadyExists, "{} is there already; delete it or choose another name", output.native());
  }
  TRY_ASSIGN(const auto file, formats::GgufFile::Open(files, input));
  const auto architecture = file->Text("general.architecture");
  if (architecture && *architecture == kSenseArchitecture) {
    return Fail(ErrorCode::kInvalidArgument, "{} is a sense, without the language model that it was trained on; export that one",
                input.native());
  }
  formats::GgufWriter writer;
  for (const auto& [key, value] : file->metadata()) {
    if (!key.starts_with("walchen.")) writer.Add(key, value);
  }
  for (const formats::TensorEntry& tensor : file->tensors()) {
    if (tensor.name.starts_with("sense.")) continue;
    writer.AddTensor(tensor.name, tensor.type, tensor.shape, [&file, &tensor]() -> Result<std::string> {
      return std::string(base::AsText(file->Data(tensor)));
    });
  }
  return writer.Write(files, output);
}

}  // namespace walchen::model
