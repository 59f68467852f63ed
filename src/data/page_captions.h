// SPDX-License-Identifier: Apache-2.0
//
// What pages say of the pictures that they show: alternative texts and captions. It stays with the page, and goes with it when the
// page is forgotten; a picture finds it by its path, whichever of the two came first.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/status.h"
#include "data/extract.h"
#include "ledger/ledger.h"
#include "ledger/records.h"

namespace walchen::data {

inline constexpr std::string_view kCaptionsKind = "captions";

// Of a page at `path`, as its record has it. Captions of pictures that are no files beside it (picture_captions.h) are left out.
Result<void> AppendPageCaptions(ledger::Transaction& change, const std::string& id, std::string_view path, const std::vector<Caption>& captions);

// All that is kept. Reads all events of the kind.
class PageCaptions {
 public:
  static Result<PageCaptions> Read(const ledger::Ledger& ledger);
  // Of a picture, by its record: in the order of the ledger, each once. Pictures in archives are those of pages in the same one.
  std::vector<std::string> Of(const ledger::Document& picture) const;

 private:
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> texts_;  // by the parent's id and the path
};

}  // namespace walchen::data
