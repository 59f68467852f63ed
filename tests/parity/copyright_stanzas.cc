// SPDX-License-Identifier: Apache-2.0
//
// copyright_stanzas: for each line {"path": FILE, "files": [...]} on standard input the stanzas of that copyright file and, for each
// of the files, the number of its stanza (-1: none), for comparing with another reader. null where it is in another form.
#include <iostream>
#include <string>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/files.h"
#include "data/debian_copyright.h"

namespace walchen::data {
namespace {

nlohmann::json Answer(const nlohmann::json& asked) {
  const auto text = base::Files::Os().Read(asked.at("path").get<std::string>(), 1 << 26);
  const auto copyright = text ? ParseDebianCopyright(*text) : std::nullopt;
  if (!copyright) return nullptr;
  nlohmann::json stanzas = nlohmann::json::array(), found = nlohmann::json::array();
  for (const CopyrightStanza& stanza : copyright->stanzas) stanzas.push_back({{"files", stanza.patterns}, {"licence", stanza.licence}});
  for (const nlohmann::json& file : asked.at("files")) {
    const CopyrightStanza* stanza = StanzaOf(*copyright, file.get<std::string>());
    found.push_back(stanza ? stanza - copyright->stanzas.data() : -1);
  }
  return {{"stanzas", std::move(stanzas)}, {"found", std::move(found)}};
}

}  // namespace
}  // namespace walchen::data

int main() {
  std::string line;
  while (std::getline(std::cin, line)) {
    fmt::print("{}\n", walchen::data::Answer(nlohmann::json::parse(line)).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  }
  return 0;
}
