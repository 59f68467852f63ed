// SPDX-License-Identifier: Apache-2.0
//
// Python's three ways to fill a text: "%s" % value, "{}".format(value) and strftime.
//
// What the format says keeps its marks, and so do texts put into it; numbers and dates are untrusted.
// Errors: kCorrupt (wrong format or value), kUnsupported (a format this does not know), kResourceExhausted.
#pragma once

#include "base/status.h"
#include "formats/jinja_value.h"

namespace walchen::formats::jinja {

// format % values: a tuple gives one value each, a dict serves %(name)s, anything else is the only value.
Result<Value> FormatPercent(Runtime& runtime, const StringObject& format, const Value& values);
// format.format(...).
Result<Value> FormatBraces(Runtime& runtime, const StringObject& format, const Arguments& arguments);
// The local time of `wall_seconds`, in English. Knows %a %A %b %B %c %d %D %e %f %F %H %I %j %m %M %p %S %T %x %X %y %Y
// %z %Z %%, and the dash that drops leading zeros (%-d).
Result<std::string> FormatTime(int64_t wall_seconds, std::string_view format);

}  // namespace walchen::formats::jinja
