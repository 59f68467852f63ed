// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as the body of an event that somebody wrote into the file: an error, or the one canonical text of its value;
// as a checkpoint and as records an error or a value.
#include "ledger/canonical_json.h"
#include "ledger/checkpoint.h"
#include "ledger/records.h"

#include "base/status.h"

using namespace walchen;

namespace {

template <class Record>
void ReadAs(std::string_view body) {
  ledger::Event event;
  event.kind = Record::kKind;
  event.body = body;
  const auto record = ledger::FromEvent<Record>(event);
  if (!record) return;
  const auto again = ledger::ToEvent("", *record);
  CHECK(again.has_value(), "{}", again.error().ToString());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = ledger::ParseCanonical(text);
  if (value) CHECK(ledger::CanonicalJson(*value).value() == text);
  const auto checkpoint = ledger::ReadCheckpoint(text);
  if (checkpoint) CHECK(value.has_value() && checkpoint->tree.size() == (*value)["size"].get<uint64_t>());
  ReadAs<ledger::Source>(text);
  ReadAs<ledger::Document>(text);
  ReadAs<ledger::PersonalData>(text);
  ReadAs<ledger::ShardMember>(text);
  ReadAs<ledger::ShardRewritten>(text);
  ReadAs<ledger::Batches>(text);
  ReadAs<ledger::Evaluation>(text);
  return 0;
}
