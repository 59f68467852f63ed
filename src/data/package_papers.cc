// SPDX-License-Identifier: Apache-2.0
#include "data/package_papers.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/sha256.h"
#include "data/extract_licence.h"
#include "data/extraction.h"
#include "data/file_licence.h"
#include "data/glob.h"
#include "ledger/licence_tier.h"

namespace walchen::data {
namespace {

constexpr std::string_view kCopyrightPath = "usr/share/doc/*/copyright";
constexpr size_t kCommonWordsBytes = 65'536;  // of a copyright file that are looked through

struct Words {
  std::string_view words;  // in lower case
  std::string_view spdx;
};

// Names in use in license fields beside SPDX ids. Those that name no version or variant ("BSD", "GPL") are not here.
constexpr auto kFieldNames = std::to_array<Words>({
    {"apache 2.0", "Apache-2.0"},
    {"apache license 2.0", "Apache-2.0"},
    {"apache license, version 2.0", "Apache-2.0"},
    {"apache software license 2.0", "Apache-2.0"},
    {"bsd 2-clause", "BSD-2-Clause"},
    {"bsd 3-clause", "BSD-3-Clause"},
    {"bsd 3-clause license", "BSD-3-Clause"},
    {"bsd-3-clause license", "BSD-3-Clause"},
    {"gplv2", "GPL-2.0-only"},
    {"gplv2+", "GPL-2.0-or-later"},
    {"gplv3", "GPL-3.0-only"},
    {"gplv3+", "GPL-3.0-or-later"},
    {"isc license", "ISC"},
    {"lgplv3", "LGPL-3.0-only"},
    {"lgplv3+", "LGPL-3.0-or-later"},
    {"mit license", "MIT"},
    {"mozilla public license 2.0", "MPL-2.0"},
    {"mpl 2.0", "MPL-2.0"},
    {"the mit license", "MIT"},
    {"public domain", "LicenseRef-public-domain"},
    {"unlicense", "Unlicense"},
});

constexpr auto kClassifiers = std::to_array<Words>({
    {"boost software license 1.0 (bsl-1.0)", "BSL-1.0"},
    {"cc0 1.0 universal (cc0 1.0) public domain dedication", "CC0-1.0"},
    {"gnu affero general public license v3", "AGPL-3.0-only"},
    {"gnu affero general public license v3 or later (agplv3+)", "AGPL-3.0-or-later"},
    {"gnu general public license v2 (gplv2)", "GPL-2.0-only"},
    {"gnu general public license v2 or later (gplv2+)", "GPL-2.0-or-later"},
    {"gnu general public license v3 (gplv3)", "GPL-3.0-only"},
    {"gnu general public license v3 or later (gplv3+)", "GPL-3.0-or-later"},
    {"gnu lesser general public license v2 (lgplv2)", "LGPL-2.0-only"},
    {"gnu lesser general public license v2 or later (lgplv2+)", "LGPL-2.0-or-later"},
    {"gnu lesser general public license v3 (lgplv3)", "LGPL-3.0-only"},
    {"gnu lesser general public license v3 or later (lgplv3+)", "LGPL-3.0-or-later"},
    {"isc license (iscl)", "ISC"},
    {"mit license", "MIT"},
    {"mit no attribution license (mit-0)", "MIT-0"},
    {"mozilla public license 1.1 (mpl 1.1)", "MPL-1.1"},
    {"mozilla public license 2.0 (mpl 2.0)", "MPL-2.0"},
    {"public domain", "LicenseRef-public-domain"},
    {"python software foundation license", "PSF-2.0"},
    {"the unlicense (unlicense)", "Unlicense"},
    {"zlib/libpng license", "Zlib"},
    {"zope public license", "ZPL-2.1"},
});

// Classifiers that name a family without its version: they neither say enough nor contradict.
constexpr auto kVague = std::to_array<std::string_view>({"osi approved", "apache software license", "bsd license", "artistic license",
                                                         "gnu general public license (gpl)", "gnu library or lesser general public license (lgpl)",
                                                         "academic free license (afl)"});

template <size_t N>
std::string_view Find(const std::array<Words, N>& table, std::string_view words) {
  const auto found = std::ranges::find(table, words, &Words::words);
  return found == table.end() ? std::string_view() : found->spdx;
}

ledger::Tier TierOrNone(std::string_view expression) { return ledger::TierOf(expression).value_or(ledger::Tier::kNone); }

std::string OfClassifier(std::string_view value) {
  const std::string_view last = Trimmed(value.substr(value.rfind("::") + 2));
  const std::string lower = Lowered(last);
  if (std::ranges::find(kVague, lower) != kVague.end()) return "";
  const std::string_view spdx = Find(kClassifiers, lower);
  return std::string(spdx.empty() ? kUnrecognisedLicence : spdx);
}

// "@scope/name 1.2" as its two halves.
std::pair<std::string, std::string> NameAndVersion(std::string_view title) {
  const size_t space = title.rfind(' ');
  if (space == std::string_view::npos) return {std::string(title), ""};
  return {std::string(title.substr(0, space)), std::string(title.substr(space + 1))};
}

std::string FieldOf(std::string_view text, std::string_view field) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    if (line.starts_with(field) && line.substr(field.size()).starts_with(':')) return std::string(Trimmed(line.substr(field.size() + 1)));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return "";
}

// Which of the texts in /usr/share/common-licenses a copyright file points to: for a person who reads it.
std::string CommonLicencesIn(std::string_view text) {
  constexpr std::string_view kFolder = "/usr/share/common-licenses/";
  std::string names;
  text = text.substr(0, kCommonWordsBytes);
  for (size_t at = text.find(kFolder); at != std::string_view::npos; at = text.find(kFolder, at + 1)) {
    std::string_view name = text.substr(at + kFolder.size());
    name = name.substr(0, name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-."));
    while (name.ends_with('.')) name.remove_suffix(1);
    if (!name.empty() && names.find(fmt::format(" {}", name)) == std::string::npos) names += fmt::format(" {}", name);
  }
  return names;
}

}  // namespace

std::string SpdxOfField(std::string_view field, std::string_view value) {
  const std::string lower_field = Lowered(field);
  value = Trimmed(value);
  if (lower_field == "classifier") return value.starts_with("License ::") ? OfClassifier(value) : "";
  const bool is_licence = lower_field == "license" || lower_field == "licenses" || lower_field == "license-expression";
  if (!is_licence || value.empty() || Lowered(value) == "unknown") return "";
  if (const std::string_view spdx = Find(kFieldNames, Lowered(value)); !spdx.empty()) return std::string(spdx);
  return std::string(TierOrNone(value) == ledger::Tier::kNone ? kUnrecognisedLicence : value);
}

PackagePapers::PackagePapers(std::string_view file_name) {
  const std::string lower = Lowered(file_name);
  if (lower.ends_with(".deb") || lower.ends_with(".udeb")) system_ = System::kDebian;
  if (lower.ends_with(".whl")) system_ = System::kPython;
  if (lower.ends_with(".tgz")) system_ = System::kNpm;
}

std::vector<std::string> PackagePapers::Paths() {
  return {std::string(kCopyrightPath), "control", "*.dist-info/METADATA", "*/package.json"};
}

void PackagePapers::Take(const Part& part) {
  if (!part.quarantine.empty()) return;
  const std::string_view path = PathInPackage(part.inner_path);
  if (system_ == System::kDebian) TakeDebian(part, path);
  if (system_ == System::kPython && path.ends_with(".dist-info/METADATA")) {
    // It speaks for the folder that its own folder stands in.
    const std::string_view info = path.substr(0, path.rfind('/'));
    TakeFolderPaper(part, std::string(info.substr(0, info.rfind('/') + 1)));
  }
  if (system_ == System::kNpm && path.ends_with("/package.json")) TakeFolderPaper(part, std::string(path.substr(0, path.rfind('/') + 1)));
}

void PackagePapers::TakeDebian(const Part& part, std::string_view path) {
  if (path == "control") {
    package_ = FieldOf(part.text, "Package");
    version_ = FieldOf(part.text, "Version");
  }
  // A package may carry those of others beside its own; one that has its own goes by that.
  if (!GlobFits(kCopyrightPath, path)) return;
  const bool is_own = path == fmt::format("usr/share/doc/{}/copyright", package_);
  if (has_copyright_ && !is_own) return;
  has_copyright_ = true;
  copyright_paper_ = {std::string(path), base::Sha256Hex(base::AsBytes(part.text))};
  copyright_ = ParseDebianCopyright(part.text);
  if (!copyright_) copyright_paper_.path += fmt::format(" (not machine-readable; points to:{})", CommonLicencesIn(part.text));
}

void PackagePapers::TakeFolderPaper(const Part& part, std::string folder) {
  FolderPaper paper;
  paper.paper = {part.inner_path, base::Sha256Hex(base::AsBytes(part.text))};
  std::tie(paper.name, paper.version) = NameAndVersion(part.title);
  for (const LicenceEvidence& evidence : part.licences) {
    std::string expression = SpdxOfField(evidence.field, evidence.value);
    if (!expression.empty()) paper.statements.push_back({std::move(expression), fmt::format("{}: {}", evidence.field, evidence.value)});
  }
  // Packages that another one brings along may share a folder: nobody knows whose a file in it is, so all of them count.
  const auto [there, is_first] = folders_.try_emplace(std::move(folder), paper);
  if (!is_first) there->second.statements.insert(there->second.statements.end(), paper.statements.begin(), paper.statements.end());
}

PackageFacts PackagePapers::FactsOf(std::string_view inner_path) const {
  const std::string_view path = inner_path.substr(0, inner_path.find('#'));
  if (system_ == System::kDebian) return DebianFacts(PathInPackage(path));
  return system_ == System::kNone ? PackageFacts() : FolderFacts(path);
}

PackageFacts PackagePapers::DebianFacts(std::string_view path) const {
  PackageFacts facts = {.package = package_, .version = version_, .licence = {}, .unclear = {}};
  if (!copyright_) {
    facts.unclear = has_copyright_ ? copyright_paper_.path : "the package has no copyright file";
    return facts;
  }
  std::vector<Statement> statements;
  for (const CopyrightStanza* stanza : StanzasOfInstalled(*copyright_, path)) {
    statements.push_back({SpdxOfDebian(stanza->licence), fmt::format("{}: License: {}", stanza->line, stanza->licence)});
  }
  facts.licence = Strictest(statements, copyright_paper_, "stanza");
  return facts;
}

// The innermost folder with a paper speaks for a file.
PackageFacts PackagePapers::FolderFacts(std::string_view path) const {
  const FolderPaper* nearest = nullptr;
  for (const auto& [folder, paper] : folders_) {  // an outer folder comes before what is in it
    if (path.starts_with(folder)) nearest = &paper;
  }
  // What stands beside the folders with papers, and the package itself: by the outermost.
  const auto size = [](const auto& entry) { return entry.first.size(); };
  if (!nearest && !folders_.empty()) nearest = &std::ranges::min_element(folders_, {}, size)->second;
  if (!nearest) return {.package = {}, .version = {}, .licence = {}, .unclear = "the package has no paper that says its licence"};
  PackageFacts facts = {.package = nearest->name, .version = nearest->version, .licence = {}, .unclear = {}};
  facts.licence = Strictest(nearest->statements, nearest->paper, "package");
  if (!facts.licence) facts.unclear = fmt::format("{} names no licence", nearest->paper.path);
  return facts;
}

std::optional<ledger::Licence> PackagePapers::Strictest(const std::vector<Statement>& statements, const Paper& paper,
                                                        std::string_view evidence) {
  const auto strictest = std::ranges::max_element(statements, {}, [](const Statement& one) { return TierOrNone(one.expression); });
  if (strictest == statements.end()) return std::nullopt;
  ledger::Licence licence = {.expression = strictest->expression, .evidence = std::string(evidence)};
  licence.place = fmt::format("{}: {}", paper.path, strictest->place);
  licence.evidence_sha256 = paper.sha256;
  for (const Statement& other : statements) {
    const bool is_new = std::ranges::find(licence.disagrees, other.expression) == licence.disagrees.end();
    if (other.expression != licence.expression && is_new) licence.disagrees.push_back(other.expression);
  }
  return licence;
}

}  // namespace walchen::data
