// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as robots.txt and as tdmrep.json: whatever they say, answers do not depend on how a path is spelled.
#include "base/status.h"
#include "data/site_rules.h"

using namespace walchen;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  data::SiteRules rules;
  rules.robots = data::RobotsTxt::Parse(text);
  if (auto declarations = data::ParseTdmRep(text)) rules.declarations = *std::move(declarations);
  CHECK(data::MarksOf(rules, "/a/~b.html") == data::MarksOf(rules, "/%61/%7Eb.html"), "{}", size);
  for (const std::string_view path : {"/", "/news/2026/a.html?b=c", "/\xC3\xA4%2F$*"}) CHECK(!data::MarksOf(rules, path).empty(), "{}", path);
  return 0;
}
