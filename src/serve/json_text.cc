// SPDX-License-Identifier: Apache-2.0
#include "serve/json_text.h"

#include <nlohmann/json.hpp>

#include "base/limits.h"

namespace walchen::serve {
namespace {

// nlohmann's messages begin with an exception's id and end with what was read last; the middle is for people.
std::string_view PlainMessage(std::string_view what) {
  if (const size_t end = what.find("] "); end != std::string_view::npos) what.remove_prefix(end + 2);
  if (const size_t colon = what.find(": "); colon != std::string_view::npos && what.starts_with("parse error")) {
    what.remove_prefix(colon + 2);
  }
  return what.substr(0, what.find("; last read"));
}

// Builds the value from nlohmann's events. `open_` holds the arrays and objects around the current place; pointers into
// them stay valid because only the innermost one grows.
class Builder final : public nlohmann::json_sax<Json> {
 public:
  Json Take() { return std::move(root_); }
  const std::optional<Error>& error() const { return error_; }

  bool null() override { return Add(nullptr); }
  bool boolean(bool value) override { return Add(value); }
  bool number_integer(number_integer_t value) override { return Add(value); }
  bool number_unsigned(number_unsigned_t value) override { return Add(value); }
  bool number_float(number_float_t value, const string_t&) override { return Add(value); }
  bool string(string_t& value) override { return Add(std::move(value)); }
  bool binary(binary_t&) override { return false; }  // JSON text has none

  bool start_object(std::size_t) override { return Open(Json::object()); }
  bool start_array(std::size_t) override { return Open(Json::array()); }
  bool key(string_t& name) override {
    open_.back()->get_ref<Json::object_t&>().emplace_back(std::move(name), nullptr);
    return true;
  }
  bool end_object() override {
    const auto& object = open_.back()->get_ref<const Json::object_t&>();
    open_.pop_back();
    return NamesDiffer(object);
  }
  bool end_array() override { return open_.pop_back(), true; }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::json::exception& exception) override {
    // Positions count from one; the end of the text is one further.
    const uint64_t offset = position > 0 ? position - 1 : 0;
    error_ = Error(ErrorCode::kCorrupt, std::string(PlainMessage(exception.what()))).At(offset);
    return false;
  }

 private:
  bool Open(Json empty) {
    if (std::ssize(open_) >= base::kJsonMaxDepth) {
      error_ = Error(ErrorCode::kTooLarge,
                     fmt::format("arrays and objects are nested deeper than {} levels", base::kJsonMaxDepth));
      return false;
    }
    if (!Add(std::move(empty))) return false;
    open_.push_back(last_);
    return true;
  }

  bool Add(Json value) {
    if (++values_ > base::kRequestMaxJsonValues) {
      error_ = Error(ErrorCode::kTooLarge, fmt::format("more than {} values", base::kRequestMaxJsonValues));
      return false;
    }
    if (open_.empty()) {
      root_ = std::move(value);
      last_ = &root_;
    } else if (open_.back()->is_array()) {
      auto& items = open_.back()->get_ref<Json::array_t&>();
      items.push_back(std::move(value));
      last_ = &items.back();
    } else {
      last_ = &open_.back()->get_ref<Json::object_t&>().back().second;
      *last_ = std::move(value);
    }
    return true;
  }

  bool NamesDiffer(const Json::object_t& object) {
    std::vector<std::string_view> names;
    names.reserve(object.size());
    for (const auto& [name, value] : object) names.push_back(name);
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice == names.end()) return true;
    error_ =
        Error(ErrorCode::kCorrupt, fmt::format("the name \"{}\" stands twice in one object", twice->substr(0, 64)));
    return false;
  }

  Json root_;
  Json* last_ = nullptr;
  std::vector<Json*> open_;
  int64_t values_ = 0;
  std::optional<Error> error_;
};

}  // namespace

Result<Json> ParseJson(std::string_view text) {
  Builder builder;
  if (Json::sax_parse(text, &builder)) return builder.Take();
  if (builder.error()) return tl::unexpected<Error>(*builder.error());
  return Fail(ErrorCode::kCorrupt, "not a JSON text");
}

std::string WriteJson(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace walchen::serve
