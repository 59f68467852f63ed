// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <span>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "cli/command.h"
#include "cli/data_home.h"
#include "cli/terminal.h"
#include "data/kept_content.h"
#include "data/kept_text.h"
#include "data/number_table.h"
#include "data/page_captions.h"
#include "ledger/documents.h"
#include "ledger/rights.h"

namespace walchen::cli {
namespace {

std::string Day(int64_t time_ms) { return base::Iso8601(time_ms / 1'000); }

// One event as a line: what it says in public, and what of its private values is there; a text by its length.
std::string LineOf(const ledger::Event& event) {
  nlohmann::json body = nlohmann::json::parse(event.body, nullptr, /*allow_exceptions=*/false);
  if (body.is_object()) body.erase(std::string(ledger::kPrivateMember));
  if (body.is_object() && event.kind == ledger::Transformation::kKind) body.erase("parameters");  // --json has them
  std::string line = body.is_object() && !body.empty() ? body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) : "";
  for (const ledger::PrivateField& field : event.private_fields) {
    if (field.name == ledger::kSubjectsField) continue;  // tokens of an index: digits for nobody
    // Reasons and notes are for a person; texts, signatures and findings are not read here.
    const size_t shown = field.name == "notes" || field.name == "detail" ? 2'000 : 120;
    const std::string value = field.value.size() <= shown ? field.value : fmt::format("{} bytes", field.value.size());
    line += fmt::format("  {}: {}", field.name, value);
  }
  return line;
}

nlohmann::ordered_json JsonOf(const ledger::Event& event) {
  nlohmann::ordered_json json = {{"sequence", event.sequence}, {"time", Day(event.time_ms)}, {"kind", event.kind},
                                 {"digest", ledger::HexOf(event.digest)},
                                 {"body", nlohmann::ordered_json::parse(event.body, nullptr, false)}};
  for (const ledger::PrivateField& field : event.private_fields) json["private"][field.name] = field.value;
  return json;
}

struct Life {
  std::string id;
  std::vector<ledger::Event> events;
  std::vector<std::string> parts, duplicates;
  std::vector<data::NumberTable> tables;  // of numbers, where it holds some
  std::vector<std::string> captions;      // what pages say of it, where it is a picture
  ledger::DocumentState state;
  ledger::Rights rights;
  ledger::Spread spread;
};

Result<std::vector<data::NumberTable>> TablesOf(const ledger::Ledger& ledger, const std::string& id) {
  TRY_ASSIGN(const std::string content, data::ContentOf(ledger, id));
  if (content.empty()) return std::vector<data::NumberTable>();  // forgotten
  return data::ParseTables(content);
}

Result<std::vector<std::string>> CaptionsOf(const ledger::Ledger& ledger, const ledger::Document& picture) {
  TRY_ASSIGN(const data::PageCaptions captions, data::PageCaptions::Read(ledger));
  return captions.Of(picture);
}

struct Extremes {
  double least = NAN, most = NAN;
  size_t missing = 0;
};

Extremes ExtremesOf(std::span<const double> values) {
  Extremes found;
  for (const double value : values) {
    if (std::isnan(value)) ++found.missing;
    found.least = std::fmin(found.least, value);
    found.most = std::fmax(found.most, value);
  }
  return found;
}

// "Messung: 12 rows, one in 60 s, 1 gaps; Druck [bar] 3.14 to 3.25, Temperatur [°C] 61.5 to 64.25"
std::string LineOf(const data::NumberTable& table) {
  std::string line = table.name.empty() ? "" : table.name + ": ";
  line += fmt::format("{} rows", table.rows);
  if (table.time) {
    if (table.time->step_ms > 0) line += fmt::format(", one in {} s", table.time->step_ms / 1'000);
    line += fmt::format(", {} gaps", table.time->gaps.size());
  }
  for (size_t i = 0; i < table.columns.size(); ++i) {
    const data::NumberColumn& column = table.columns[i];
    const Extremes extremes = ExtremesOf(column.values);
    line += fmt::format("{}{}{} {} to {}", i == 0 ? "; " : ", ", column.name, column.unit.empty() ? "" : " [" + column.unit + "]", extremes.least, extremes.most);
  }
  return line;
}

// A number that is missing is null.
nlohmann::ordered_json JsonOf(const data::NumberTable& table) {
  nlohmann::ordered_json json = {{"name", table.name}, {"rows", table.rows}};
  if (table.time) {
    json["time"] = {{"name", table.time->name}, {"zone", table.time->zone}, {"sampling_hz", table.time->SamplingHz()}};
    if (table.time->absolute && table.rows > 0) json["time"]["first_ms"] = table.time->At(0);
    json["time"]["gaps"] = nlohmann::ordered_json::array();
    for (const data::TimeGap& gap : table.time->gaps) json["time"]["gaps"].push_back({gap.from_ms, gap.to_ms});
  }
  json["columns"] = nlohmann::ordered_json::array();
  for (const data::NumberColumn& column : table.columns) {
    const Extremes extremes = ExtremesOf(column.values);
    json["columns"].push_back({{"name", column.name}, {"unit", column.unit}, {"least", extremes.least}, {"most", extremes.most},
                               {"missing", extremes.missing}});
  }
  json["notes"] = table.notes;
  return json;
}

Result<Life> Look(const ledger::Ledger& ledger, std::string_view digits) {
  Life life;
  TRY_ASSIGN(life.id, ledger::FindDocument(ledger, digits));
  TRY_ASSIGN(life.events, ledger::LifeOf(ledger, life.id));
  TRY_ASSIGN(const ledger::Document document, ledger::DocumentOf(ledger, life.id));
  if (document.modality == "table" || document.modality == "signal") {
    TRY_ASSIGN(life.tables, TablesOf(ledger, life.id));
  }
  if (document.modality == "picture") {
    TRY_ASSIGN(life.captions, CaptionsOf(ledger, document));
  }
  TRY_ASSIGN(life.parts, ledger::PartsOf(ledger, life.id));
  TRY_ASSIGN(life.duplicates, ledger::DuplicatesOf(ledger, life.id));
  TRY_ASSIGN(life.state, ledger::StateOf(ledger, life.id));
  TRY_ASSIGN(life.spread, ledger::SpreadOf(ledger, life.id));
  TRY_ASSIGN(life.rights, ledger::RightsOf(ledger, life.id, ledger::Today()));
  return life;
}

void PrintText(const Life& life) {
  fmt::print("document {}\nstate    {}\ntier     {}  ({})\n", life.id, ledger::StateName(life.state), life.rights.tier, life.rights.why);
  for (const std::string& part : life.parts) fmt::print("holds    {}\n", part);
  for (const std::string& duplicate : life.duplicates) fmt::print("same as  {}\n", duplicate);
  for (const data::NumberTable& table : life.tables) fmt::print("numbers  {}\n", Printable(LineOf(table)));
  for (const std::string& caption : life.captions) fmt::print("caption  {}\n", Printable(caption));
  fmt::print("\n");
  for (const ledger::Event& event : life.events) {
    fmt::print("{:>8}  {}  {:<15} {}\n", event.sequence, Day(event.time_ms), event.kind, Printable(LineOf(event)));
  }
  if (!life.spread.runs.empty()) fmt::print("\nseen by\n");
  for (const std::string& run : life.spread.runs) {
    const bool has_steps = std::ranges::find(life.spread.sightings, run, &ledger::Sighting::run) != life.spread.sightings.end();
    if (!has_steps) fmt::print("  run {}, which read all of the source\n", run);
  }
  for (const ledger::Sighting& sighting : life.spread.sightings) {
    fmt::print("  run {}, steps {} to {}\n", sighting.run, sighting.steps.begin + 1, sighting.steps.end);
  }
  for (const ledger::Model& model : life.spread.models) fmt::print("  model {} {}\n", Printable(model.name), model.sha256);
}

void PrintJson(const Life& life) {
  nlohmann::ordered_json json = {{"id", life.id}, {"state", ledger::StateName(life.state)}, {"tier", std::string(1, life.rights.tier)},
                                 {"rights", life.rights.why}, {"parts", life.parts}, {"duplicates", life.duplicates}};
  json["tables"] = nlohmann::ordered_json::array();
  for (const data::NumberTable& table : life.tables) json["tables"].push_back(JsonOf(table));
  json["captions"] = life.captions;
  json["events"] = nlohmann::ordered_json::array();
  for (const ledger::Event& event : life.events) json["events"].push_back(JsonOf(event));
  json["seen_by"] = nlohmann::ordered_json::array();
  for (const ledger::Sighting& sighting : life.spread.sightings) {
    json["seen_by"].push_back({{"run", sighting.run}, {"first_step", sighting.steps.begin + 1}, {"last_step", sighting.steps.end},
                               {"shard", sighting.shard}});
  }
  json["runs"] = life.spread.runs;
  json["models"] = nlohmann::ordered_json::array();
  for (const ledger::Model& model : life.spread.models) json["models"].push_back({{"name", model.name}, {"sha256", model.sha256}});
  fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

Result<void> Show(const SharedFlags& flags, const std::string& digits, bool text) {
  TRY_ASSIGN(const base::Home home, base::Home::Find(flags.home));
  TRY_ASSIGN(const ledger::Ledger ledger, ReadLedger(home));
  if (text) {
    TRY_ASSIGN(const std::string id, ledger::FindDocument(ledger, digits));
    TRY_ASSIGN(const std::string kept, data::TextOf(ledger, id));
    fmt::print("{}\n", Printable(kept));
    return {};
  }
  TRY_ASSIGN(const Life life, Look(ledger, digits));
  flags.json ? PrintJson(life) : PrintText(life);
  return {};
}

}  // namespace

int RunDataShow(int argc, char** argv) {
  SharedFlags flags;
  std::string digits;
  bool text = false;
  Arguments arguments("walchen data show", "The whole life of a document: whence, with what right, what was done to it, who saw it.");
  arguments.Required("hash", digits, "SHA-256 of the file, its first digits, or the document's id");
  arguments.Flag("--text", text, "Print the cleaned text instead");
  AddSharedFlags(arguments, flags);
  if (const auto exit_code = arguments.Parse(argc, argv)) return *exit_code;
  const auto shown = Show(flags, digits, text);
  return shown ? kDone : Report("data show", shown.error());
}

}  // namespace walchen::cli
