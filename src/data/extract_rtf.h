// SPDX-License-Identifier: Apache-2.0
//
// The text of a document in the Rich Text Format, version 1.9.1: paragraphs, cells of tables by tabs, characters in the
// document's code page and in Unicode, the title. Fonts, styles, pictures, headers and footers are left out.
#pragma once

#include <string_view>

#include "base/status.h"
#include "data/extract.h"

namespace walchen::data {

// A part without path and media type; each paragraph has its byte place.
// Errors: kCorrupt (no RTF, a group that nobody opened), kTooLarge (kRtfMaxDepth).
Result<Part> RtfPart(std::string_view rtf);

}  // namespace walchen::data
