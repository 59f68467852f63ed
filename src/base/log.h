// SPDX-License-Identifier: Apache-2.0
//
// The log: lines for the person who runs Walchen, on standard error. Results go to standard output, never here.
// No prompt, answer or document text is logged.
#pragma once

#include <string>
#include <string_view>

#include <fmt/core.h>

namespace walchen::base {

enum class LogLevel { kDebug, kInfo, kWarning, kError, kQuiet };

// Lines below this level are dropped. Thread-safe, as is Log.
void SetLogLevel(LogLevel level);
void LogLine(LogLevel level, std::string_view line);

template <class... Args>
void Log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  LogLine(level, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace walchen::base
