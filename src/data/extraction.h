// SPDX-License-Identifier: Apache-2.0
//
// For those who write a reader: what it gets, what it calls, and its row in the table of formats.
//
// A reader is a function that turns one source into parts. It returns an error where the content is not what it should
// be; the extraction makes a quarantined part of that. It may throw what its libraries throw.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "data/extract.h"

namespace walchen::data {

// One file, or one entry of an archive. The views live as long as the reader runs.
struct Source {
  std::string_view bytes;
  std::string name;        // the last component of its path
  std::string path;        // the raw file's path and, within an archive, the inner path: folders may name a language
  std::string inner_path;  // "" for the raw file
  std::string outer_path;  // the inner path of the archive or message that it is in
  std::string_view media_type;
  int depth = 0;  // how many archives and messages it is in

  // The path of something in this source.
  std::string PathOf(std::string_view entry) const;
  // Something in this source, still without bytes.
  Source Inner(std::string_view entry) const;
};

class Extraction;
using Reader = Result<void> (*)(const Source& source, Extraction& extraction);

struct Format {
  std::string_view media_type;
  // Endings (".html") and whole names ("METADATA") in lower case, with a space between.
  std::string_view names;
  // Whether the content may be this format; nullptr where the name alone decides.
  bool (*looks_right)(std::string_view bytes) = nullptr;
  // Whether looks_right is enough where the name says nothing.
  bool content_decides = false;
  Reader read = nullptr;
};

// One raw file on its way to parts. Not thread-safe.
class Extraction {
 public:
  // What a worker that takes a file up again has to leave out.
  struct Resume {
    uint64_t parts = 0;  // so many parts were handed on before
    // Inner paths that ended the workers before, with how many of those parts were inside.
    std::map<std::string, uint64_t> avoid;
  };

  Extraction(std::span<const Format> formats, TakePart take) : formats_(formats), take_(std::move(take)) {}

  // Called with the inner path of every source before it is read, and with the outer one's afterwards.
  void set_entered(std::function<Result<void>(const std::string&)> entered) { entered_ = std::move(entered); }
  void set_resume(Resume resume) { resume_ = std::move(resume); }
  // Leaves out what is inside of an archive and fits none of these patterns (glob.h), as if it was not there; none: takes all. A
  // path is that in the raw file, in a Debian package without the data.tar or control.tar. Of an archive that fits, all fits.
  void set_only(std::vector<std::string> only) { only_ = std::move(only); }

  // Whether set_only lets something with this inner path in.
  bool Wants(std::string_view inner_path) const;

  // Finds the format of a source and reads it. Readers of archives and messages call it for what they hold.
  // Errors: only those of the one who takes the parts.
  Result<void> Read(Source source);

  // Hands on a part of the source; its inner path and media type are the source's where they are empty. A part with
  // neither text nor content becomes a quarantined one.
  Result<void> Give(const Source& source, Part part);
  Result<void> Quarantine(const Source& source, std::string reason);

  // Counts an entry of an archive with what it unpacked to; an error where the raw file's budget is spent.
  Result<void> Charge(uint64_t unpacked_bytes);
  // Counts an entry that is not wanted.
  void LeaveOut() { ++left_out_; }
  // How many bytes may still be unpacked.
  uint64_t bytes_left() const;

 private:
  Result<void> Enter(const std::string& inner_path);
  Result<void> ReadInside(Source& source);
  Result<void> ReadAs(const Format& format, const Source& source);

  std::span<const Format> formats_;
  TakePart take_;
  std::function<Result<void>(const std::string&)> entered_;
  Resume resume_;
  std::vector<std::string> only_;
  uint64_t left_out_ = 0;
  bool stopped_ = false;  // the one who takes the parts wants no more
  uint64_t given_ = 0;
  uint64_t entries_ = 0;
  uint64_t unpacked_bytes_ = 0;
};

// The format of such a file; nullptr where there is none.
const Format* FindFormat(std::span<const Format> formats, std::string_view name, std::string_view bytes);

// The folder that stands before `folder` in a path, if it is a language's code: "de" in x/de/LC_MESSAGES/y.mo.
std::string LanguageBefore(std::string_view path, std::string_view folder);

// The path that a file has in its package: without the archive in a Debian package that holds it.
std::string_view PathInPackage(std::string_view inner_path);

// ASCII letters in lower case.
std::string Lowered(std::string_view text);

}  // namespace walchen::data
