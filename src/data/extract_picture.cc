// SPDX-License-Identifier: Apache-2.0
//
// Pictures of pixels: small, upright, without metadata, with captions and marks.
#include "base/limits.h"
#include "data/extract_readers.h"
#include "data/picture.h"
#include "data/picture_facts.h"

namespace walchen::data {
namespace {

Result<std::string> PngOfFile(std::string_view bytes, int orientation, Part& part) {
  TRY_ASSIGN(DecodedPicture decoded, DecodePicture(bytes));
  if (decoded.is_first) part.notes.emplace_back("the first of several pictures in the file");
  return PngOf(Turned(MadeSmaller(std::move(decoded.picture), kPictureSideMax), orientation));
}

}  // namespace

Result<void> ReadPicture(const Source& source, Extraction& extraction) {
  Part part;
  part.kind = PartKind::kPicture;
  PictureCaptions captions(part);
  const int orientation = ReadPictureFacts(source.bytes, captions, part);
  captions.AddName(source.name);
  auto png = PngOfFile(source.bytes, orientation, part);
  // What the file says of itself is kept in either case: a reservation holds for a picture that cannot be read too.
  if (png) {
    part.content = std::move(*png);
  } else {
    part.quarantine = png.error().ToString();
  }
  return extraction.Give(source, std::move(part));
}

}  // namespace walchen::data
