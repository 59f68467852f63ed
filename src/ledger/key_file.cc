// SPDX-License-Identifier: Apache-2.0
#include "ledger/key_file.h"

#include "base/file_lock.h"

namespace walchen::ledger {
namespace {

constexpr uint64_t kFileMaxBytes = 128;
constexpr uint32_t kOwnerOnly = 0600;

Result<void> Write(base::Files& files, const base::Path& path, const Secret& secret) {
  return base::ReplaceFile(files, path, base::Hex(BytesOf(secret)) + "\n", kOwnerOnly);
}

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
  TRY(Write(files, path, secret));
  return secret;
}

Result<Secret> ShareSecret(base::Files& files, const base::Path& from, const base::Path& to) {
  TRY_ASSIGN(const Secret secret, ReadOrMakeSecret(files, from));
  if (!files.Exists(to)) {
    TRY(Write(files, to, secret));
    return secret;
  }
  TRY_ASSIGN(const Secret present, ReadSecret(files, to));
  if (present == secret) return secret;
  return Fail(ErrorCode::kInvalidArgument, "{}: expected the key that {} holds, found another one; what was written with it cannot be "
              "read with the other: begin in a new folder", to.native(), from.native());
}

}  // namespace walchen::ledger
