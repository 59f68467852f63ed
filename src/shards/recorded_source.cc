// SPDX-License-Identifier: Apache-2.0
#include "shards/recorded_source.h"

#include "ledger/event.h"

namespace walchen::shards {
namespace {

// A source's name has letters, digits, points, _ and - alone.
std::string Plain(std::string name) {
  for (char& letter : name) {
    const bool is_plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
                          letter == '.' || letter == '_' || letter == '-';
    if (!is_plain) letter = '-';
  }
  return name;
}

}  // namespace

Result<ledger::Source> RecordedSource(base::Files& files, const runs::Recipe& recipe, const runs::DataPlan& data,
                                      std::span<const ledger::KnownSource> known) {
  ledger::Source source;
  source.basis = ledger::Basis::kOwnData;
  if (data.source.kind == runs::DataSource::Kind::kGenerator) {
    source.name = Plain(fmt::format("generator-{}-{}-{}", data.source.place, kGeneratorsVersion, recipe.seed));
    source.source_class = ledger::SourceClass::kSynthetic;
    source.generator = data.source.place;
    source.generator_version = std::to_string(kGeneratorsVersion);
    source.seed = static_cast<int64_t>(recipe.seed);
    return source;
  }
  CHECK(data.source.kind != runs::DataSource::Kind::kShards, "shards have the sources of their documents");
  TRY_ASSIGN(const base::Path path, files.Resolve(data.source.place));
  for (const ledger::KnownSource& entry : known) {
    if (entry.source.uri == path.native()) source = entry.source;
  }
  if (!source.name.empty()) return source;
  constexpr size_t kDigits = 12;  // enough to tell the folders of one home
  source.name = Plain(data.name + "-" + ledger::NewId().substr(0, kDigits));
  source.source_class = ledger::SourceClass::kUser;
  source.uri = path.native();
  return source;
}

}  // namespace walchen::shards
