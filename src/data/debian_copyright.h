// SPDX-License-Identifier: Apache-2.0
//
// debian/copyright in its machine-readable form ("DEP-5"; Debian policy, "Machine-readable debian/copyright file", version 1.0): which
// files of a package's source have which licence.
//
// Patterns are those of the source; what is installed has moved. So of an installed file it is only known which stanzas may be
// about it, and the strictest of these counts: see LicenceOfInstalled. All functions are pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace walchen::data {

// One "Files:" paragraph.
struct CopyrightStanza {
  std::vector<std::string> patterns;  // glob.h
  std::string licence;                // the first line of its "License:" as it stands
  int64_t line = 0;                   // of the file, counted from 1

  bool operator==(const CopyrightStanza&) const = default;
};

struct DebianCopyright {
  std::vector<CopyrightStanza> stanzas;  // for a file of the source the last one counts of which a pattern fits
};

// Nothing where it is in another form: no "Format:" that names version 1.0, or no stanza; or where it has more than 20,000 patterns,
// one of more than 4,096 bytes, or more than 1 MiB of them.
std::optional<DebianCopyright> ParseDebianCopyright(std::string_view text);

// The stanza for a file of the source; nullptr where none has a pattern that fits.
const CopyrightStanza* StanzaOf(const DebianCopyright& copyright, std::string_view source_path);

// The stanzas that may be about an installed file ("usr/share/doc/x/manual.html"), in the file's order, at least one:
//   * those for any end of its path, taken as a path of the source ("*" fits all of them, so its stanza is always among them)
//   * those of which a pattern without its first folders fits such an end: html/manual.html by doc/html/*
//   * those with a pattern that ends in the file's own name, also without a .gz at its end
//   * of a compiled catalogue those for po/LANGUAGE.po, of manual pages and Debian's own notes those for debian/...
//   * if that is none, all
std::vector<const CopyrightStanza*> StanzasOfInstalled(const DebianCopyright& copyright, std::string_view installed_path);

// "GPL-2+ or Artistic, and Expat" as SPDX: "(GPL-2.0-or-later OR Artistic-1.0) AND MIT". Names that the table does not have become
// LicenseRef-unrecognised, "public-domain" becomes LicenseRef-public-domain, an exception without an SPDX id AdditionRef-debian.
std::string SpdxOfDebian(std::string_view licence);

// The SPDX id of one Debian short name ("LGPL-2.1+"); empty where the table has none.
std::string SpdxOfDebianName(std::string_view name);

}  // namespace walchen::data
