// SPDX-License-Identifier: Apache-2.0
#include "data/corpus_recipe.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "base/limits.h"
#include "ledger/licence_tier.h"
#include "ledger/records.h"
#include "ledger/rights.h"
#include "runs/toml_table.h"

namespace walchen::data {
namespace {

constexpr std::array<std::string_view, 3> kSystems = {"debian", "pypi", "npm"};
// As package URLs name them.
constexpr std::array<std::string_view, 3> kUrlTypes = {"deb/debian", "pypi", "npm"};
constexpr std::string_view kNameBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
constexpr std::string_view kVersionBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+~:";

bool IsName(std::string_view name, std::string_view bytes) {
  return !name.empty() && name.size() <= 200 && name.front() != '-' && name.front() != '.' &&
         name.find_first_not_of(bytes) == std::string_view::npos;
}

// They become arguments of programs and names of folders. "+" is in names of Debian packages, "@scope/" before those of npm.
bool IsPackageName(PackageSystem system, std::string_view name) {
  if (system == PackageSystem::kNpm && name.starts_with('@')) {
    const size_t slash = name.find('/');
    return slash != std::string_view::npos && IsName(name.substr(1, slash - 1), kNameBytes) && IsName(name.substr(slash + 1), kNameBytes);
  }
  return IsName(name, fmt::format("{}{}", kNameBytes, system == PackageSystem::kDebian ? "+" : ""));
}

Result<void> ReadTiers(const runs::TomlTable& table, std::string& tiers) {
  std::vector<std::string> letters;
  TRY(table.Expect("tiers"));
  TRY(table.Read("tiers", letters));
  for (const std::string& letter : letters) {
    const bool is_tier = letter.size() == 1 && ledger::kAllTiers.find(letter) != std::string_view::npos;
    if (!is_tier || tiers.find(letter) != std::string::npos) {
      return table.Wrong("tiers", fmt::format("different letters of {}", ledger::kAllTiers));
    }
    tiers += letter;
  }
  return tiers.empty() ? Result<void>(table.Wrong("tiers", "at least one letter")) : Result<void>();
}

Result<void> ReadUse(const runs::TomlTable& table, std::string& use) {
  size_t choice = 0;
  TRY(table.Read("use", choice, {"train", std::string(ledger::kEvaluationUse)}));
  if (choice == 1) use = ledger::kEvaluationUse;
  return {};
}

Result<CorpusPackage> ReadPackage(const runs::TomlTable& table) {
  CorpusPackage package;
  TRY(table.AllowOnly({"system", "name", "version", "profiles", "include", "use", "licence", "papers", "note"}));
  for (const char* key : {"system", "name", "profiles"}) TRY(table.Expect(key));
  size_t system = 0;
  TRY(table.Read("system", system, {kSystems.begin(), kSystems.end()}));
  package.system = static_cast<PackageSystem>(system);
  TRY(table.Read("name", package.name));
  if (!IsPackageName(package.system, package.name)) return table.Wrong("name", "a package's name");
  TRY(table.Read("version", package.version));
  const bool needs_version = package.system != PackageSystem::kDebian;
  if (package.version.empty() ? needs_version : !IsName(package.version, kVersionBytes)) return table.Wrong("version", "a version");
  TRY(table.Read("profiles", package.profiles));
  if (package.profiles.empty()) return table.Wrong("profiles", "at least one name");
  TRY(table.Read("include", package.include));
  TRY(ReadUse(table, package.use));
  TRY(table.Read("licence", package.licence));
  const bool is_licence = package.licence.empty() || ledger::TierOf(package.licence);
  if (!is_licence) return table.Wrong("licence", "an SPDX expression");
  TRY(table.Read("papers", package.papers));
  if (!package.papers.empty() && (needs_version || !IsPackageName(package.system, package.papers))) {
    return table.Wrong("papers", "the name of a Debian package, of a Debian package");
  }
  TRY(table.Read("note", package.note));
  if (!package.licence.empty() && package.note.empty()) return table.Wrong("note", "where the licence was read");
  return package;
}

}  // namespace

std::string_view NameOf(PackageSystem system) { return kSystems[static_cast<size_t>(system)]; }

bool CorpusPackage::IsIn(std::string_view profile) const { return std::ranges::find(profiles, profile) != profiles.end(); }

std::string CorpusPackage::Source() const {
  std::string source = fmt::format("{}.{}", NameOf(system), name.starts_with('@') ? name.substr(1) : name);
  for (char& c : source) {
    if (kNameBytes.find(c) == std::string_view::npos) c = '-';
  }
  return source;
}

std::string CorpusPackage::Url() const {
  return fmt::format("pkg:{}/{}{}", kUrlTypes[static_cast<size_t>(system)], name.starts_with('@') ? "%40" : "",
                     name.starts_with('@') ? name.substr(1) : name);
}

Result<CorpusRecipe> ReadCorpusRecipe(std::string_view toml, std::string_view where) {
  TRY_ASSIGN(const runs::TomlNode node, runs::ParseToml(toml, where));
  const runs::TomlTable table(node, std::string(where), "");
  TRY(table.AllowOnly({"name", "tiers", "vocabulary", "package", "left_out"}));
  CorpusRecipe recipe;
  TRY(table.Expect("name"));
  TRY(table.Read("name", recipe.name));
  const bool is_name = IsName(recipe.name, kNameBytes) && recipe.name.size() <= static_cast<size_t>(base::kRecipeNameMaxBytes) / 2;
  if (!is_name) return table.Wrong("name", "a short name of letters, digits, points, _ and -");
  TRY(ReadTiers(table, recipe.tiers));
  TRY(table.Read("vocabulary", recipe.vocabulary, 300, base::kVocabularyMaxTokens));
  TRY_ASSIGN(const std::vector<runs::TomlTable> packages, table.Tables("package", base::kRecipeMaxData));
  std::set<std::string> sources;
  for (const runs::TomlTable& one : packages) {
    TRY_ASSIGN(CorpusPackage package, ReadPackage(one));
    if (!sources.insert(package.Source()).second) return one.Wrong("name", "a package that was not named before");
    recipe.packages.push_back(std::move(package));
  }
  if (recipe.packages.empty()) return table.Wrong("expected at least one [[package]]");
  TRY_ASSIGN(const std::vector<runs::TomlTable> left_out, table.Tables("left_out", base::kRecipeMaxData));
  for (const runs::TomlTable& one : left_out) {
    LeftOut& left = recipe.left_out.emplace_back();
    TRY(one.AllowOnly({"name", "reason"}));
    for (const char* key : {"name", "reason"}) TRY(one.Expect(key));
    TRY(one.Read("name", left.name));
    TRY(one.Read("reason", left.reason));
    const auto has_name = [&](const CorpusPackage& package) { return package.name == left.name; };
    if (std::ranges::any_of(recipe.packages, has_name)) return one.Wrong("name", "a package that no [[package]] names");
  }
  return recipe;
}

}  // namespace walchen::data
