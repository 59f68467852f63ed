// SPDX-License-Identifier: Apache-2.0
//
// What errno says, as an ErrorCode and in words. Within the libraries, for code that calls the operating system itself.
#pragma once

#include <string>

#include "base/status.h"

namespace walchen::base {

ErrorCode CodeOfErrno(int error);
// The words for errno as it stands now.
std::string LastError();

}  // namespace walchen::base
