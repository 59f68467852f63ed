// SPDX-License-Identifier: Apache-2.0
//
// Any bytes through all filters: what comes out is valid composed UTF-8 without characters that should have gone, places go
// forward, findings stand in order inside the text, and the words of the masked text are those that splitting it finds.
#include <cstdint>
#include <string>

#include "base/status.h"
#include "data/filter_chain.h"
#include "data/personal_data.h"
#include "data/secrets.h"
#include "formats/unicode.h"
#include "formats/utf8.h"

using namespace walchen;

namespace {

void CheckRepair(const data::RepairedText& repaired, size_t source_size) {
  const std::string& text = repaired.text;
  CHECK(formats::ValidUtf8Prefix(text) == text.size(), "not valid UTF-8");
  CHECK(formats::ToNfc(text) == text, "not composed");
  CHECK(text.find_first_of("\r\v\f\x7F") == text.npos && text.find('\0') == text.npos, "a control character is left");
  CHECK(text.find(" \n") == text.npos && text.find("\n\n\n") == text.npos, "blanks are left");
  size_t last = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    const size_t place = repaired.places.ToSource(i);
    CHECK(place >= last && place <= source_size, "byte {} is said to come from {}", i, place);
    last = place;
  }
}

void CheckFindings(const std::string& text) {
  const std::vector<data::Word> words = data::SplitWords(text);
  std::vector<data::Finding> findings = data::FindPersonalData(text, words);
  data::FindSecrets(text, words, findings);
  findings = data::WithoutOverlaps(std::move(findings));
  size_t last = 0;
  for (const data::Finding& finding : findings) {
    CHECK(finding.begin >= last && finding.end > finding.begin && finding.end <= text.size(), "a finding out of place");
    last = finding.end;
  }
  const data::MaskedText masked = data::MaskFindings(text, findings);
  CHECK(formats::ValidUtf8Prefix(masked.text) == masked.text.size(), "a finding cuts a character");
  const std::vector<data::Word> expected = data::SplitWords(masked.text);
  const std::vector<data::Word> found = data::MaskWords(words, findings, masked);
  CHECK(found.size() == expected.size(), "{} words, expected {}", found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    CHECK(found[i].hash == expected[i].hash && found[i].begin == expected[i].begin, "word {}", i);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const data::RepairedText repaired = data::RepairText(bytes);
  CheckRepair(repaired, size);
  CheckFindings(repaired.text);
  data::FilterOptions options;
  options.remove_boilerplate = true;
  const auto document = data::FilterDocument(bytes, options);
  CHECK(document.has_value(), "{}", document.error().message());
  CHECK(document->kept == document->reason.empty(), "{}", document->reason);
  CHECK(document->places.ToSource(document->text.size()) <= size, "the end is behind the end");
  return 0;
}
