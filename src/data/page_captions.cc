// SPDX-License-Identifier: Apache-2.0
#include "data/page_captions.h"

#include <algorithm>
#include <optional>

#include <nlohmann/json.hpp>

#include "data/picture_captions.h"
#include "ledger/documents.h"

namespace walchen::data {
namespace {

// 40 pairs of these fit into a private value (1 MiB) even if JSON wants six bytes for each of theirs. A longer text under a
// picture is no caption of it.
constexpr size_t kPerEvent = 40, kCaptionMaxBytes = 2'048, kPathMaxBytes = 2'048;

Result<void> AppendList(ledger::Transaction& change, const std::string& id, const nlohmann::json& list) {
  ledger::NewEvent event = {.kind = std::string(kCaptionsKind), .about = id};
  event.private_fields.push_back({std::string(kCaptionsKind), list.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)});
  TRY(change.Append(std::move(event)));
  return {};
}

}  // namespace

Result<void> AppendPageCaptions(ledger::Transaction& change, const std::string& id, std::string_view path, const std::vector<Caption>& captions) {
  auto list = nlohmann::json::array();
  for (const Caption& caption : captions) {
    const std::optional<std::string> image = PathOfPageImage(path, caption.image);
    if (!image || image->size() > kPathMaxBytes || caption.text.empty() || caption.text.size() > kCaptionMaxBytes) continue;
    list.push_back({*image, caption.text});
    if (list.size() < kPerEvent) continue;
    TRY(AppendList(change, id, list));
    list.clear();
  }
  return list.empty() ? Result<void>() : AppendList(change, id, list);
}

Result<PageCaptions> PageCaptions::Read(const ledger::Ledger& ledger) {
  PageCaptions captions;
  ledger::EventReader events = ledger.Read({.kind = std::string(kCaptionsKind)});
  while (true) {
    TRY_ASSIGN(const auto event, events.Next());
    if (!event) return captions;
    if (event->private_fields.empty()) continue;  // the page is forgotten
    TRY_ASSIGN(const ledger::DocumentState state, ledger::StateOf(ledger, event->about));
    if (state != ledger::DocumentState::kKept) continue;
    TRY_ASSIGN(const ledger::Document page, ledger::DocumentOf(ledger, event->about));
    const auto list = nlohmann::json::parse(event->private_fields.front().value, nullptr, /*allow_exceptions=*/false);
    for (const auto& item : list) {
      if (!item.is_array() || item.size() != 2 || !item[0].is_string() || !item[1].is_string()) {
        return Fail(ErrorCode::kCorrupt, "the captions of page {}: expected pairs of a path and a text; run `walchen data verify`", event->about);
      }
      std::vector<std::string>& texts = captions.texts_[{page.parent, item[0].get<std::string>()}];
      std::string text = item[1].get<std::string>();
      if (std::ranges::find(texts, text) == texts.end()) texts.push_back(std::move(text));
    }
  }
}

std::vector<std::string> PageCaptions::Of(const ledger::Document& picture) const {
  const auto found = texts_.find({picture.parent, picture.path});
  return found == texts_.end() ? std::vector<std::string>() : found->second;
}

}  // namespace walchen::data
