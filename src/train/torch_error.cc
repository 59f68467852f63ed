// SPDX-License-Identifier: Apache-2.0
#include "train/torch_error.h"

namespace walchen::train {

std::string TorchMessage(const std::exception& error) {
  std::string text = error.what();
  text = text.substr(0, text.find('\n'));
  text = text.substr(0, text.find(". This is typically"));
  if (const size_t place = text.find("] "); text.starts_with("[/") && place != std::string::npos) text = text.substr(place + 2);
  return text;
}

}  // namespace walchen::train
