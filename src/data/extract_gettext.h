// SPDX-License-Identifier: Apache-2.0
//
// gettext catalogues: pairs of a message and its translation. Formats: the GNU gettext manual, "The Format of PO Files"
// and "The Format of GNU MO Files".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace walchen::data {

struct TranslatedMessage {
  std::string context;  // msgctxt; empty where there is none
  std::string original;
  std::string translation;

  bool operator==(const TranslatedMessage&) const = default;
};

struct Catalogue {
  std::vector<TranslatedMessage> messages;  // translated ones; a plural form is a message of its own
  std::string language;                     // "de"; empty where the header names none
  std::string header;                       // "Language: de\n..."
};

// Untranslated, fuzzy and obsolete messages are left out. Both return UTF-8 where the catalogue keeps to its own
// encoding. Errors: kCorrupt, kTruncated (a table ends past the file), kTooLarge (kCatalogueMaxMessages).
Result<Catalogue> ParsePo(std::string_view text);
Result<Catalogue> ParseMo(std::string_view bytes);

}  // namespace walchen::data
