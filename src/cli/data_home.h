// SPDX-License-Identifier: Apache-2.0
//
// What the commands of `walchen data` open: the home's ledger, the key of its subject index, its shards.
#pragma once

#include <string>

#include "base/home.h"
#include "base/status.h"
#include "cli/shared_flags.h"
#include "ledger/ledger.h"
#include "ledger/records.h"
#include "ledger/subject.h"

namespace walchen::cli {

// For writing; both finish forgetting that a crash cut off. MakeLedger makes the home and a new ledger where there is none,
// OpenLedger wants one. Errors: kNotFound (says how to begin).
Result<ledger::Ledger> MakeLedger(base::Files& files, const base::Home& home);
Result<ledger::Ledger> OpenLedger(base::Files& files, const base::Home& home);
// For reading only. Errors: kNotFound (says how to begin).
Result<ledger::Ledger> ReadLedger(const base::Home& home);
Result<ledger::SubjectKey> OpenSubjectKey(base::Files& files, const base::Home& home);
// The key of the home that this one's documents will be merged into, which is this one's then. Errors: kInvalidArgument (this
// home has another one).
Result<ledger::SubjectKey> ShareSubjectKey(base::Files& files, const base::Home& home, const base::Home& into);

}  // namespace walchen::cli
