// SPDX-License-Identifier: Apache-2.0
//
// Both texts are read as a stream of events and not as a tree: memory stays in proportion to what is kept, and a name
// that occurs twice is seen.
#include "formats/safetensors_header.h"

#include <algorithm>
#include <array>
#include <unordered_set>

#include <nlohmann/json.hpp>

#include "base/limits.h"

namespace walchen::formats {
namespace {

using base::Quoted;
using nlohmann::json;

struct ItemType {
  std::string_view name;
  uint64_t bytes;
};
constexpr std::array kItemTypes = {
    ItemType{"F64", 8},  ItemType{"I64", 8},     ItemType{"U64", 8},     ItemType{"C64", 8},     ItemType{"F32", 4},
    ItemType{"I32", 4},  ItemType{"U32", 4},     ItemType{"F16", 2},     ItemType{"BF16", 2},    ItemType{"I16", 2},
    ItemType{"U16", 2},  ItemType{"I8", 1},      ItemType{"U8", 1},      ItemType{"BOOL", 1},    ItemType{"F8_E4M3", 1},
    ItemType{"F8_E5M2", 1}, ItemType{"F8_E8M0", 1},
};

// A type of ours under its name in this format: the plain ones, whose names are the same.
std::optional<tensor::DType> PlainType(std::string_view name) {
  for (const tensor::DTypeInfo& info : tensor::AllDTypes()) {
    if (info.block_values == 1 && info.name == name) return info.type;
  }
  return std::nullopt;
}

// What both texts share: events of nlohmann's parser, each of which may end the parse with an error. Every event but
// the expected ones is an error, so depth is bounded by the grammar.
class JsonEvents : public nlohmann::json_sax<json> {
 public:
  bool null() override { return Unexpected("null"); }
  bool boolean(bool) override { return Unexpected("a bool"); }
  bool number_integer(int64_t) override { return Unexpected("a negative number"); }
  bool number_unsigned(uint64_t) override { return Unexpected("a number"); }
  bool number_float(double, const std::string&) override { return Unexpected("a fraction"); }
  bool string(std::string&) override { return Unexpected("a string"); }
  bool binary(json::binary_t&) override { return Unexpected("binary data"); }
  bool start_object(size_t) override { return Unexpected("an object"); }
  bool start_array(size_t) override { return Unexpected("an array"); }
  bool end_object() override { return true; }
  bool end_array() override { return true; }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) override {
    error_ = Error(ErrorCode::kCorrupt, "the JSON is malformed").At(start_ + position);
    return false;
  }

  // `start`: where in the file the text begins.
  Result<void> Run(std::string_view text, uint64_t start) {
    start_ = start;
    if (!json::sax_parse(text.begin(), text.end(), this) || error_) {
      return tl::unexpected<Error>(error_.value_or(Error(ErrorCode::kCorrupt, "the JSON is malformed")));
    }
    return {};
  }

 protected:
  virtual bool Unexpected(std::string_view what) = 0;
  bool Stop(ErrorCode code, std::string message) {
    error_ = Error(code, std::move(message));
    return false;
  }

 private:
  uint64_t start_ = 0;
  std::optional<Error> error_;
};

// {"__metadata__": {text: text}, name: {"dtype": text, "shape": [n], "data_offsets": [begin, end]}}
class HeaderEvents : public JsonEvents {
 public:
  SafetensorsHeader TakeHeader() { return std::move(header_); }

  bool start_object(size_t) override {
    switch (state_) {
      case State::kStart: return Enter(State::kTop);
      case State::kTensorStart: return Enter(State::kTensor);
      case State::kMetadataStart: return Enter(State::kMetadata);
      default: return Unexpected("an object");
    }
  }

  bool key(std::string& name) override {
    if (state_ == State::kTop) return TopKey(name);
    if (state_ == State::kMetadata) {
      if (!metadata_keys_.insert(name).second) {
        return Stop(ErrorCode::kCorrupt, fmt::format("metadata {} occurs twice", Quoted(name)));
      }
      header_.metadata.emplace_back(name, "");
      return Enter(State::kMetadataValue);
    }
    constexpr std::array kFields = {std::pair{std::string_view("dtype"), State::kType},
                                    std::pair{std::string_view("shape"), State::kShapeStart},
                                    std::pair{std::string_view("data_offsets"), State::kOffsetsStart}};
    for (size_t i = 0; i < kFields.size(); ++i) {
      if (kFields[i].first != name) continue;
      if (seen_fields_[i]) return Stop(ErrorCode::kCorrupt, fmt::format("{} has two fields {}", Where(), name));
      seen_fields_[i] = true;
      return Enter(kFields[i].second);
    }
    return Stop(ErrorCode::kCorrupt, fmt::format("{} has an unknown field {}", Where(), Quoted(name)));
  }

  bool string(std::string& text) override {
    if (state_ == State::kMetadataValue) {
      header_.metadata.back().second = text;
      return Enter(State::kMetadata);
    }
    if (state_ != State::kType) return Unexpected("a string");
    header_.tensors.back().type_name = text;
    return Enter(State::kTensor);
  }

  bool start_array(size_t) override {
    if (state_ == State::kShapeStart) return Enter(State::kShape);
    if (state_ != State::kOffsetsStart) return Unexpected("an array");
    offsets_.clear();
    return Enter(State::kOffsets);
  }

  bool number_unsigned(uint64_t number) override {
    if (state_ == State::kShape) {
      std::vector<uint64_t>& shape = header_.tensors.back().shape;
      shape.push_back(number);
      if (shape.size() <= static_cast<size_t>(base::kSafetensorsMaxDimensions)) return true;
      return Stop(ErrorCode::kTooLarge,
                  fmt::format("{} has more than {} dimensions", Where(), base::kSafetensorsMaxDimensions));
    }
    if (state_ != State::kOffsets || offsets_.size() == 2) return Unexpected("a number");
    offsets_.push_back(number);
    return true;
  }

  bool end_array() override {
    if (state_ == State::kOffsets) {
      if (offsets_.size() != 2 || offsets_[0] > offsets_[1]) {
        return Stop(ErrorCode::kCorrupt, fmt::format("{}: expected [begin, end] as data_offsets", Where()));
      }
      header_.tensors.back().offset = offsets_[0];
      header_.tensors.back().size = offsets_[1] - offsets_[0];
    }
    return Enter(State::kTensor);
  }

  bool end_object() override {
    if (state_ == State::kTensor && seen_fields_ != std::array{true, true, true}) {
      return Stop(ErrorCode::kCorrupt, fmt::format("{} lacks dtype, shape or data_offsets", Where()));
    }
    return Enter(state_ == State::kTop ? State::kEnd : State::kTop);
  }

 private:
  enum class State {
    kStart, kTop, kMetadataStart, kMetadata, kMetadataValue, kTensorStart, kTensor, kType, kShapeStart, kShape,
    kOffsetsStart, kOffsets, kEnd,
  };

  bool Enter(State state) {
    state_ = state;
    return true;
  }

  bool TopKey(const std::string& name) {
    if (!names_.insert(name).second) return Stop(ErrorCode::kCorrupt, fmt::format("{} occurs twice", Quoted(name)));
    if (name == "__metadata__") return Enter(State::kMetadataStart);
    if (header_.tensors.size() >= static_cast<size_t>(base::kSafetensorsMaxTensors)) {
      return Stop(ErrorCode::kTooLarge, fmt::format("more than {} tensors", base::kSafetensorsMaxTensors));
    }
    header_.tensors.emplace_back().name = name;
    seen_fields_ = {};
    return Enter(State::kTensorStart);
  }

  std::string Where() const {
    return header_.tensors.empty() ? "the header" : "tensor " + Quoted(header_.tensors.back().name);
  }
  bool Unexpected(std::string_view what) override {
    return Stop(ErrorCode::kCorrupt, fmt::format("{}: found {} where the format allows none", Where(), what));
  }

  State state_ = State::kStart;
  SafetensorsHeader header_;
  std::unordered_set<std::string> names_;
  std::unordered_set<std::string> metadata_keys_;
  std::array<bool, 3> seen_fields_{};
  std::vector<uint64_t> offsets_;
};

// {"metadata": anything, "weight_map": {tensor: file}}
class IndexEvents : public JsonEvents {
 public:
  Result<std::vector<std::pair<std::string, std::string>>> TakeMap() {
    if (!seen_map_) return Fail(ErrorCode::kCorrupt, "the index has no weight_map");
    return std::move(map_);
  }

  bool start_object(size_t) override { return Open(); }
  bool start_array(size_t) override { return in_map_ ? Unexpected("a list") : Open(); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }

  bool key(std::string& name) override {
    if (depth_ == 1) {
      in_map_ = name == "weight_map";
      if (in_map_ && seen_map_) return Stop(ErrorCode::kCorrupt, "weight_map occurs twice");
      seen_map_ |= in_map_;
    } else if (in_map_) {
      if (!names_.insert(name).second) return Stop(ErrorCode::kCorrupt, fmt::format("{} occurs twice", Quoted(name)));
      if (map_.size() >= static_cast<size_t>(base::kSafetensorsMaxTensors)) {
        return Stop(ErrorCode::kTooLarge, fmt::format("more than {} tensors", base::kSafetensorsMaxTensors));
      }
      map_.emplace_back(name, "");
    }
    return true;
  }

  bool string(std::string& text) override {
    if (!in_map_ || depth_ != 2) return Unexpected("a string");
    if (text.empty() || text.starts_with('.') || text.find_first_of(std::string_view("/\\\0", 3)) != text.npos) {
      return Stop(ErrorCode::kCorrupt, fmt::format("tensor {}: {} is no plain file name", Quoted(map_.back().first),
                                                   Quoted(text)));
    }
    map_.back().second = text;
    return true;
  }

 private:
  // Anything goes outside the map, but the text is an object.
  bool Unexpected(std::string_view what) override {
    if (!in_map_ && depth_ >= 1) return true;
    return Stop(ErrorCode::kCorrupt, fmt::format("found {} in the index where the format allows none", what));
  }
  bool Open() {
    if (in_map_ && depth_ != 1) return Unexpected("an object");
    if (++depth_ <= static_cast<size_t>(base::kJsonMaxDepth)) return true;
    return Stop(ErrorCode::kTooLarge, fmt::format("the index nests deeper than {} levels", base::kJsonMaxDepth));
  }
  bool Close() {
    if (--depth_ == 1) in_map_ = false;
    return true;
  }

  size_t depth_ = 0;
  bool in_map_ = false;
  bool seen_map_ = false;
  std::vector<std::pair<std::string, std::string>> map_;
  std::unordered_set<std::string> names_;
};

// The number of bytes that shape and type ask for equals the number that the offsets give.
Result<void> CheckSize(const SafetensorsEntry& entry) {
  const uint64_t item_bytes = SafetensorsItemBytes(entry.type_name);
  if (item_bytes == 0) return {};
  uint64_t size = item_bytes;
  for (const uint64_t dimension : entry.shape) {
    TRY_ASSIGN(size, base::CheckedMul(size, dimension));
  }
  if (size == entry.size) return {};
  return Fail(ErrorCode::kCorrupt, "its shape needs {} bytes, its data_offsets give {}", size, entry.size);
}

Result<void> CheckCover(const std::vector<SafetensorsEntry>& tensors, uint64_t data_bytes) {
  std::vector<const SafetensorsEntry*> by_offset;
  by_offset.reserve(tensors.size());
  for (const SafetensorsEntry& entry : tensors) {
    if (auto checked = CheckSize(entry); !checked) return Forward(checked, "tensor " + Quoted(entry.name));
    by_offset.push_back(&entry);
  }
  std::ranges::sort(by_offset, {}, [](const auto* entry) { return std::pair(entry->offset, entry->size); });
  uint64_t end = 0;
  for (const SafetensorsEntry* entry : by_offset) {
    if (entry->offset != end) {
      return Fail(ErrorCode::kCorrupt, "tensor {} begins at byte {} of the data, the one before it ends at byte {}",
                  Quoted(entry->name), entry->offset, end);
    }
    end += entry->size;  // cannot overflow: the sum is an end that stood in the file
  }
  if (end > data_bytes) {
    return Fail(ErrorCode::kTruncated, "the tensors have {} bytes, the file only {}: it was cut off, fetch it again",
                end, data_bytes);
  }
  if (end < data_bytes) {
    return Fail(ErrorCode::kCorrupt, "the tensors have {} bytes, the file {}: something was appended to it", end,
                data_bytes);
  }
  return {};
}

}  // namespace

uint64_t SafetensorsItemBytes(std::string_view type_name) {
  const auto found = std::ranges::find(kItemTypes, type_name, &ItemType::name);
  return found == kItemTypes.end() ? 0 : found->bytes;
}

Result<SafetensorsHeader> ParseSafetensorsHeader(base::Bytes bytes, uint64_t file_size) {
  base::ByteReader reader(bytes);
  TRY_ASSIGN(const uint64_t length, reader.Read<uint64_t>("the length of the header"));
  const std::string_view start = base::AsText(bytes.subspan(reader.position()));
  if (!start.empty() && !start.starts_with('{')) {
    return FailAt(0, ErrorCode::kCorrupt, "this is no safetensors file: it begins with {}",
                  Quoted(base::AsText(bytes).substr(0, 16)));
  }
  if (length > static_cast<uint64_t>(base::kSafetensorsMaxHeaderBytes)) {
    return FailAt(0, ErrorCode::kTooLarge, "the header claims {} bytes, at most {} are allowed", length,
                  base::kSafetensorsMaxHeaderBytes);
  }
  TRY_ASSIGN(const base::Bytes text, reader.Take(length, "the header"));
  HeaderEvents events;
  if (auto parsed = events.Run(base::AsText(text), sizeof(length)); !parsed) return Forward(parsed, "header");
  SafetensorsHeader header = events.TakeHeader();
  TRY(CheckCover(header.tensors, file_size - reader.position()));
  for (SafetensorsEntry& entry : header.tensors) {
    entry.type = PlainType(entry.type_name);
    entry.offset += reader.position();
  }
  return header;
}

Result<std::vector<std::pair<std::string, std::string>>> ParseSafetensorsIndex(std::string_view json) {
  IndexEvents events;
  TRY(events.Run(json, 0));
  return events.TakeMap();
}

}  // namespace walchen::formats
