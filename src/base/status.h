// SPDX-License-Identifier: Apache-2.0
//
// How Walchen says that something went wrong.
//
// What the outside world can cause (a bad file, a full disk, a wrong request) is a value: Result<T> holds either a T or
// an Error, and the compiler complains when it is dropped. What only a bug can cause is a CHECK, which ends the process
// and names itself; no user input may ever reach a CHECK. Exceptions do not cross a library's border.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/core.h>
#include <tl/expected.hpp>

namespace walchen::base {

enum class ErrorCode {
  kInvalidArgument,    // the caller asked for something that cannot be: wrong flag, wrong field, wrong range
  kNotFound,           // no such file, model, name
  kAlreadyExists,      // the name is taken
  kPermissionDenied,   // the operating system or a policy said no
  kTruncated,          // the data end before they should
  kCorrupt,            // the data contradict themselves or their format
  kUnsupported,        // well-formed, but not something this version can do
  kTooLarge,           // over a bound of base/limits.h
  kResourceExhausted,  // memory, disk, queue or context is full
  kUnavailable,        // somebody else holds it now (a port, a lock); trying later may help
  kCancelled,          // stopped on request
  kIo,                 // the operating system failed to read or write
};

// A stable lower-case name for machines: "not_found".
std::string_view ErrorCodeName(ErrorCode code);

// What went wrong, for a person: what was expected, what was found, where, and what to do about it.
class Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // Where in the file or text the trouble is, in bytes from its start; empty when there is no such place.
  std::optional<uint64_t> offset() const { return offset_; }

  Error At(uint64_t offset) && { return offset_ = offset, std::move(*this); }

  // The same error seen from further out: "model.gguf: tensor 3: ...".
  Error In(std::string_view where) && {
    message_ = fmt::format("{}: {}", where, message_);
    return std::move(*this);
  }

  // message(), with " (at byte N)" where there is an offset.
  std::string ToString() const;

 private:
  ErrorCode code_;
  std::string message_;
  std::optional<uint64_t> offset_;
};

// A T or an Error. Use `if (!result) return Forward(result)` or the TRY macros below.
template <class T>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

// return Fail(ErrorCode::kCorrupt, "expected {} tensors, found {}", a, b);
template <class... Args>
tl::unexpected<Error> Fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected<Error>(Error(code, fmt::format(format, std::forward<Args>(args)...)));
}

// As Fail, with the byte offset of the trouble.
template <class... Args>
tl::unexpected<Error> FailAt(uint64_t offset, ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  return tl::unexpected<Error>(Error(code, fmt::format(format, std::forward<Args>(args)...)).At(offset));
}

// Hands on the error of a failed result.
template <class T>
tl::unexpected<Error> Forward(Result<T>& result) {
  return tl::unexpected<Error>(std::move(result.error()));
}
template <class T>
tl::unexpected<Error> Forward(Result<T>& result, std::string_view where) {
  return tl::unexpected<Error>(std::move(result.error()).In(where));
}

// Prints the failed condition with its place and aborts.
[[noreturn]] void CheckFailed(const char* file, int line, const char* condition, const std::string& detail);

}  // namespace walchen::base

namespace walchen {
using base::Error;
using base::ErrorCode;
using base::Fail;
using base::FailAt;
using base::Forward;
using base::Result;
}  // namespace walchen

// CHECK(a < b);  CHECK(a < b, "layer {}", i);
#define CHECK(condition, ...)                                                                        \
  do {                                                                                               \
    if (!(condition)) [[unlikely]]                                                                   \
      ::walchen::base::CheckFailed(__FILE__, __LINE__, #condition,                                   \
                                   std::string(__VA_OPT__(::fmt::format(__VA_ARGS__))));             \
  } while (false)

#define WALCHEN_CONCAT_(a, b) a##b
#define WALCHEN_CONCAT(a, b) WALCHEN_CONCAT_(a, b)

// TRY(file.Sync());  leaves the function with the error, if there is one.
#define TRY(expression)                                                \
  do {                                                                 \
    auto&& try_result = (expression);                                  \
    if (!try_result) [[unlikely]] return ::walchen::Forward(try_result); \
  } while (false)

// TRY_ASSIGN(const uint32_t n, reader.U32());  as TRY, else binds the value.
#define TRY_ASSIGN(declaration, expression) \
  TRY_ASSIGN_(WALCHEN_CONCAT(try_result_, __LINE__), declaration, expression)
#define TRY_ASSIGN_(temporary, declaration, expression)                \
  auto temporary = (expression);                                       \
  if (!temporary) [[unlikely]] return ::walchen::Forward(temporary); \
  declaration = std::move(*temporary)
