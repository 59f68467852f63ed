// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a number's format and, behind the first zero, as the number: a text, whatever they are.
#include "base/status.h"
#include "data/sheet_text.h"

using namespace walchen;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const size_t end = bytes.find('\0');
  const std::string_view number = end == std::string_view::npos ? std::string_view() : bytes.substr(end + 1);
  const data::NumberMeaning meaning = data::MeaningOfFormat(bytes.substr(0, end));
  for (const bool from_1904 : {false, true}) {
    const std::string text = data::DateText(number, meaning, from_1904);
    CHECK(number.empty() || !text.empty(), "{}", number);
    if (meaning == data::NumberMeaning::kNumber) CHECK(text == data::NumberText(number));
  }
  return 0;
}
