// SPDX-License-Identifier: Apache-2.0
//
// What is kept to measure models with (Source::use), ready to be found again in texts to train on.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "data/contamination.h"
#include "ledger/ledger.h"

namespace walchen::data {

// The names of the sources that are for evaluation.
Result<std::vector<std::string>> EvaluationSources(const ledger::Ledger& ledger);

// Every kept text of every source for evaluation is one item, under the source's name. Empty where there is no such source.
Result<ContaminationIndex> IndexEvaluationTexts(const ledger::Ledger& ledger);

}  // namespace walchen::data
