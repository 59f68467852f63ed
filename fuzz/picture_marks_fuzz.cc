// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a picture's blocks and as a C2PA manifest: whatever they say, nothing is larger than they are, and an
// orientation turns a picture or leaves it.
#include "base/status.h"
#include "data/content_credentials.h"
#include "data/picture.h"
#include "data/picture_blocks.h"
#include "data/picture_facts.h"

using namespace walchen;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  data::Part part;
  data::PictureCaptions captions(part);
  const int orientation = data::ReadPictureFacts(bytes, captions, part);
  const data::Picture turned = data::Turned({2, 1, std::vector<uint8_t>(6)}, orientation);
  CHECK(turned.width * turned.height == 2, "{}", orientation);
  data::ReadContentCredentials(bytes, part);
  for (const data::OptOutMark& mark : part.opt_outs) CHECK(!mark.protocol.empty());
  size_t texts = 0;
  data::ReadCborTexts(bytes, [&](std::string_view, std::string_view, std::string_view text) { texts += text.size(); });
  CHECK(texts <= size, "{}", texts);
  CHECK(data::ReadExif(bytes).xmp.size() <= size);
  data::IptcCaptions(bytes);
  return 0;
}
