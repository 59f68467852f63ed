// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a gettext catalogue, as text and compiled: an error, or messages that all have an original and a
// translation.
#include "base/status.h"
#include "data/extract_gettext.h"

using namespace walchen;

namespace {

void Judge(const Result<data::Catalogue>& catalogue) {
  if (!catalogue) {
    CHECK(!catalogue.error().message().empty());
    return;
  }
  for (const data::TranslatedMessage& message : catalogue->messages) {
    CHECK(!message.original.empty() && !message.translation.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Judge(data::ParsePo(bytes));
  Judge(data::ParseMo(bytes));
  return 0;
}
