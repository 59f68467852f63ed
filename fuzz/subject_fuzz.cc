// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as what identifies a person: a normal form that is not longer, the same for the same text with white space
// around it.
#include "ledger/subject.h"

#include "base/status.h"

using namespace walchen;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::string normal = ledger::NormaliseSubject(text);
  CHECK(normal.size() <= size);
  CHECK(ledger::NormaliseSubject(" \t" + text + "\n ") == normal);
  return 0;
}
