// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <string>

namespace walchen::train {

// What an error of libtorch's says in one line, without the place in its source in front and the stack and advice behind.
std::string TorchMessage(const std::exception& error);

}  // namespace walchen::train
