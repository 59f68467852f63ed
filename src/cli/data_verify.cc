// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/data_home.h"
#include "cli/terminal.h"
#include "data/shard_check.h"
#include "ledger/verify.h"

namespace walchen::cli {
namespace {

struct Verdict {
  ledger::VerifyReport ledger;
  data::ShardCheck shards;
};

Result<Verdict> Check(const SharedFlags& flags) {
  base::Files& files = base::Files::Os();
  TRY_ASSIGN(const base::Home home, base::Home::Find(flags.home));
  TRY_ASSIGN(const ledger::Ledger ledger, ReadLedger(home));
  Verdict verdict;
  TRY_ASSIGN(verdict.shards, data::CheckShards(ledger, files, home.shards()));
  TRY_ASSIGN(verdict.ledger, ledger::Verify(ledger, {.known_heads = verdict.shards.known_heads, .signer = {}}));
  return verdict;
}

void PrintText(const Verdict& verdict) {
  const ledger::VerifyReport& report = verdict.ledger;
  for (const ledger::Fault& fault : report.faults) fmt::print("record {}: {}\n", fault.sequence, Printable(fault.what));
  for (const std::string& fault : verdict.shards.faults) fmt::print("{}\n", Printable(fault));
  const uint64_t faults = report.fault_count + verdict.shards.faults.size();
  fmt::print("{} records, {} checkpoints, {} private values, {} erased; {} shards; {}\n", report.events, report.checkpoints,
             report.private_values, report.erased_values, verdict.shards.shards,
             faults == 0 ? "all as it was written" : fmt::format("{} faults", faults));
  fmt::print("head {} {}\n", report.head.sequence, ledger::HexOf(report.head.digest));
}

void PrintJson(const Verdict& verdict) {
  const ledger::VerifyReport& report = verdict.ledger;
  auto faults = nlohmann::ordered_json::array();
  for (const ledger::Fault& fault : report.faults) faults.push_back({{"sequence", fault.sequence}, {"what", fault.what}});
  for (const std::string& fault : verdict.shards.faults) faults.push_back({{"sequence", nullptr}, {"what", fault}});
  const nlohmann::ordered_json out = {{"sound", faults.empty()}, {"records", report.events}, {"shards", verdict.shards.shards},
                                      {"head", {{"sequence", report.head.sequence}, {"digest", ledger::HexOf(report.head.digest)}}},
                                      {"faults", std::move(faults)}};
  fmt::print("{}\n", out.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

int RunDataVerify(int argc, char** argv) {
  SharedFlags flags;
  Arguments arguments("walchen data verify", "Check every record of the ledger, every private value and every shard.");
  AddSharedFlags(arguments, flags);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  const auto verdict = Check(flags);
  if (!verdict) return Report("data verify", verdict.error());
  flags.json ? PrintJson(*verdict) : PrintText(*verdict);
  return verdict->ledger.clean() && verdict->shards.faults.empty() ? kDone : kFailed;
}

}  // namespace walchen::cli
