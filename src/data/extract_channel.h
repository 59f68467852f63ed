// SPDX-License-Identifier: Apache-2.0
//
// Both ends' view of the socket between a worker and its starter.
#pragma once

#include <string_view>

#include "base/status.h"

namespace walchen::data {

inline constexpr int kExtractSocket = 3;     // the worker's descriptor
inline constexpr int kOutOfMemoryExit = 77;  // the worker's exit code where an allocation failed
inline constexpr int kNoSandboxExit = 78;    // the worker's exit code where it could not give up the network

// Sends the frame's length and the frame. Errors: kIo, also where the other end is gone.
Result<void> SendFrame(int socket, std::string_view frame);

}  // namespace walchen::data
