// SPDX-License-Identifier: Apache-2.0
//
// What the ledger knows of sources and contents, asked when more of them come.
#pragma once

#include <string>
#include <string_view>

#include "base/status.h"
#include "ledger/ledger.h"
#include "ledger/records.h"
#include "ledger/subject.h"

namespace walchen::data {

// Appends a source unless it is known. Errors: kInvalidArgument (it is known with other rights, its licence or use is none).
Result<void> AdmitSource(ledger::Ledger& ledger, const ledger::Source& source);

// What stands in the subject index for a file's content. When it is forgotten (forget.h), a decision keeps this token, so that
// the same file is not taken in again.
std::string ContentSubject(std::string_view sha256);
Result<bool> WasForgotten(const ledger::Ledger& ledger, const ledger::SubjectKey& subjects, const std::string& sha256);

// Another kept document with this content that may stand for `id`, whose rights stand in the ledger already; empty if there is
// none. What may not be used stands for nothing that may.
Result<std::string> SameContent(const ledger::Ledger& ledger, const std::string& sha256, const std::string& id, std::string_view today);

}  // namespace walchen::data
