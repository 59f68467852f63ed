// SPDX-License-Identifier: Apache-2.0
#include "model/copy_model.h"

#include <algorithm>

#include "base/sha256.h"

namespace walchen::model {

Result<std::string> CopyModelFile(base::Files& files, const base::Path& from, const base::Path& to,
                                  const std::function<Result<void>()>& on_piece) {
  constexpr uint64_t kPieceBytes = 8 << 20;  // hashing one takes milliseconds, so Ctrl-C is heard at once
  TRY_ASSIGN(const auto source, files.Map(from));
  const base::Bytes bytes = source->bytes();
  base::Sha256 digest;
  TRY(base::ReplaceFile(files, to, 0644, [&](base::WritableFile& file) -> Result<void> {
    for (uint64_t at = 0; at < bytes.size(); at += kPieceBytes) {
      if (on_piece) TRY(on_piece());
      const base::Bytes piece = bytes.subspan(at, std::min(kPieceBytes, bytes.size() - at));
      digest.Update(piece);
      TRY(file.Append(piece));
      source->DropResident(at, piece.size());
    }
    return {};
  }));
  const base::Sha256Digest finished = digest.Finish();
  return base::Hex(std::as_bytes(std::span(finished)));
}

base::Path DigestPath(const base::Path& path) {
  base::Path digest_path = path;
  digest_path += ".sha256";
  return digest_path;
}

Result<void> WriteDigest(base::Files& files, const base::Path& path, const std::string& sha256) {
  return base::ReplaceFile(files, DigestPath(path), fmt::format("{}  {}\n", sha256, path.filename().native()));
}

}  // namespace walchen::model
