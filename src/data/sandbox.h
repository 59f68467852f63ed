// SPDX-License-Identifier: Apache-2.0
//
// What a process gives up before it looks at bytes from outside: the network, and memory, time and disk without end.
// Linux only: namespaces, seccomp, rlimits.
#pragma once

#include <cstdint>

#include "base/status.h"

namespace walchen::data {

// For this process and all that it starts, for ever:
//  * no network: an empty network namespace where the kernel allows one, and in any case a seccomp filter that refuses
//  new
//    sockets of every family, io_uring (which would go round it), and looking into other processes;
//  * no file is written, made, moved or removed, where the kernel has Landlock (5.13 and later); /dev/null may be
//  written;
//  * it is killed when the thread that started it ends;
//  * no privileges by set-user-id programs, no core files, no file longer than `file_max_bytes`.
// Must be called while the process has one thread. Errors: kPermissionDenied where the filter cannot be set.
Result<void> EnterSandbox(uint64_t file_max_bytes);

// From now on at most so much address space, and so many seconds of CPU beside those already used; then malloc fails,
// or SIGXCPU ends the process. Can be called again. Without effect on memory under the address sanitizer, which needs
// terabytes of it.
Result<void> LimitResources(uint64_t memory_max_bytes, uint64_t cpu_max_seconds);

}  // namespace walchen::data
