// SPDX-License-Identifier: Apache-2.0
#include "data/corpus_export.h"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "base/clock.h"

namespace walchen::data {
namespace {

std::string Day(int64_t ms) { return base::Iso8601(ms / 1'000).substr(0, 10); }

// RFC 4180; a cell that a spreadsheet would take for a formula gets a quote in front.
std::string CsvCell(std::string_view text) {
  std::string cell(text);
  if (!cell.empty() && std::string_view("=+-@").find(cell.front()) != std::string_view::npos) cell.insert(0, "'");
  if (cell.find_first_of(",\"\n\r") == std::string::npos) return cell;
  std::string quoted = "\"";
  for (const char c : cell) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + "\"";
}

// "de 12, en 3", the most first.
std::string Listed(const Counts& counts) {
  std::vector<std::pair<std::string, uint64_t>> sorted(counts.begin(), counts.end());
  std::ranges::stable_sort(sorted, std::greater<>(), &std::pair<std::string, uint64_t>::second);
  std::string text;
  for (const auto& [name, count] : sorted) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, count);
  return text.empty() ? "not applicable" : text;
}

Counts Sum(const CorpusFacts& facts, Counts SourceFacts::* member) {
  Counts sum;
  for (const SourceFacts& source : facts.sources) {
    for (const auto& [name, count] : source.*member) sum[name] += count;
  }
  return sum;
}

uint64_t KeptOf(const SourceFacts& source) {
  const auto kept = source.states.find("kept");
  return kept == source.states.end() ? 0 : kept->second;
}

// A title in Markdown must not become a table's next cell or a link.
std::string Plain(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    if (std::string_view("|[]<>`*_\\").find(c) != std::string_view::npos) plain += '\\';
    plain += c == '\n' || c == '\r' ? ' ' : c;
  }
  return plain;
}

using OrderedJson = nlohmann::ordered_json;

OrderedJson Names(const Counts& counts) {
  OrderedJson names = OrderedJson::array();
  for (const auto& [name, count] : counts) names.push_back(name);
  return names;
}

// The context of appendix 1 of the specification, with schema.org by https as mlcroissant has it. Terms that are not used stand in
// it too: its readers compare.
OrderedJson CroissantContext() {
  OrderedJson context = {{"@language", "en"}, {"@vocab", "https://schema.org/"}, {"sc", "https://schema.org/"},
                  {"cr", "http://mlcommons.org/croissant/"}, {"rai", "http://mlcommons.org/croissant/RAI/"},
                  {"dct", "http://purl.org/dc/terms/"}, {"prov", "http://www.w3.org/ns/prov#"}, {"conformsTo", "dct:conformsTo"}};
  for (const std::string_view term : {"annotation", "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "excludes", "extract", "field",
                                 "fileObject", "fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5",
                                 "parentField", "path", "readLines", "recordSet", "references", "regex", "repeated", "replace", "samplingRate",
                                 "sdVersion", "separator", "source", "subField", "transform", "unArchive", "value"}) {
    context[std::string(term)] = fmt::format("cr:{}", term);
  }
  context["data"] = {{"@id", "cr:data"}, {"@type", "@json"}};
  context["dataType"] = {{"@id", "cr:dataType"}, {"@type", "@vocab"}};
  context["examples"] = {{"@id", "cr:examples"}, {"@type", "@json"}};
  return context;
}

// A licence of SPDX's list by its page; an expression, and what is used without a licence, by its words.
OrderedJson CroissantLicences(const CorpusFacts& facts) {
  std::set<std::string> pages, words;
  for (const SourceFacts& source : facts.sources) {
    for (const auto& [licence, count] : source.licences) {
      const bool is_listed = licence.find_first_of(" ()") == std::string::npos && !licence.starts_with("LicenseRef-");
      if (licence == "none") words.insert(fmt::format("no licence; {}: {}", source.source.name, ledger::NameOf(*source.source.basis)));
      else if (is_listed) pages.insert(fmt::format("https://spdx.org/licenses/{}.html", licence));
      else words.insert(licence);
    }
  }
  OrderedJson licences = OrderedJson::array();
  for (const std::string& page : pages) licences.push_back(page);
  for (const std::string& name : words) licences.push_back({{"@type", "sc:CreativeWork"}, {"name", name}});
  return licences;
}

// The first and the last day on which something was taken in; none where nothing was.
OrderedJson CollectionDays(const CorpusFacts& facts) {
  int64_t first = 0, last = 0;
  for (const SourceFacts& source : facts.sources) {
    if (source.documents == 0) continue;
    first = first == 0 ? source.first_ms : std::min(first, source.first_ms);
    last = std::max(last, source.last_ms);
  }
  return first == 0 ? OrderedJson::array() : OrderedJson::array({Day(first), Day(last)});
}

// Where a part of the data comes from, as PROV-O's entity.
OrderedJson CroissantSource(const SourceFacts& source) {
  OrderedJson entry = {{"@type", "prov:Entity"}, {"@id", "source/" + source.source.name}, {"prov:label", source.source.name},
                {"description", fmt::format("{} documents, {} kept", source.documents, KeptOf(source))},
                {"additionalType", ledger::NameOf(*source.source.source_class)},
                {"usageInfo", ledger::NameOf(*source.source.basis)}};
  if (!source.source.licence.empty()) entry["license"] = source.source.licence;
  if (!source.source.purpose.empty()) entry["purpose"] = source.source.purpose;
  return entry;
}

}  // namespace

std::string SourcesCsv(const CorpusFacts& facts) {
  std::string csv = "source,class,rights,licence,kept,source documents,source bytes,first,last,keep until,purpose\r\n";
  for (const SourceFacts& source : facts.sources) {
    Counts licences = source.licences;
    if (licences.empty()) licences["none"] = 0;
    for (const auto& [licence, count] : licences) {
      csv += fmt::format("{},{},{},{},{},{},{},{},{},{},{}\r\n", CsvCell(source.source.name), ledger::NameOf(*source.source.source_class),
                         ledger::NameOf(*source.source.basis), CsvCell(licence), count, source.documents, source.kept_bytes,
                         Day(source.first_ms), Day(source.last_ms), source.source.keep_until, CsvCell(source.source.purpose));
    }
  }
  return csv;
}

std::string AttributionText(const CorpusFacts& facts) {
  std::map<std::string, std::set<std::string>> by_licence;
  for (const Attribution& named : facts.attributions) {
    const std::string what = named.title.empty() ? named.path : fmt::format("{} ({})", named.title, named.path);
    by_licence[named.licence].insert(fmt::format("{}{}", what, named.url.empty() ? "" : ", " + named.url));
  }
  std::string text = "Works that this data holds and whose licences ask for their names.\n";
  for (const auto& [licence, works] : by_licence) {
    text += fmt::format("\n{}\n", licence);
    for (const std::string& work : works) text += "  " + work + "\n";
  }
  if (by_licence.empty()) text += "\nNone.\n";
  return text;
}

std::string DatasetCard(const CorpusFacts& facts, std::string_view name) {
  std::string card = fmt::format("# {}\n\nWritten from the ledger of {} records, head `{}`.\n\n## Sources\n\n"
                                 "| source | class | rights | documents | kept | licences |\n|---|---|---|---|---|---|\n",
                                 Plain(name), facts.head.sequence, ledger::HexOf(facts.head.digest));
  for (const SourceFacts& source : facts.sources) {
    card += fmt::format("| {} | {} | {} | {} | {} | {} |\n", Plain(source.source.name), ledger::NameOf(*source.source.source_class),
                        ledger::NameOf(*source.source.basis), source.documents, KeptOf(source), Plain(Listed(source.licences)));
  }
  card += fmt::format("\n## What is in it\n\nLanguages: {}.\nFormats: {}.\nTiers: {}.\n", Listed(Sum(facts, &SourceFacts::languages)),
                      Listed(Sum(facts, &SourceFacts::media_types)), Listed(Sum(facts, &SourceFacts::tiers)));
  card += fmt::format("\n## What was done\n\nSteps with their versions, and on how many documents: {}.\nPersonal data found, by kind: {}.\n",
                      Listed(facts.transformations), Listed(Sum(facts, &SourceFacts::personal_data)));
  card += fmt::format("\n## What was left out\n\nBy state: {}.\nReasons: {}.\nOpt-out marks: {}.\n", Listed(Sum(facts, &SourceFacts::states)),
                      Plain(Listed(Sum(facts, &SourceFacts::reasons))), Listed(Sum(facts, &SourceFacts::opt_outs)));
  return card;
}

std::string CroissantJson(const CorpusFacts& facts, const Publication& publication) {
  const std::string head = ledger::HexOf(facts.head.digest);
  const std::string version = fmt::format("{}.0.0", facts.head.sequence);
  OrderedJson root = {{"@context", CroissantContext()},
               {"@type", "sc:Dataset"},
               {"name", publication.name},
               {"conformsTo", OrderedJson::array({"http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"})},
               {"description", fmt::format("{} documents of {} sources, as the ledger with head {} has them.",
                                           Sum(facts, &SourceFacts::states)["kept"], facts.sources.size(), head)},
               {"version", version},
               {"url", publication.url.empty() ? "urn:walchen:ledger:" + head : publication.url},
               {"creator", {{"@type", "sc:Organization"}, {"name", publication.creator.empty() ? "not stated" : publication.creator}}},
               {"datePublished", facts.today},
               {"citeAs", fmt::format("{}, version {}, ledger {}", publication.name, version, head)}};
  root["license"] = CroissantLicences(facts);
  root["inLanguage"] = Names(Sum(facts, &SourceFacts::languages));
  root["rai:dataCollection"] = "Files and packages named by the operator, each with its origin, licence and rights basis in the ledger.";
  root["rai:dataCollectionTimeframe"] = CollectionDays(facts);
  root["rai:dataPreprocessingProtocol"] = Listed(facts.transformations);
  root["rai:dataManipulationProtocol"] = fmt::format("Left out: {}", Listed(Sum(facts, &SourceFacts::reasons)));
  root["rai:personalSensitiveInformation"] = fmt::format("Found and treated: {}", Listed(Sum(facts, &SourceFacts::personal_data)));
  root["distribution"] = OrderedJson::array();
  root["prov:wasDerivedFrom"] = OrderedJson::array();
  for (const SourceFacts& source : facts.sources) {
    root["distribution"].push_back({{"@type", "cr:FileSet"}, {"@id", "files/" + source.source.name}, {"name", source.source.name},
                                    {"encodingFormat", Names(source.media_types)}, {"includes", "**"}});
    root["prov:wasDerivedFrom"].push_back(CroissantSource(source));
  }
  root["prov:wasGeneratedBy"] = {{"@type", "prov:Activity"}, {"prov:label", "walchen data add, walchen data build"},
                                 {"description", Listed(facts.transformations)}};
  return root.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace walchen::data
