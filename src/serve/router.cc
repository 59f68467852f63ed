// SPDX-License-Identifier: Apache-2.0
#include "serve/router.h"

namespace walchen::serve {
namespace {

// The part before the next slash; moves `path` behind it.
std::string_view NextPart(std::string_view& path) {
  const std::string_view part = path.substr(0, path.find('/'));
  path.remove_prefix(std::min(part.size() + 1, path.size()));
  return part;
}

bool Matches(std::string_view pattern, std::string_view path, std::vector<std::string>& parameters) {
  if (std::count(pattern.begin(), pattern.end(), '/') != std::count(path.begin(), path.end(), '/')) return false;
  parameters.clear();
  while (!pattern.empty()) {
    const std::string_view wanted = NextPart(pattern);
    const std::string_view found = NextPart(path);
    if (wanted.starts_with('{')) {
      if (found.empty()) return false;
      parameters.emplace_back(found);
    } else if (wanted != found) {
      return false;
    }
  }
  return path.empty();
}

}  // namespace

Router::Match Router::Find(std::string_view method, std::string_view path) const {
  Match match;
  std::vector<std::string> parameters;
  for (const Route& route : routes_) {
    if (!Matches(route.pattern, path, parameters)) continue;
    if (route.method == method || (route.method == "GET" && method == "HEAD")) {
      return {.route = &route, .parameters = std::move(parameters), .allowed = {}};
    }
    match.allowed += match.allowed.empty() ? route.method : ", " + route.method;
    if (route.method == "GET") match.allowed += ", HEAD";
  }
  return match;
}

}  // namespace walchen::serve
