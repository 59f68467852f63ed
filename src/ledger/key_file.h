// SPDX-License-Identifier: Apache-2.0
//
// A secret of 32 bytes in a file that only its owner may read: one line of 64 hexadecimal digits.
#pragma once

#include "base/files.h"
#include "base/status.h"
#include "ledger/event.h"

namespace walchen::ledger {

using Secret = std::array<uint8_t, 32>;

// Errors: kNotFound, kCorrupt (not one line of 64 digits), those of Files.
Result<Secret> ReadSecret(base::Files& files, const base::Path& path);

// The secret in the file; where there is no file, a new random one, which is on the disk when this returns. Of several
// processes that come at once all get the same; `path`.lock stays behind.
// Errors: those of ReadSecret but kNotFound, kUnavailable (another process is making it now).
Result<Secret> ReadOrMakeSecret(base::Files& files, const base::Path& path);

// The secret in `from`, made as above where there is none, which is then in `to` as well. Errors: those of ReadOrMakeSecret,
// kInvalidArgument (`to` holds another one).
Result<Secret> ShareSecret(base::Files& files, const base::Path& from, const base::Path& to);

}  // namespace walchen::ledger
