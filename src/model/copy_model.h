// SPDX-License-Identifier: Apache-2.0
//
// Bringing a model file to its place, with the digest that says later whether it is still the same.
#pragma once

#include <functional>
#include <string>

#include "base/files.h"
#include "base/status.h"

namespace walchen::model {

// Copies a file durably: the old file or the whole new one. Returns the SHA-256 of what was written, in hexadecimal.
// `on_piece` is called between pieces of the file; its error ends the work.
Result<std::string> CopyModelFile(base::Files& files, const base::Path& from, const base::Path& to,
                                  const std::function<Result<void>()>& on_piece = nullptr);

// Where the digest of a model file stands, if there is one: `path`.sha256.
base::Path DigestPath(const base::Path& path);

// Writes it, as sha256sum does: "<digest>  <file name>".
Result<void> WriteDigest(base::Files& files, const base::Path& path, const std::string& sha256);

}  // namespace walchen::model
