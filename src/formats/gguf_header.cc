// SPDX-License-Identifier: Apache-2.0
#include "formats/gguf_header.h"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>
#include <unordered_set>

#include "base/limits.h"

namespace walchen::formats {
namespace {

using base::ByteReader;
using base::Quoted;

// What people hand to a model loader by mistake.
struct KnownStart {
  std::string_view start;
  std::string_view what;
};
constexpr std::array kKnownStarts = {
    KnownStart{"PK", "a ZIP archive or PyTorch checkpoint"},
    KnownStart{"version https://git-lfs", "a Git LFS pointer: fetch the real file with `git lfs pull`"},
    KnownStart{"<", "a web page: the download went wrong"},
    KnownStart{"{", "JSON"},
    KnownStart{"\x1f\x8b", "a gzip file: unpack it first"},
    KnownStart{"tjgg", "a GGML file from before August 2023: convert the model again"},
};

Result<void> CheckMagic(base::Bytes bytes) {
  constexpr size_t kShown = 8;
  const std::string_view text = base::AsText(bytes);
  if (text.starts_with("GGUF")) return {};
  if (text.empty()) return FailAt(0, ErrorCode::kTruncated, "this is no GGUF file: it is empty");
  std::string what;
  for (const KnownStart& known : kKnownStarts) {
    if (what.empty() && text.starts_with(known.start)) what = fmt::format(", {}", known.what);
  }
  // A safetensors file: eight bytes of length, then JSON.
  if (what.empty() && text.size() > kShown && text[kShown] == '{') what = ", perhaps a safetensors file";
  return FailAt(0, ErrorCode::kCorrupt, "this is no GGUF file: it begins with {}{}", Quoted(text.substr(0, kShown)),
                what);
}

Result<void> CheckVersion(ByteReader& reader) {
  const uint64_t at = reader.position();
  TRY_ASSIGN(const uint32_t version, reader.Read<uint32_t>("version"));
  if (version == 2 || version == 3) return {};
  if (version != 0 && (version & 0xFFFF) == 0) {
    return FailAt(at, ErrorCode::kUnsupported, "this GGUF file is big-endian: convert it to little-endian");
  }
  return FailAt(at, ErrorCode::kUnsupported,
                "GGUF version {} cannot be read, versions 2 and 3 can: convert the model again", version);
}

template <class T>
Result<GgufValue> ReadNumber(ByteReader& reader) {
  TRY_ASSIGN(const T value, reader.Read<T>("a number"));
  if constexpr (std::floating_point<T>) {
    return GgufValue(static_cast<double>(value));
  } else if constexpr (std::unsigned_integral<T>) {
    return GgufValue(static_cast<uint64_t>(value));
  } else {
    return GgufValue(static_cast<int64_t>(value));
  }
}

Result<bool> ReadFlag(ByteReader& reader) {
  const uint64_t at = reader.position();
  TRY_ASSIGN(const uint8_t value, reader.Read<uint8_t>("a bool"));
  if (value > 1) return FailAt(at, ErrorCode::kCorrupt, "expected a bool, 0 or 1, found {}", value);
  return value == 1;
}

Result<GgufValue> ReadBool(ByteReader& reader) {
  TRY_ASSIGN(const bool value, ReadFlag(reader));
  return GgufValue(value);
}

Result<GgufValue> ReadText(ByteReader& reader) {
  TRY_ASSIGN(const std::string_view text, reader.Text64(base::kGgufMaxStringBytes, "a string"));
  return GgufValue(std::string(text));
}

// Items of an array; the caller has compared their number with the bytes left.
template <class T>
Result<GgufArray> ReadNumbers(ByteReader& reader, uint64_t count) {
  using Item = std::conditional_t<std::floating_point<T>, double, int64_t>;
  std::vector<Item> items;
  items.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t at = reader.position();
    TRY_ASSIGN(const T value, reader.Read<T>("an array item"));
    if constexpr (std::same_as<T, uint64_t>) {
      if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
        return FailAt(at, ErrorCode::kCorrupt, "array item {} is {}, more than 63 bits", i, value);
      }
    }
    items.push_back(static_cast<Item>(value));
  }
  return GgufArray(std::move(items));
}

Result<GgufArray> ReadBools(ByteReader& reader, uint64_t count) {
  std::vector<bool> items;
  items.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    TRY_ASSIGN(const bool item, ReadFlag(reader));
    items.push_back(item);
  }
  return GgufArray(std::move(items));
}

Result<GgufArray> ReadTexts(ByteReader& reader, uint64_t count) {
  std::vector<std::string> items;
  items.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    TRY_ASSIGN(const std::string_view item, reader.Text64(base::kGgufMaxStringBytes, "an array item"));
    items.emplace_back(item);
  }
  return GgufArray(std::move(items));
}

Result<GgufValue> ReadArray(ByteReader& reader);

struct TypeReader {
  uint64_t least_bytes;  // of one value in the file
  Result<GgufValue> (*read)(ByteReader&);
  Result<GgufArray> (*read_items)(ByteReader&, uint64_t count);  // null: an array of arrays
};

template <class T>
constexpr TypeReader kNumber = {sizeof(T), ReadNumber<T>, ReadNumbers<T>};

// Indexed by GgufType.
constexpr std::array kTypeReaders = {
    kNumber<uint8_t>,  kNumber<int8_t>,  kNumber<uint16_t>, kNumber<int16_t>,
    kNumber<uint32_t>, kNumber<int32_t>, kNumber<float>,    TypeReader{1, ReadBool, ReadBools},
    TypeReader{8, ReadText, ReadTexts},  TypeReader{12, ReadArray, nullptr},
    kNumber<uint64_t>, kNumber<int64_t>, kNumber<double>,
};
static_assert(kTypeReaders.size() == static_cast<size_t>(GgufType::kFloat64) + 1);

Result<const TypeReader*> ReadType(ByteReader& reader) {
  const uint64_t at = reader.position();
  TRY_ASSIGN(const uint32_t type, reader.Read<uint32_t>("a value type"));
  if (type >= kTypeReaders.size()) {
    return FailAt(at, ErrorCode::kCorrupt, "expected a value type of 0 to {}, found {}", kTypeReaders.size() - 1, type);
  }
  return &kTypeReaders[type];
}

struct ArrayStart {
  const TypeReader* type;
  uint64_t count;
};

Result<ArrayStart> ReadArrayStart(ByteReader& reader) {
  const uint64_t at = reader.position();
  TRY_ASSIGN(const TypeReader* type, ReadType(reader));
  TRY_ASSIGN(const uint64_t count, reader.Read<uint64_t>("an array's length"));
  if (count > reader.left() / type->least_bytes) {
    return FailAt(at, ErrorCode::kTruncated, "an array claims {} items of at least {} bytes, {} bytes are left", count,
                  type->least_bytes, reader.left());
  }
  if (count > base::kGgufMaxArrayItems) {
    return FailAt(at, ErrorCode::kTooLarge, "an array claims {} items, at most {} are allowed", count,
                  base::kGgufMaxArrayItems);
  }
  return ArrayStart{type, count};
}

// Passes over the items of an array of arrays: unread items per level, so that depth costs no stack.
Result<void> SkipNested(ByteReader& reader, uint64_t count) {
  std::vector<uint64_t> unread = {count};
  while (!unread.empty()) {
    if (unread.back() == 0) {
      unread.pop_back();
      continue;
    }
    --unread.back();
    const uint64_t at = reader.position();
    TRY_ASSIGN(const ArrayStart inner, ReadArrayStart(reader));
    if (inner.type->read_items != nullptr) {
      TRY(inner.type->read_items(reader, inner.count));
    } else if (unread.size() + 1 >= static_cast<size_t>(base::kGgufMaxArrayDepth)) {
      return FailAt(at, ErrorCode::kTooLarge, "arrays nest deeper than {} levels", base::kGgufMaxArrayDepth);
    } else {
      unread.push_back(inner.count);
    }
  }
  return {};
}

Result<GgufValue> ReadArray(ByteReader& reader) {
  ByteReader start = reader;
  TRY_ASSIGN(const ArrayStart array, ReadArrayStart(reader));
  if (array.type->read_items != nullptr) {
    TRY_ASSIGN(GgufArray items, array.type->read_items(reader, array.count));
    return GgufValue(std::move(items));
  }
  TRY(SkipNested(reader, array.count));
  TRY_ASSIGN(const base::Bytes raw, start.Take(reader.position() - start.position(), "an array"));
  return GgufValue(GgufNestedArray{std::string(base::AsText(raw))});
}

// A count that stands in the file, compared with the bytes left and with its bound.
Result<uint64_t> ReadCount(ByteReader& reader, uint64_t least_bytes, int64_t limit, std::string_view what) {
  const uint64_t at = reader.position();
  TRY_ASSIGN(const uint64_t count, reader.Read<uint64_t>(what));
  if (count > reader.left() / least_bytes) {
    return FailAt(at, ErrorCode::kTruncated, "the file claims {} {}, but has only {} bytes more", count, what,
                  reader.left());
  }
  if (count > static_cast<uint64_t>(limit)) {
    return FailAt(at, ErrorCode::kTooLarge, "the file claims {} {}, at most {} are allowed", count, what, limit);
  }
  return count;
}

Result<void> ReadMetadata(ByteReader& reader, uint64_t count, GgufHeader& header) {
  std::unordered_set<std::string_view> seen;  // views into the file
  header.metadata.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t at = reader.position();
    TRY_ASSIGN(const std::string_view key, reader.Text64(base::kGgufMaxStringBytes, "a key"));
    if (!seen.insert(key).second) return FailAt(at, ErrorCode::kCorrupt, "key {} occurs twice", Quoted(key));
    const auto in_key = [&](auto& failed) { return Forward(failed, fmt::format("key {}", Quoted(key))); };
    auto type = ReadType(reader);
    if (!type) return in_key(type);
    auto value = (*type)->read(reader);
    if (!value) return in_key(value);
    header.metadata.emplace_back(key, std::move(*value));
  }
  return {};
}

Result<void> FindAlignment(GgufHeader& header) {
  const auto found = std::ranges::find(header.metadata, kGgufAlignmentKey, [](const auto& item) { return item.first; });
  if (found == header.metadata.end()) return {};
  const auto* alignment = std::get_if<uint64_t>(&found->second);
  // The format wants a multiple of 8, ggml a power of two.
  if (alignment == nullptr || *alignment < 8 || *alignment > static_cast<uint64_t>(base::kGgufMaxAlignment) ||
      !std::has_single_bit(*alignment)) {
    return Fail(ErrorCode::kCorrupt, "{} must be an unsigned power of two from 8 to {}", kGgufAlignmentKey,
                base::kGgufMaxAlignment);
  }
  header.alignment = *alignment;
  return {};
}

// Types of ggml that Walchen cannot compute with, so that a message can name them.
struct OtherType {
  uint32_t id;
  std::string_view name;
};
constexpr std::array kOtherTypes = {
    OtherType{9, "Q8_1"},    OtherType{15, "Q8_K"},  OtherType{16, "IQ2_XXS"}, OtherType{17, "IQ2_XS"},
    OtherType{18, "IQ3_XXS"}, OtherType{19, "IQ1_S"}, OtherType{21, "IQ3_S"},   OtherType{22, "IQ2_S"},
    OtherType{23, "IQ4_XS"}, OtherType{29, "IQ1_M"}, OtherType{34, "TQ1_0"},   OtherType{35, "TQ2_0"},
    OtherType{39, "MXFP4"},
};

Result<tensor::DType> ReadDType(ByteReader& reader) {
  const uint64_t at = reader.position();
  TRY_ASSIGN(const uint32_t id, reader.Read<uint32_t>("a tensor's type"));
  if (const auto type = tensor::DTypeFromGguf(id)) return *type;
  const auto other = std::ranges::find(kOtherTypes, id, &OtherType::id);
  if (other == kOtherTypes.end()) return FailAt(at, ErrorCode::kUnsupported, "unknown tensor type {}", id);
  return FailAt(at, ErrorCode::kUnsupported, "tensor type {} ({}) is not supported: quantise the model to another type",
                other->name, id);
}

// What follows a tensor's name. Its offset stays relative to the first tensor byte.
Result<void> ReadTensor(ByteReader& reader, TensorEntry& entry) {
  const uint64_t at = reader.position();
  TRY_ASSIGN(const uint32_t dimensions, reader.Read<uint32_t>("a number of dimensions"));
  if (dimensions > base::kTensorMaxDimensions) {
    return FailAt(at, ErrorCode::kTooLarge, "expected at most {} dimensions, found {}", base::kTensorMaxDimensions,
                  dimensions);
  }
  entry.shape.resize(dimensions);
  uint64_t values = 1;
  for (uint32_t i = 0; i < dimensions; ++i) {
    TRY_ASSIGN(const uint64_t dimension, reader.Read<uint64_t>("a dimension"));
    if (dimension == 0) return FailAt(at, ErrorCode::kCorrupt, "dimension {} is 0", i);
    TRY_ASSIGN(values, base::CheckedMul(values, dimension));
    entry.shape[dimensions - 1 - i] = dimension;
  }
  TRY_ASSIGN(entry.type, ReadDType(reader));
  TRY_ASSIGN(entry.offset, reader.Read<uint64_t>("an offset"));
  TRY_ASSIGN(const uint64_t row_bytes, tensor::RowBytes(entry.type, entry.columns()));
  TRY_ASSIGN(entry.size, base::CheckedMul(row_bytes, values / entry.columns()));
  return {};
}

Result<void> ReadTensors(ByteReader& reader, uint64_t count, GgufHeader& header) {
  std::unordered_set<std::string_view> seen;
  header.tensors.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t at = reader.position();
    TRY_ASSIGN(const std::string_view name, reader.Text64(base::kGgufMaxStringBytes, "a tensor's name"));
    if (!seen.insert(name).second) return FailAt(at, ErrorCode::kCorrupt, "tensor {} occurs twice", Quoted(name));
    TensorEntry& entry = header.tensors.emplace_back();
    entry.name = name;
    if (auto read = ReadTensor(reader, entry); !read) return Forward(read, fmt::format("tensor {}", Quoted(name)));
  }
  return {};
}

Result<uint64_t> RoundUp(uint64_t value, uint64_t alignment) {
  TRY_ASSIGN(const uint64_t past, base::CheckedAdd(value, alignment - 1));
  return past / alignment * alignment;
}

// Makes the offset absolute; its bytes lie inside the file.
Result<void> PlaceTensor(TensorEntry& entry, uint64_t data_start, uint64_t alignment, uint64_t file_size) {
  if (entry.offset % alignment != 0) {
    return Fail(ErrorCode::kCorrupt, "its offset {} is no multiple of {}", entry.offset, alignment);
  }
  TRY_ASSIGN(entry.offset, base::CheckedAdd(entry.offset, data_start));
  TRY_ASSIGN(const uint64_t end, base::CheckedAdd(entry.offset, entry.size));
  if (end > file_size) {
    return FailAt(entry.offset, ErrorCode::kTruncated,
                  "its {} bytes end at byte {}, but the file has only {}: it was cut off, fetch it again", entry.size,
                  end, file_size);
  }
  return {};
}

Result<void> PlaceTensors(uint64_t header_end, uint64_t file_size, GgufHeader& header) {
  TRY_ASSIGN(const uint64_t data_start, RoundUp(header_end, header.alignment));
  std::vector<const TensorEntry*> by_offset;
  by_offset.reserve(header.tensors.size());
  for (TensorEntry& entry : header.tensors) {
    auto placed = PlaceTensor(entry, data_start, header.alignment, file_size);
    if (!placed) return Forward(placed, fmt::format("tensor {}", Quoted(entry.name)));
    by_offset.push_back(&entry);
  }
  std::ranges::sort(by_offset, {}, &TensorEntry::offset);
  uint64_t end = header_end;
  for (size_t i = 0; i < by_offset.size(); ++i) {
    const TensorEntry& entry = *by_offset[i];
    if (entry.offset < end) {
      return FailAt(entry.offset, ErrorCode::kCorrupt, "tensors {} and {} overlap", Quoted(by_offset[i - 1]->name),
                    Quoted(entry.name));
    }
    end = entry.offset + entry.size;
  }
  TRY_ASSIGN(const uint64_t padded_end, RoundUp(end, header.alignment));
  if (file_size > padded_end) {
    return FailAt(end, ErrorCode::kCorrupt,
                  "the last tensor ends at byte {}, but the file has {} bytes: something was appended to it", end,
                  file_size);
  }
  return {};
}

}  // namespace

Result<GgufHeader> ParseGgufHeader(base::Bytes bytes, uint64_t file_size) {
  // The least bytes of a tensor: length of the name, number of dimensions, type, offset; of a key: length, type, value.
  constexpr uint64_t kLeastTensorBytes = 8 + 4 + 4 + 8, kLeastKeyBytes = 8 + 4 + 1;
  TRY(CheckMagic(bytes));
  ByteReader reader(bytes);
  TRY(reader.Seek(4, "version"));
  TRY(CheckVersion(reader));
  TRY_ASSIGN(const uint64_t tensors, ReadCount(reader, kLeastTensorBytes, base::kGgufMaxTensors, "tensors"));
  TRY_ASSIGN(const uint64_t keys, ReadCount(reader, kLeastKeyBytes, base::kGgufMaxKeys, "keys"));
  GgufHeader header;
  TRY(ReadMetadata(reader, keys, header));
  TRY(FindAlignment(header));
  TRY(ReadTensors(reader, tensors, header));
  TRY(PlaceTensors(reader.position(), file_size, header));
  return header;
}

}  // namespace walchen::formats
