// SPDX-License-Identifier: Apache-2.0
//
// The subject index: which documents hold data of a person, without the person's name standing in it. What identifies
// somebody (a mail address, a name, a number) is normalised and hashed with a key of this home; whoever has the file
// but not the key cannot even try names.
#pragma once

#include <string>
#include <string_view>

#include "base/files.h"
#include "base/status.h"
#include "ledger/event.h"
#include "ledger/key_file.h"

namespace walchen::ledger {

// One spelling for what people write in several ways. Pure.
//
// Case is folded for ASCII, Latin-1 and Latin Extended-A, the letters of the European languages, so without tables of
// all of Unicode. An umlaut becomes its two-letter form, composed or not (ä -> ae, ß -> ss), as Müller and Mueller are
// one person. White space of any kind becomes one space; soft hyphens and zero-width marks go. A text of digits and the
// signs between them is a number: it loses its spaces, and a German telephone number its +49 or 0049. Ill-formed UTF-8
// stays. Never longer than what it was made of.
std::string NormaliseSubject(std::string_view subject);

// Immutable, so thread-safe.
class SubjectKey {
 public:
  // The key in the file, a new one where there is no file (key_file.h). Without this file the index is worth nothing.
  static Result<SubjectKey> ReadOrMake(base::Files& files, const base::Path& path);
  // The key in `from`, which is then in `to` too: that of a home whose documents will be in another one.
  // Errors: kInvalidArgument (`to` holds another key).
  static Result<SubjectKey> Share(base::Files& files, const base::Path& from, const base::Path& to);
  explicit SubjectKey(const Secret& key) : key_(key) {}

  // Keys of two homes: their tokens mean the same only if they are equal.
  bool operator==(const SubjectKey&) const = default;

  // HMAC-SHA256 of the normalised subject. Errors: kInvalidArgument (nothing is left of it), kTooLarge.
  Result<Digest> TokenOf(std::string_view subject) const;

 private:
  Secret key_;
};

}  // namespace walchen::ledger
