// SPDX-License-Identifier: Apache-2.0
//
// Extraction: a raw file becomes parts, each a text, numbers or a picture, with the places that its pieces came from and the facts that were
// found on the way (title, licence, opt-out). The formats are listed in docs/formats.md.
//
// A file that cannot be read is no error: it becomes a part without text that says why. An archive becomes the parts of
// the files in it, at any depth, of which each may be such a part alone. Every file becomes at least one part.
//
// Extract runs the decoders in this process, for tests and fuzz targets: bytes from outside belong into a worker
// (data/extract_worker.h), which calls it.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace walchen::data {

// Where a piece of text stands in what it was taken from, so that an answer can cite it.
struct Place {
  enum class Kind : uint8_t {
    kBytes,        // bytes [first, last) of the file that the part's inner path names
    kPage,         // page or slide `first`, counted from 1
    kParagraph,    // paragraph `first`, counted from 1, of a document without fixed pages
    kCells,        // `name`: "Sheet!B3"
    kMessagePart,  // `name`: a message's "headers", or a part of its body as IMAP numbers it: "1.2"
    kMsgid,        // message `first` of a catalogue, counted from 1; `name`: its context. Equal in a pair's two parts
    kSection,      // `name`: the file within a document, such as a chapter of an EPUB
  };
  Kind kind = Kind::kBytes;
  uint64_t first = 0;
  uint64_t last = 0;
  std::string name;

  bool operator==(const Place&) const = default;
};

// Bytes [begin, end) of a part's text and where they come from.
struct Span {
  uint64_t begin = 0;
  uint64_t end = 0;
  Place place;

  bool operator==(const Span&) const = default;
};

// What a file says of its picture `image` (a path, or a name within the file).
struct Caption {
  std::string image;
  std::string text;

  bool operator==(const Caption&) const = default;
};

// What a file says about its own licence: the field that says it, and its value as it stands there.
struct LicenceEvidence {
  std::string field;
  std::string value;

  bool operator==(const LicenceEvidence&) const = default;
};

// A machine-readable statement on text and data mining, of either verdict, as it stands in the file.
struct OptOutMark {
  std::string protocol;  // "tdmrep", "noai", "plus", "aipref"
  std::string field;
  std::string value;

  bool operator==(const OptOutMark&) const = default;
};

enum class PartKind : uint8_t {
  kText,
  kTable,    // numbers without a time axis
  kSignal,   // numbers over time
  kPicture,  // its text is its captions, one a line, each with its language as the name of a kSection place
};

// Part::quarantine of what stands for another file, which is read by itself: nothing is lost.
inline constexpr const char* kIsLink = "it is a link";
inline constexpr const char* kNamesAnotherFile = "it only names another page";

struct Part {
  // "" for the raw file itself, "b/c.docx" for a file in it. A catalogue's two languages are "#msgid" and "#msgstr".
  std::string inner_path;
  std::string media_type;
  // Of a file in an archive or a message, as it lay there, in hexadecimal. Empty of the raw file, and of what is less than a file: a
  // catalogue's language, an icon of a set.
  std::string sha256;
  PartKind kind = PartKind::kText;
  std::string text;         // UTF-8
  // What there is beside the text: numbers, or a picture (a PNG without metadata). Empty for texts.
  std::string content;
  std::vector<Span> spans;  // in the order of the text; they do not overlap
  std::string title;
  std::string language;  // as the file declares it ("de", "en-GB"); empty where it does not
  std::vector<Caption> captions;
  std::vector<LicenceEvidence> licences;
  std::vector<OptOutMark> opt_outs;
  std::vector<std::string> notes;  // what a reader should know: "page 3: read from its picture", "2 lines are no JSON"
  std::string quarantine;          // why there is neither text nor content; empty where there is

  bool operator==(const Part&) const = default;
};

// Receives parts one after the other. An error stops the extraction and is what it returns.
using TakePart = std::function<Result<void>(Part)>;

struct Format;

// What Walchen reads, in the order in which formats are tried.
std::span<const Format> Formats();

// Reads `bytes`, the file called `name` (only its last component counts), with these formats.
// Errors: only those of `take`.
Result<void> Extract(std::span<const Format> formats, std::string_view name, std::string_view bytes,
                     const TakePart& take);

}  // namespace walchen::data
