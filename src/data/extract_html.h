// SPDX-License-Identifier: Apache-2.0
//
// HTML, parsed by gumbo as browsers do: the main text without navigation, scripts and controls, paragraphs apart by an
// empty line, cells of a table by tabs; title, language, captions of pictures, licence and opt-out marks.
#pragma once

#include <string_view>

#include "base/status.h"
#include "data/extract.h"

namespace walchen::data {

// A page as a part without path and media type. `charset` is what the transport declared, or empty. Spans are byte
// places in `bytes`, one per block. Also for XHTML. Errors: kCorrupt where the bytes are no text.
Result<Part> HtmlPart(std::string_view bytes, std::string_view charset = {});

}  // namespace walchen::data
