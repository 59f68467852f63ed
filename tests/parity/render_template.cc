// SPDX-License-Identifier: Apache-2.0
//
// render_template TEMPLATE CASES: renders a chat template once for each element of a JSON array of variables and prints
// a JSON array of {"text": ...} or {"error": ...}. What peer_templates.py compares with jinja2.
#include <cstdio>
#include <string>

#include <nlohmann/json.hpp>

#include "base/files.h"
#include "formats/chat_template.h"

namespace walchen {
namespace {

using Json = nlohmann::ordered_json;

// What strftime_now shows on both sides.
class FixedClock : public base::Clock {
 public:
  int64_t SteadyNs() override { return 0; }
  int64_t WallSeconds() override { return 1'732'192'427; }
};

constexpr uint64_t kMaxFileBytes = 1 << 28;

Result<Json> RenderCases(const char* template_path, const char* cases_path) {
  base::Files& files = base::Files::Os();
  TRY_ASSIGN(const std::string source, files.Read(template_path, kMaxFileBytes));
  TRY_ASSIGN(const std::string text, files.Read(cases_path, kMaxFileBytes));
  const Json cases = Json::parse(text, nullptr, false);
  if (!cases.is_array()) return Fail(ErrorCode::kCorrupt, "{}: expected a JSON array of variables", cases_path);
  static FixedClock clock;
  auto parsed = formats::ChatTemplate::Parse(source, clock);
  Json results = Json::array();
  for (const Json& variables : cases) {
    auto rendered = parsed ? (*parsed)->RenderText(variables) : Forward(parsed);
    results.push_back(rendered ? Json{{"text", *rendered}} : Json{{"error", rendered.error().ToString()}});
  }
  return results;
}

}  // namespace
}  // namespace walchen

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: render_template TEMPLATE CASES.json\n");
    return 2;
  }
  const auto results = walchen::RenderCases(argv[1], argv[2]);
  if (!results) {
    std::fprintf(stderr, "%s\n", results.error().ToString().c_str());
    return 1;
  }
  std::puts(results->dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace).c_str());
  return 0;
}
