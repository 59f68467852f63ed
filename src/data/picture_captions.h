// SPDX-License-Identifier: Apache-2.0
//
// Captions: what is said of a picture, in the file, in its name, and in pages that show it. Pure.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <pugixml.hpp>

#include "data/extract.h"

namespace walchen::data {

// Writes the captions of one picture into its part, which must outlive it and has no text before.
class PictureCaptions {
 public:
  explicit PictureCaptions(Part& part) : part_(part) {}

  // Adds a caption to the text as one line with its place: kSection with the language ("de"; of "de-AT" the first part, of
  // "x-default" none) as name. White space becomes single spaces; what is there already in the same language, or says
  // nothing, is not added; kPictureMaxCaptions, kPictureCaptionMaxBytes. The first one is the part's title where it has
  // none.
  void Add(std::string_view text, std::string_view language);

  // Titles, descriptions and keywords in RDF below `root`: an XMP packet, or the metadata of an SVG. Those of people, who
  // have a dc:title as well, are not taken.
  void AddRdf(pugi::xml_node root);

  // From the name of the file: German and English short names of an emoji, else its words.
  void AddName(std::string_view name);

 private:
  Part& part_;
  std::map<std::string, std::set<std::string>> languages_;  // of each caption, by what it has in common with its like
};

// The words of a file's name: "pump bearing" of "pump-bearing_02.png". Empty where it has none of its own, as "IMG_1234"
// and "image1".
std::string WordsOfFileName(std::string_view name);

// The words of an icon's name: "arrow left 2" of "arrow-left-2".
std::string WordsOfIconName(std::string_view name);

// The code points that a picture of an emoji is named after: "1f468-200d-1f33e" of "emoji_u1f468_200d_1f33e.svg"; empty
// where the name is none. Years and other decimal numbers of four digits need the prefix.
std::string CodePointsOfFileName(std::string_view name);

// The path of the picture that the page at `page_path` calls `image` (an attribute src): relative to the page's folder,
// without query and fragment, percent-decoded. Both paths have "/"; ".." that would leave the folder of the paths, another
// scheme or host, and "/x.png", whose root nobody knows, are no file's path.
std::optional<std::string> PathOfPageImage(std::string_view page_path, std::string_view image);

}  // namespace walchen::data
