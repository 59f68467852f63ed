// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as Debian's copyright file: none, or stanzas of which an installed file has at least one, with licences that are SPDX
// expressions.
#include "base/status.h"
#include "data/debian_copyright.h"
#include "ledger/licence_tier.h"

using namespace walchen;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto copyright = data::ParseDebianCopyright({reinterpret_cast<const char*>(data), size});
  if (!copyright) return 0;
  for (const std::string_view path : {"usr/share/doc/a/b.html", "usr/share/locale/de/LC_MESSAGES/a.mo", "a", ""}) {
    const auto stanzas = data::StanzasOfInstalled(*copyright, path);
    CHECK(!stanzas.empty(), "{}", path);
  }
  for (const data::CopyrightStanza& stanza : copyright->stanzas) {
    const std::string expression = data::SpdxOfDebian(stanza.licence);
    CHECK(ledger::TierOf(expression), "{}", expression);
  }
  return 0;
}
