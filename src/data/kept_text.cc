// SPDX-License-Identifier: Apache-2.0
#include "data/kept_text.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace walchen::data {
namespace {

// With a place of 64 bytes for every third byte, as narrow tables have them, the places of a chunk take 900 KB of the MiB of a
// value.
constexpr size_t kTextChunkBytes = 32 * 1024;
constexpr std::string_view kTextField = "text", kPlacesField = "places";

// [[begin, end, "page 3"], ...] of those that begin in [from, to); `next` is the first of them, and moves on.
std::string PlacesJson(const std::vector<TextPlace>& places, uint64_t to, size_t& next) {
  auto list = nlohmann::json::array();
  for (; next < places.size() && places[next].begin < to; ++next) {
    list.push_back({places[next].begin, places[next].end, places[next].place});
  }
  return list.empty() ? std::string() : list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<void> ReadPlaces(std::string_view json, std::vector<TextPlace>& places) {
  try {
    for (const nlohmann::json& item : nlohmann::json::parse(json)) places.push_back({item.at(0), item.at(1), item.at(2)});
  } catch (const nlohmann::json::exception& error) {
    return Fail(ErrorCode::kCorrupt, "the places of a text: {}; run `walchen data verify`", error.what());
  }
  return {};
}

Result<void> ForEachField(const ledger::Ledger& ledger, const std::string& id, const std::function<Result<void>(const ledger::PrivateField&)>& take) {
  ledger::EventReader events = ledger.Read({.about = id, .kind = std::string(kTextKind)});
  while (true) {
    TRY_ASSIGN(const auto event, events.Next());
    if (!event) return {};
    for (const ledger::PrivateField& field : event->private_fields) TRY(take(field));
  }
}

}  // namespace

Result<void> AppendText(ledger::Transaction& change, const std::string& id, std::string_view text, const std::vector<TextPlace>& places) {
  size_t next = 0;
  for (size_t at = 0; at < text.size(); at += kTextChunkBytes) {
    ledger::NewEvent event = {.kind = std::string(kTextKind), .about = id};
    event.body["begin"] = at;
    event.private_fields.push_back({std::string(kTextField), std::string(text.substr(at, kTextChunkBytes))});
    std::string json = PlacesJson(places, at + kTextChunkBytes, next);
    if (!json.empty()) event.private_fields.push_back({std::string(kPlacesField), std::move(json)});
    TRY(change.Append(std::move(event)));
  }
  return {};
}

Result<std::string> TextOf(const ledger::Ledger& ledger, const std::string& id) {
  std::string text;
  TRY(ForEachField(ledger, id, [&](const ledger::PrivateField& field) -> Result<void> {
    if (field.name == kTextField) text += field.value;
    return {};
  }));
  return text;
}

Result<std::vector<TextPlace>> PlacesOf(const ledger::Ledger& ledger, const std::string& id) {
  std::vector<TextPlace> places;
  TRY(ForEachField(ledger, id, [&](const ledger::PrivateField& field) -> Result<void> {
    return field.name == kPlacesField ? ReadPlaces(field.value, places) : Result<void>();
  }));
  return places;
}

Result<void> ForEachText(const ledger::Ledger& ledger, const std::vector<std::string>& sources, const TakeText& take) {
  ledger::DocumentReader documents(ledger, {.state = ledger::DocumentState::kKept});
  while (true) {
    TRY_ASSIGN(const auto document, documents.Next());
    if (!document) return {};
    if (!sources.empty() && std::ranges::find(sources, document->document.source) == sources.end()) continue;
    TRY_ASSIGN(const std::string text, TextOf(ledger, document->id));
    if (!text.empty()) TRY(take(*document, text));
  }
}

}  // namespace walchen::data
