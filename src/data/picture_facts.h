// SPDX-License-Identifier: Apache-2.0
//
// What a picture file says beside its pixels: captions, licence, marks against training on it. What is private in it (where
// it was taken, whose camera) is left out and noted.
#pragma once

#include <string_view>

#include "data/extract.h"
#include "data/picture_captions.h"

namespace walchen::data {

// Of PNG, JPEG, GIF, WebP and TIFF; `captions` are the part's. Returns the EXIF orientation, 1 where there is none.
int ReadPictureFacts(std::string_view bytes, PictureCaptions& captions, Part& part);

}  // namespace walchen::data
