// SPDX-License-Identifier: Apache-2.0
//
// Debian's short names of licences and their SPDX ids. A name that stands for one text is here; names that packages give to
// variants ("BSD-3-clause-google") are not, because nobody compared their texts.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/limits.h"
#include "data/debian_copyright.h"
#include "data/extract_licence.h"
#include "data/extraction.h"
#include "data/file_licence.h"

namespace walchen::data {
namespace {


struct LicenceName {
  std::string_view debian;  // in lower case
  std::string_view spdx;
};

// Families whose ids say -only or -or-later. A name without a version means the lowest one (section 7.2 of the format).
constexpr auto kFamilies = std::to_array<LicenceName>({
    {"gpl", "GPL"}, {"lgpl", "LGPL"}, {"agpl", "AGPL"}, {"gfdl", "GFDL"}, {"gfdl-niv", "GFDL"},
});
constexpr auto kVersions = std::to_array<LicenceName>({
    {"gpl-", "1.0 2.0 3.0"}, {"lgpl-", "2.0 2.1 3.0"}, {"agpl-", "1.0 3.0"}, {"gfdl-", "1.1 1.2 1.3"}, {"gfdl-niv-", "1.1 1.2 1.3"},
});

constexpr auto kLicenceNames = std::to_array<LicenceName>({
    {"0bsd", "0BSD"},
    {"afl-2.0", "AFL-2.0"},
    {"afl-2.1", "AFL-2.1"},
    {"afl-3.0", "AFL-3.0"},
    {"apache-1.0", "Apache-1.0"},
    {"apache-1.1", "Apache-1.1"},
    {"apache-2", "Apache-2.0"},
    {"apache-2.0", "Apache-2.0"},
    {"artistic", "Artistic-1.0"},
    {"artistic-1", "Artistic-1.0"},
    {"artistic-1.0", "Artistic-1.0"},
    {"artistic-2", "Artistic-2.0"},
    {"artistic-2.0", "Artistic-2.0"},
    {"boost-1.0", "BSL-1.0"},
    {"bsd-1-clause", "BSD-1-Clause"},
    {"bsd-2", "BSD-2-Clause"},
    {"bsd-2-clause", "BSD-2-Clause"},
    {"bsd-2-clause-freebsd", "BSD-2-Clause"},
    {"bsd-3", "BSD-3-Clause"},
    {"bsd-3-clause", "BSD-3-Clause"},
    {"bsd-4-clause", "BSD-4-Clause"},
    {"bsd-4-clause-uc", "BSD-4-Clause-UC"},
    {"bsl-1.0", "BSL-1.0"},
    {"bzip2-1.0.6", "bzip2-1.0.6"},
    {"cc-by-2.0", "CC-BY-2.0"},
    {"cc-by-2.5", "CC-BY-2.5"},
    {"cc-by-3", "CC-BY-3.0"},
    {"cc-by-3.0", "CC-BY-3.0"},
    {"cc-by-4", "CC-BY-4.0"},
    {"cc-by-4.0", "CC-BY-4.0"},
    {"cc-by-sa-2.0", "CC-BY-SA-2.0"},
    {"cc-by-sa-2.5", "CC-BY-SA-2.5"},
    {"cc-by-sa-3", "CC-BY-SA-3.0"},
    {"cc-by-sa-3.0", "CC-BY-SA-3.0"},
    {"cc-by-sa-4", "CC-BY-SA-4.0"},
    {"cc-by-sa-4.0", "CC-BY-SA-4.0"},
    {"cc0", "CC0-1.0"},
    {"cc0-1.0", "CC0-1.0"},
    {"cddl", "CDDL-1.0"},
    {"cddl-1.0", "CDDL-1.0"},
    {"cecill-2.0", "CECILL-2.0"},
    {"cecill-2.1", "CECILL-2.1"},
    {"cecill-b", "CECILL-B"},
    {"cecill-c", "CECILL-C"},
    {"curl", "curl"},
    {"epl-1.0", "EPL-1.0"},
    {"epl-2.0", "EPL-2.0"},
    {"eupl-1.1", "EUPL-1.1"},
    {"eupl-1.2", "EUPL-1.2"},
    {"expat", "MIT"},
    {"fsfap", "FSFAP"},
    {"fsful", "FSFUL"},
    {"fsfullr", "FSFULLR"},
    {"ftl", "FTL"},
    {"icu", "ICU"},
    {"ijg", "IJG"},
    {"isc", "ISC"},
    {"libpng", "Libpng"},
    {"libtiff", "libtiff"},
    {"lppl", "LPPL-1.0"},
    {"lppl-1.0", "LPPL-1.0"},
    {"lppl-1.1", "LPPL-1.1"},
    {"lppl-1.2", "LPPL-1.2"},
    {"lppl-1.3a", "LPPL-1.3a"},
    {"lppl-1.3c", "LPPL-1.3c"},
    {"mit", "MIT"},
    {"mit-cmu", "MIT-CMU"},
    {"mit/x11", "MIT"},
    {"mpl", "MPL-1.0"},
    {"mpl-1.0", "MPL-1.0"},
    {"mpl-1.1", "MPL-1.1"},
    {"mpl-2", "MPL-2.0"},
    {"mpl-2.0", "MPL-2.0"},
    {"ms-pl", "MS-PL"},
    {"ncsa", "NCSA"},
    {"ntp", "NTP"},
    {"odbl-1.0", "ODbL-1.0"},
    {"odc-by-1.0", "ODC-By-1.0"},
    {"ofl-1.0", "OFL-1.0"},
    {"ofl-1.1", "OFL-1.1"},
    {"openssl", "OpenSSL"},
    {"pd", "LicenseRef-public-domain"},
    {"pddl-1.0", "PDDL-1.0"},
    {"perl", "Artistic-1.0-Perl OR GPL-1.0-or-later"},
    {"php-3.01", "PHP-3.01"},
    {"postgresql", "PostgreSQL"},
    {"psf", "PSF-2.0"},
    {"psf-2", "PSF-2.0"},
    {"psf-2.0", "PSF-2.0"},
    {"public-domain", "LicenseRef-public-domain"},
    {"python", "Python-2.0"},
    {"python-2.0", "Python-2.0"},
    {"ruby", "Ruby"},
    {"tcl", "TCL"},
    {"unicode", "Unicode-DFS-2016"},
    {"unicode-3.0", "Unicode-3.0"},
    {"unicode-dfs-2015", "Unicode-DFS-2015"},
    {"unicode-dfs-2016", "Unicode-DFS-2016"},
    {"unlicense", "Unlicense"},
    {"upl-1.0", "UPL-1.0"},
    {"vim", "Vim"},
    {"w3c", "W3C"},
    {"wtfpl", "WTFPL"},
    {"wtfpl-2", "WTFPL"},
    {"x11", "X11"},
    {"zlib", "Zlib"},
    {"zpl-2.1", "ZPL-2.1"},
});

constexpr auto kExceptions = std::to_array<LicenceName>({
    {"autoconf", "Autoconf-exception-generic"},
    {"bison", "Bison-exception-2.2"},
    {"classpath", "Classpath-exception-2.0"},
    {"font", "Font-exception-2.0"},
    {"gcc", "GCC-exception-3.1"},
    {"libtool", "Libtool-exception"},
    {"linux-syscall-note", "Linux-syscall-note"},
    {"llvm", "LLVM-exception"},
    {"texinfo", "Texinfo-exception"},
});

template <size_t N>
std::string_view Find(const std::array<LicenceName, N>& names, std::string_view debian) {
  const auto found = std::ranges::find(names, debian, &LicenceName::debian);
  return found == names.end() ? std::string_view() : found->spdx;
}

// "gpl-2" and whether later versions are meant too -> GPL-2.0-or-later; empty where it is none of these families.
std::string OfFamily(std::string_view name, bool or_later) {
  for (size_t i = 0; i < kFamilies.size(); ++i) {
    const auto& [prefix, versions] = kVersions[i];
    std::string version;
    if (name == kFamilies[i].debian) {
      version = versions.substr(0, versions.find(' '));
    } else if (name.starts_with(prefix)) {
      version = name.substr(prefix.size());
      if (version.find('.') == std::string::npos) version += ".0";
    }
    const bool is_version = version.size() == 3 && versions.find(version) != std::string_view::npos;
    if (!is_version) continue;
    const std::string_view niv = prefix == "gfdl-niv-" ? "-no-invariants" : "";
    return fmt::format("{}-{}{}{}", kFamilies[i].spdx, version, niv, or_later ? "-or-later" : "-only");
  }
  return "";
}

// The words of a licence between "and" and "or": a name, and perhaps "with ... exception".
std::string OfTerm(std::string_view term) {
  const std::string lower = Lowered(Trimmed(term));
  const size_t with = lower.find(" with ");
  const std::string name = SpdxOfDebianName(std::string_view(lower).substr(0, with));
  if (name.empty()) return std::string(kUnrecognisedLicence);
  if (with == std::string::npos) return name;
  std::string_view exception = Trimmed(std::string_view(lower).substr(with + 6));
  for (const std::string_view end : {" exceptions", " exception"}) {
    if (exception.ends_with(end)) exception = Trimmed(exception.substr(0, exception.size() - end.size()));
  }
  // Behind "with" only a permission may stand; anything else is another licence. An id can have one exception.
  if (!lower.ends_with(" exception") && !lower.ends_with(" exceptions")) return std::string(kUnrecognisedLicence);
  if (name.find(' ') != std::string::npos) return std::string(kUnrecognisedLicence);
  const std::string_view spdx = Find(kExceptions, exception);
  return fmt::format("{} WITH {}", name, spdx.empty() ? "AdditionRef-debian" : spdx);
}

// Without commas: "or" and "and", of which the latter binds closer, as in SPDX.
std::string OfGroup(std::string_view group) {
  std::string expression;
  while (true) {
    const std::string lower = Lowered(group);
    const size_t either = lower.find(" or "), both = lower.find(" and "), end = std::min(either, both);
    expression += OfTerm(group.substr(0, end));
    if (end == std::string::npos) return expression;
    expression += either < both ? " OR " : " AND ";
    group.remove_prefix(end + (either < both ? 4 : 5));
  }
}

std::string InBrackets(const std::string& expression) {
  return expression.find(' ') == std::string::npos ? expression : fmt::format("({})", expression);
}

}  // namespace

std::string SpdxOfDebianName(std::string_view name) {
  std::string lower = Lowered(Trimmed(name));
  const bool or_later = lower.ends_with('+') || lower.ends_with("-or-later");
  if (lower.ends_with('+')) lower.pop_back();
  else if (or_later) lower.resize(lower.size() - std::string_view("-or-later").size());
  else if (lower.ends_with("-only")) lower.resize(lower.size() - std::string_view("-only").size());
  if (std::string id = OfFamily(lower, or_later); !id.empty()) return id;
  const std::string_view spdx = Find(kLicenceNames, lower);
  const bool takes_plus = or_later && !spdx.empty() && spdx.find(' ') == std::string_view::npos && !spdx.starts_with("LicenseRef-");
  return fmt::format("{}{}", spdx, takes_plus ? "+" : "");
}

// A comma divides more weakly than "and" and "or": "A or B, and C" is (A or B) and C. Where only a comma stands, both sides hold.
std::string SpdxOfDebian(std::string_view licence) {
  const auto most = static_cast<size_t>(base::kLicenceExpressionMaxBytes);
  if (licence.size() > most) return std::string(kUnrecognisedLicence);
  std::string expression;
  while (true) {
    const size_t comma = licence.find(',');
    std::string_view group = Trimmed(licence.substr(0, comma));
    std::string_view word = "AND";
    const std::string lower = Lowered(group);
    if (!expression.empty() && lower.starts_with("and ")) group.remove_prefix(4);
    if (!expression.empty() && lower.starts_with("or ")) word = "OR", group.remove_prefix(3);
    const std::string part = OfGroup(group);
    expression = expression.empty() ? part : fmt::format("{} {} {}", InBrackets(expression), word, InBrackets(part));
    if (expression.size() > most) return std::string(kUnrecognisedLicence);
    if (comma == std::string_view::npos) return expression;
    licence.remove_prefix(comma + 1);
  }
}

}  // namespace walchen::data
