// SPDX-License-Identifier: Apache-2.0
#include "data/extract_xml.h"

namespace walchen::data {

Result<std::unique_ptr<pugi::xml_document>> ParseXml(std::string_view xml, std::string_view what) {
  auto document = std::make_unique<pugi::xml_document>();
  const pugi::xml_parse_result parsed =
      document->load_buffer(xml.data(), xml.size(), pugi::parse_default | pugi::parse_ws_pcdata);
  if (!parsed) {
    return FailAt(static_cast<uint64_t>(parsed.offset), ErrorCode::kCorrupt, "{}: expected XML, found a fault: {}",
                  what, parsed.description());
  }
  return document;
}

std::string DeepText(pugi::xml_node node) {
  std::string text;
  WalkXml(
      node,
      [&](pugi::xml_node inner) {
        if (inner.type() == pugi::node_pcdata || inner.type() == pugi::node_cdata) text += inner.value();
        return true;
      },
      [](pugi::xml_node) {});
  return text;
}

pugi::xml_node FindElement(pugi::xml_node node, std::string_view name) {
  return node.find_node([&](pugi::xml_node inner) { return inner.name() == name; });
}

std::string_view LocalName(std::string_view name) {
  const size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

}  // namespace walchen::data
