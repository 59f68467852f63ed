// SPDX-License-Identifier: Apache-2.0
//
// XML as the readers of office formats see it: parsed by pugixml, walked without recursion. External entities are never
// fetched: pugixml knows none.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <pugixml.hpp>

#include "base/status.h"

namespace walchen::data {

// White space between elements is kept, because between runs of a text it is a space. `what` names it in messages.
// Errors: kCorrupt (with the byte).
Result<std::unique_ptr<pugi::xml_document>> ParseXml(std::string_view xml, std::string_view what);

// All text below a node, as it stands. Bounded by the document.
std::string DeepText(pugi::xml_node node);

// The first element of that name below `node`, at any depth; a null node where there is none.
pugi::xml_node FindElement(pugi::xml_node node, std::string_view name);

// A name without its prefix: "w:p" is "p".
std::string_view LocalName(std::string_view name);

// Visits `root` and everything below it: enter(node) says whether to go into it, leave(node) follows for each entered
// or not.
template <class Enter, class Leave>
void WalkXml(pugi::xml_node root, const Enter& enter, const Leave& leave) {
  pugi::xml_node node = root;
  while (node) {
    if (enter(node) && node.first_child()) {
      node = node.first_child();
      continue;
    }
    while (node) {
      leave(node);
      if (node == root) return;
      if (node.next_sibling()) {
        node = node.next_sibling();
        break;
      }
      node = node.parent();
    }
  }
}

}  // namespace walchen::data
