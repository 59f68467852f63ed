// SPDX-License-Identifier: Apache-2.0
#include "ledger/key_file.h"

#include "base/file_lock.h"

namespace walchen::ledger {
namespace {

constexpr uint64_t kFileMaxBytes = 128;
constexpr uint32_t kOwnerOnly = 0600;

}  // namespace

Result<Secret> ReadSecret(base::Files& files, const base::Path& path) {
  TRY_ASSIGN(std::string text, files.Read(path, kFileMaxBytes));
  if (text.ends_with('\n')) text.pop_back();
  auto secret = DigestOfHex(text);
  if (!secret) {
    // Not what it holds: half a key is still a secret.
    return Fail(ErrorCode::kCorrupt,
                "{}: expected one line of 64 hexadecimal digits, found something else; bring back its backup",
                path.native());
  }
  return *secret;
}

Result<Secret> ReadOrMakeSecret(base::Files& files, const base::Path& path) {
  if (files.Exists(path)) return ReadSecret(files, path);
  TRY_ASSIGN(const base::FileLock lock, base::FileLock::Take(base::Path(path.native() + ".lock")));
  if (files.Exists(path)) return ReadSecret(files, path);
  const Secret secret = RandomSalt();
  TRY(base::ReplaceFile(files, path, base::Hex(BytesOf(secret)) + "\n", kOwnerOnly));
  return secret;
}

}  // namespace walchen::ledger
