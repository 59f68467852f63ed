// SPDX-License-Identifier: Apache-2.0
#include "formats/gguf.h"

#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <fstream>
#include <limits>

#include "base/clock.h"
#include "base/limits.h"
#include "formats/flipped_bits_test.h"

namespace walchen::formats {
namespace {

using base::ByteWriter;
using tensor::DType;

// gguf_metadata_value_type, as ggml's docs/gguf.md numbers them.
constexpr uint32_t kU8 = 0, kI8 = 1, kU16 = 2, kI16 = 3, kU32 = 4, kI32 = 5, kF32 = 6, kBool = 7, kText = 8, kArray = 9,
                   kU64 = 10, kI64 = 11, kF64 = 12;
constexpr uint32_t kTypeF32 = 0, kTypeQ4_0 = 2;

// Writes a file by hand, so that it may be wrong in any way.
class Builder {
 public:
  template <class T>
  Builder& Number(std::string_view key, uint32_t type, T value) {
    Key(key, type);
    keys_.Write(value);
    return *this;
  }
  Builder& Text(std::string_view key, std::string_view value) {
    Key(key, kText);
    keys_.Text64(value);
    return *this;
  }
  // The start of an array; its items follow with Raw.
  Builder& Array(std::string_view key, uint32_t item_type, uint64_t count) {
    Key(key, kArray);
    keys_.Write(item_type);
    keys_.Write(count);
    return *this;
  }
  template <class T>
  Builder& Raw(T value) {
    keys_.Write(value);
    return *this;
  }
  Builder& RawText(std::string_view value) {
    keys_.Text64(value);
    return *this;
  }
  Builder& Tensor(std::string_view name, std::vector<uint64_t> file_shape, uint32_t type, uint64_t offset) {
    tensors_.Text64(name);
    tensors_.Write(static_cast<uint32_t>(file_shape.size()));
    for (const uint64_t dimension : file_shape) tensors_.Write(dimension);
    tensors_.Write(type);
    tensors_.Write(offset);
    ++tensor_count;
    return *this;
  }
  std::string Header() const {
    ByteWriter out;
    out.Raw(base::AsBytes(magic));
    out.Write(version);
    out.Write(tensor_count);
    out.Write(key_count);
    out.Raw(base::AsBytes(keys_.bytes()));
    out.Raw(base::AsBytes(tensors_.bytes()));
    return out.bytes();
  }
  std::string Build(uint64_t data_bytes, uint64_t alignment = 32) const {
    ByteWriter out;
    out.Raw(base::AsBytes(Header()));
    out.PadTo(alignment);
    out.Raw(base::AsBytes(std::string(data_bytes, '\x11')));
    return out.bytes();
  }

  std::string magic = "GGUF";
  uint32_t version = 3;
  uint64_t tensor_count = 0;
  uint64_t key_count = 0;

 private:
  void Key(std::string_view key, uint32_t type) {
    keys_.Text64(key);
    keys_.Write(type);
    ++key_count;
  }

  ByteWriter keys_;
  ByteWriter tensors_;
};

// Two keys, an array, two tensors: a file that is right.
Builder SmallFile() {
  Builder file;
  file.Text("general.architecture", "llama").Number<uint32_t>("llama.block_count", kU32, 2);
  file.Array("tokenizer.tokens", kText, 2).RawText("a").RawText("");
  file.Tensor("embed", {32, 3}, kTypeF32, 0).Tensor("norm", {64}, kTypeQ4_0, 384);
  return file;
}
constexpr uint64_t kSmallGgufData = 384 + 64;

std::string GgufErrorOf(const std::string& bytes, ErrorCode code) {
  const auto file = GgufFile::FromBytes(base::AsBytes(bytes));
  if (file) return "no error";
  EXPECT_EQ(file.error().code(), code) << base::ErrorCodeName(file.error().code()) << ": " << file.error().ToString();
  return file.error().ToString();
}

#define EXPECT_GGUF_ERROR(bytes, code, text) \
  EXPECT_NE(GgufErrorOf(bytes, code).find(text), std::string::npos) << GgufErrorOf(bytes, code)

// Reads all that a file offers; it may be anything but a crash.
void ReadAll(const GgufFile& file) {
  for (const auto& [key, value] : file.metadata()) {
    EXPECT_EQ(file.Find(key), &value);
    (void)file.Int(key);
    (void)file.Float(key);
    (void)file.Bool(key);
    (void)file.Text(key);
    (void)file.Texts(key);
    (void)file.Floats(key);
    (void)file.Ints(key);
  }
  for (const TensorEntry& tensor : file.tensors()) {
    const base::Bytes data = file.Data(tensor);
    EXPECT_EQ(data.size(), tensor.size);
    const uint64_t row_bytes = tensor::RowBytes(tensor.type, tensor.columns()).value();
    EXPECT_EQ(data.size(), row_bytes * (tensor.values() / tensor.columns()));
    if (!data.empty()) (void)(data.front() ^ data.back());
    file.DropResident(data);
  }
}

class GgufFolder {
 public:
  GgufFolder() : path_(std::filesystem::temp_directory_path() / fmt::format("walchen_gguf_{}", ::getpid())) {
    std::filesystem::create_directories(path_);
  }
  ~GgufFolder() { std::filesystem::remove_all(path_); }
  base::Path File(const std::string& name) const { return path_ / name; }

 private:
  base::Path path_;
};

TEST(GgufFile, ReadsKeysAndTensors) {
  const std::string bytes = SmallFile().Build(kSmallGgufData);
  const auto opened = GgufFile::FromBytes(base::AsBytes(bytes));
  ASSERT_TRUE(opened) << opened.error().ToString();
  const GgufFile& file = **opened;
  EXPECT_EQ(file.Text("general.architecture").value(), "llama");
  EXPECT_EQ(file.Int("llama.block_count").value(), 2);
  EXPECT_EQ(file.Texts("tokenizer.tokens").value()[0], "a");
  ASSERT_EQ(file.tensors().size(), 2U);
  const TensorEntry& embed = file.tensors()[0];
  EXPECT_EQ(embed.name, "embed");
  EXPECT_EQ(embed.shape, (std::vector<uint64_t>{3, 32}));  // slowest first, the file has it the other way round
  EXPECT_EQ(embed.columns(), 32U);
  EXPECT_EQ(embed.values(), 96U);
  EXPECT_EQ(embed.size, 384U);
  EXPECT_EQ(file.Data(embed).data(), base::AsBytes(bytes).data() + bytes.size() - kSmallGgufData);
  const TensorEntry* norm = file.FindTensor("norm");
  ASSERT_NE(norm, nullptr);
  EXPECT_EQ(norm->type, DType::kQ4_0);
  EXPECT_EQ(norm->size, 36U);
  EXPECT_EQ(file.FindTensor("nor"), nullptr);
}

TEST(GgufFile, ReadsEveryKindOfValue) {
  Builder file;
  file.Number<uint8_t>("u8", kU8, 200).Number<int8_t>("i8", kI8, -5).Number<uint16_t>("u16", kU16, 60'000);
  file.Number<int16_t>("i16", kI16, -30'000).Number<uint32_t>("u32", kU32, 4'000'000'000);
  file.Number<int32_t>("i32", kI32, -2);
  file.Number<float>("f32", kF32, 0.5F).Number<uint8_t>("yes", kBool, 1).Number<uint8_t>("no", kBool, 0);
  file.Number<uint64_t>("u64", kU64, uint64_t{1} << 40).Number<int64_t>("i64", kI64, -(int64_t{1} << 40));
  file.Number<double>("f64", kF64, 1e-300);
  file.Array("ints", kI8, 3).Raw<int8_t>(-1).Raw<int8_t>(0).Raw<int8_t>(1);
  file.Array("floats", kF32, 2).Raw(1.5F).Raw(-2.5F);
  file.Array("bools", kBool, 2).Raw<uint8_t>(1).Raw<uint8_t>(0);
  const std::string bytes = file.Build(0);
  const auto opened = GgufFile::FromBytes(base::AsBytes(bytes));
  ASSERT_TRUE(opened) << opened.error().ToString();
  const GgufFile& gguf = **opened;
  EXPECT_EQ(gguf.Int("u8").value(), 200);
  EXPECT_EQ(gguf.Int("i8").value(), -5);
  EXPECT_EQ(gguf.Int("u16").value(), 60'000);
  EXPECT_EQ(gguf.Int("i16").value(), -30'000);
  EXPECT_EQ(gguf.Int("u32").value(), 4'000'000'000);
  EXPECT_EQ(gguf.Int("i32").value(), -2);
  EXPECT_EQ(gguf.Float("f32").value(), 0.5);
  EXPECT_EQ(gguf.Bool("yes").value(), true);
  EXPECT_EQ(gguf.Bool("no").value(), false);
  EXPECT_EQ(gguf.Int("u64").value(), int64_t{1} << 40);
  EXPECT_EQ(gguf.Int("i64").value(), -(int64_t{1} << 40));
  EXPECT_EQ(gguf.Float("f64").value(), 1e-300);
  EXPECT_EQ(gguf.Ints("ints").value()[0], -1);
  EXPECT_EQ(gguf.Floats("floats").value()[1], -2.5);
  EXPECT_EQ(gguf.metadata().front().first, "u8");
  EXPECT_EQ(gguf.metadata().back().first, "bools");
}

TEST(GgufFile, LookUpsSayWhatIsMissingAndWhatHasAnotherType) {
  Builder file = SmallFile();
  file.Number<uint64_t>("huge", kU64, std::numeric_limits<uint64_t>::max());
  const std::string bytes = file.Build(kSmallGgufData);
  const auto gguf = GgufFile::FromBytes(base::AsBytes(bytes)).value();
  const auto missing = gguf->Int("llama.context_length");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(missing.error().message(), "the file has no key \"llama.context_length\"");
  const auto wrong = gguf->Text("llama.block_count");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(wrong.error().message(), "key \"llama.block_count\": expected a string, found another type");
  EXPECT_EQ(gguf->Int("huge").error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(gguf->Ints("tokenizer.tokens").error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(gguf->Texts("general.architecture").error().code(), ErrorCode::kCorrupt);
}

TEST(GgufFile, AcceptsVersionTwoAndAnotherAlignment) {
  Builder file;
  file.version = 2;
  file.Number<uint32_t>("general.alignment", kU32, 64).Tensor("a", {2}, kTypeF32, 0).Tensor("b", {2}, kTypeF32, 64);
  const std::string bytes = file.Build(72, 64);
  const auto gguf = GgufFile::FromBytes(base::AsBytes(bytes));
  ASSERT_TRUE(gguf) << gguf.error().ToString();
  EXPECT_EQ((*gguf)->tensors()[1].offset % 64, 0U);
}

TEST(GgufFile, KeepsNestedArraysAsTheyAre) {
  Builder file;
  file.Array("nested", kArray, 2).Raw(kU8).Raw<uint64_t>(1).Raw<uint8_t>(7).Raw(kText).Raw<uint64_t>(1).RawText("x");
  file.Number<uint32_t>("after", kU32, 9);
  const std::string bytes = file.Build(0);
  const auto gguf = GgufFile::FromBytes(base::AsBytes(bytes));
  ASSERT_TRUE(gguf) << gguf.error().ToString();
  EXPECT_EQ((*gguf)->Int("after").value(), 9);
  const auto* nested = std::get_if<GgufNestedArray>((*gguf)->Find("nested"));
  ASSERT_NE(nested, nullptr);
  EXPECT_NE(bytes.find(nested->bytes), std::string::npos);
  EXPECT_EQ((*gguf)->Ints("nested").error().code(), ErrorCode::kCorrupt);
}

TEST(GgufFile, NamesWhatItWasGivenInstead) {
  EXPECT_GGUF_ERROR("", ErrorCode::kTruncated, "this is no GGUF file: it is empty");
  EXPECT_GGUF_ERROR("PK\x03\x04", ErrorCode::kCorrupt,
               R"(it begins with "PK\x03\x04", a ZIP archive or PyTorch checkpoint)");
  EXPECT_GGUF_ERROR("<!DOCTYPE html>", ErrorCode::kCorrupt, "a web page: the download went wrong");
  EXPECT_GGUF_ERROR("version https://git-lfs.github.com/spec/v1", ErrorCode::kCorrupt, "git lfs pull");
  EXPECT_GGUF_ERROR(std::string("\x08\0\0\0\0\0\0\0{}", 10), ErrorCode::kCorrupt, "perhaps a safetensors file");
  EXPECT_GGUF_ERROR("\x1b[2Jhello", ErrorCode::kCorrupt, R"("\x1b[2Jhell")");
  EXPECT_GGUF_ERROR("GGU", ErrorCode::kCorrupt, "this is no GGUF file");
}

TEST(GgufFile, RefusesOtherVersions) {
  for (const uint32_t version : {0U, 1U, 4U, 0xFFFFFFFFU}) {
    Builder file = SmallFile();
    file.version = version;
    EXPECT_GGUF_ERROR(file.Build(kSmallGgufData), ErrorCode::kUnsupported,
                 fmt::format("GGUF version {} cannot be read", version));
  }
  Builder file = SmallFile();
  file.version = 0x03000000;
  EXPECT_GGUF_ERROR(file.Build(kSmallGgufData), ErrorCode::kUnsupported, "big-endian");
}

TEST(GgufFile, RefusesEveryTruncation) {
  const std::string bytes = SmallFile().Build(kSmallGgufData);
  const uint64_t last_tensor_end = bytes.size() - (64 - 36);
  for (size_t size = 0; size < bytes.size(); ++size) {
    const std::string cut = bytes.substr(0, size);
    const auto file = GgufFile::FromBytes(base::AsBytes(cut));
    if (size >= last_tensor_end) {
      EXPECT_TRUE(file) << "only padding is missing";
    } else {
      ASSERT_FALSE(file) << size;
      EXPECT_EQ(file.error().code(), size < 4 && size > 0 ? ErrorCode::kCorrupt : ErrorCode::kTruncated)
          << size << ": " << file.error().ToString();
      EXPECT_TRUE(file.error().offset().has_value()) << size;
    }
  }
}

TEST(GgufFile, RefusesALengthenedFile) {
  const std::string bytes = SmallFile().Build(kSmallGgufData);
  EXPECT_GGUF_ERROR(bytes + "x", ErrorCode::kCorrupt, "something was appended");
  EXPECT_GGUF_ERROR(bytes + bytes, ErrorCode::kCorrupt, "something was appended");
}

TEST(GgufFile, SurvivesEveryFlippedBitOfTheHeader) {
  const std::string bytes = SmallFile().Build(kSmallGgufData);
  const size_t header = SmallFile().Header().size();
  const int valid = SurviveFlippedBits(bytes, header, GgufFile::FromBytes, [](const GgufFile& file) { ReadAll(file); });
  // Letters of names and values may change, and little else.
  EXPECT_GT(valid, 0);
  EXPECT_LT(valid, static_cast<int>(header * 8) / 2);
}

TEST(GgufFile, RefusesAbsurdCountsAndLengthsWithoutAllocating) {
  const base::Stopwatch watch;
  for (const uint64_t count : {uint64_t{1} << 63, ~uint64_t{0}, uint64_t{1} << 40, uint64_t{1'000'000}}) {
    Builder tensors = SmallFile();
    tensors.tensor_count = count;
    EXPECT_GGUF_ERROR(tensors.Build(kSmallGgufData), ErrorCode::kTruncated, fmt::format("claims {} tensors", count));
    Builder keys = SmallFile();
    keys.key_count = count;
    EXPECT_GGUF_ERROR(keys.Build(kSmallGgufData), ErrorCode::kTruncated, fmt::format("claims {} keys", count));
    Builder array;
    array.Array("a", kU8, count);
    EXPECT_GGUF_ERROR(array.Build(0), ErrorCode::kTruncated, fmt::format("an array claims {} items", count));
    Builder nested;
    nested.Array("a", kArray, 1).Raw(kText).Raw(count);
    EXPECT_GGUF_ERROR(nested.Build(0), ErrorCode::kTruncated, fmt::format("an array claims {} items", count));
    Builder text;
    text.Number<uint64_t>("a", kText, count);
    EXPECT_GGUF_ERROR(text.Build(0), ErrorCode::kTruncated, fmt::format("a string claims {} bytes", count));
  }
  EXPECT_LT(watch.Ms(), 1'000);
}

TEST(GgufFile, RefusesMoreThanTheLimitsAllow) {
  Builder keys = SmallFile();
  keys.key_count = static_cast<uint64_t>(base::kGgufMaxKeys) + 1;
  EXPECT_GGUF_ERROR(keys.Build(4'000'000), ErrorCode::kTooLarge, "claims 65537 keys, at most 65536 are allowed");
  Builder array;
  array.Array("a", kU8, static_cast<uint64_t>(base::kGgufMaxArrayItems) + 1);
  EXPECT_GGUF_ERROR(array.Build(20'000'000), ErrorCode::kTooLarge, "items, at most");
  Builder text;
  text.Number<uint64_t>("a", kText, static_cast<uint64_t>(base::kGgufMaxStringBytes) + 1);
  EXPECT_GGUF_ERROR(text.Build(20'000'000), ErrorCode::kTooLarge, "at most");
}

TEST(GgufFile, RefusesDeepArrays) {
  const auto nested = [](int levels) {
    Builder file;
    file.Array("a", kArray, 1);
    for (int level = 2; level < levels; ++level) file.Raw(kArray).Raw<uint64_t>(1);
    file.Raw(kU8).Raw<uint64_t>(1).Raw<uint8_t>(5);
    return file.Build(0);
  };
  EXPECT_EQ(GgufErrorOf(nested(static_cast<int>(base::kGgufMaxArrayDepth)), ErrorCode::kTooLarge), "no error");
  EXPECT_GGUF_ERROR(nested(static_cast<int>(base::kGgufMaxArrayDepth) + 1), ErrorCode::kTooLarge, "nest deeper than 4");
  EXPECT_GGUF_ERROR(nested(1'000'000), ErrorCode::kTooLarge, "nest deeper than 4");
}

TEST(GgufFile, RefusesWrongValues) {
  Builder type;
  type.Number<uint32_t>("a", 13, 0);
  EXPECT_GGUF_ERROR(type.Build(0), ErrorCode::kCorrupt, R"(key "a": expected a value type of 0 to 12, found 13)");
  Builder flag;
  flag.Number<uint8_t>("a", kBool, 2);
  EXPECT_GGUF_ERROR(flag.Build(0), ErrorCode::kCorrupt, "expected a bool, 0 or 1, found 2");
  Builder flags;
  flags.Array("a", kBool, 1).Raw<uint8_t>(255);
  EXPECT_GGUF_ERROR(flags.Build(0), ErrorCode::kCorrupt, "expected a bool");
  Builder item;
  item.Array("a", kU64, 1).Raw(~uint64_t{0});
  EXPECT_GGUF_ERROR(item.Build(0), ErrorCode::kCorrupt, "more than 63 bits");
}

TEST(GgufFile, RefusesDuplicateNames) {
  Builder keys = SmallFile();
  keys.Text("general.architecture", "mamba");
  EXPECT_GGUF_ERROR(keys.Build(kSmallGgufData), ErrorCode::kCorrupt, R"(key "general.architecture" occurs twice)");
  Builder tensors = SmallFile();
  tensors.Tensor("norm", {8}, kTypeF32, 448);
  EXPECT_GGUF_ERROR(tensors.Build(kSmallGgufData + 32), ErrorCode::kCorrupt, R"(tensor "norm" occurs twice)");
}

TEST(GgufFile, RefusesBadAlignments) {
  for (const uint32_t alignment : {0U, 1U, 4U, 24U, 33U, 131'072U, 0x80000000U}) {
    Builder file;
    file.Number("general.alignment", kU32, alignment);
    EXPECT_GGUF_ERROR(file.Build(0), ErrorCode::kCorrupt, "power of two from 8 to 65536");
  }
  Builder text;
  text.Text("general.alignment", "32");
  EXPECT_GGUF_ERROR(text.Build(0), ErrorCode::kCorrupt, "power of two from 8 to 65536");
}

TEST(GgufFile, RefusesTensorsThatOverlap) {
  Builder file = SmallFile();
  file.Tensor("third", {8}, kTypeF32, 352);
  EXPECT_GGUF_ERROR(file.Build(kSmallGgufData), ErrorCode::kCorrupt, R"(tensors "embed" and "third" overlap)");
  Builder same;
  same.Tensor("a", {8}, kTypeF32, 0).Tensor("b", {8}, kTypeF32, 0);
  EXPECT_GGUF_ERROR(same.Build(32), ErrorCode::kCorrupt, "overlap");
}

TEST(GgufFile, RefusesAMisalignedOffset) {
  Builder file;
  file.Tensor("a", {8}, kTypeF32, 16);
  EXPECT_GGUF_ERROR(file.Build(64), ErrorCode::kCorrupt, R"(tensor "a": its offset 16 is no multiple of 32)");
}

TEST(GgufFile, RefusesATensorThatEndsPastTheFile) {
  Builder file;
  file.Tensor("a", {8}, kTypeF32, 0).Tensor("b", {9}, kTypeF32, 32);
  EXPECT_GGUF_ERROR(file.Build(64), ErrorCode::kTruncated, "it was cut off");
  Builder far;
  far.Tensor("a", {8}, kTypeF32, uint64_t{1} << 62);
  EXPECT_GGUF_ERROR(far.Build(64), ErrorCode::kTruncated, "it was cut off");
  Builder wraps;
  wraps.Tensor("a", {8}, kTypeF32, ~uint64_t{31});
  EXPECT_GGUF_ERROR(wraps.Build(64), ErrorCode::kCorrupt, "does not fit 64 bits");
}

TEST(GgufFile, RefusesImpossibleShapes) {
  const auto with_shape = [](std::vector<uint64_t> shape, uint32_t type) {
    Builder file;
    file.Tensor("a", std::move(shape), type, 0);
    return file.Build(64);
  };
  EXPECT_GGUF_ERROR(with_shape({1, 1, 1, 1, 1}, kTypeF32), ErrorCode::kTooLarge, "expected at most 4 dimensions, found 5");
  EXPECT_GGUF_ERROR(with_shape({4, 0}, kTypeF32), ErrorCode::kCorrupt, "dimension 1 is 0");
  EXPECT_GGUF_ERROR(with_shape({uint64_t{1} << 32, uint64_t{1} << 32}, kTypeF32), ErrorCode::kCorrupt, "64 bits");
  EXPECT_GGUF_ERROR(with_shape({uint64_t{1} << 62}, kTypeF32), ErrorCode::kCorrupt, "64 bits");
  EXPECT_GGUF_ERROR(with_shape({33}, kTypeQ4_0), ErrorCode::kCorrupt, "a row of 33 values is no whole number of Q4_0");
  EXPECT_EQ(GgufErrorOf([] {
              Builder file;
              return file.Tensor("scalar", {}, kTypeF32, 0).Build(32);
            }(), ErrorCode::kCorrupt), "no error");
}

TEST(GgufFile, NamesTypesItCannotRead) {
  Builder known;
  known.Tensor("a", {256}, 16, 0);
  EXPECT_GGUF_ERROR(known.Build(256), ErrorCode::kUnsupported, R"(tensor "a": tensor type IQ2_XXS (16) is not supported)");
  Builder unknown;
  unknown.Tensor("a", {256}, 77, 0);
  EXPECT_GGUF_ERROR(unknown.Build(256), ErrorCode::kUnsupported, R"(tensor "a": unknown tensor type 77)");
}

TEST(GgufFile, NamesFromTheFileCannotReachTheTerminal) {
  Builder file;
  file.Tensor("\x1b]0;evil\x07", {8}, 77, 0);
  const std::string error = GgufErrorOf(file.Build(32), ErrorCode::kUnsupported);
  EXPECT_EQ(error.find('\x1b'), std::string::npos);
  EXPECT_NE(error.find("\\x1b]0;evil\\x07"), std::string::npos);
}

TEST(GgufFile, OpeningAPathTellsWhatIsWrongWithIt) {
  const GgufFolder folder;
  base::Files& files = base::Files::Os();
  EXPECT_EQ(GgufFile::Open(files, folder.File("missing.gguf")).error().code(), ErrorCode::kNotFound);
  const auto as_folder = GgufFile::Open(files, folder.File(""));
  ASSERT_FALSE(as_folder);
  EXPECT_EQ(as_folder.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(as_folder.error().message().find("is a folder"), std::string::npos);
  std::ofstream(folder.File("text.gguf")) << "hello, world";
  const auto text = GgufFile::Open(files, folder.File("text.gguf"));
  ASSERT_FALSE(text);
  EXPECT_NE(text.error().message().find("text.gguf: this is no GGUF file: it begins with \"hello, w\""),
            std::string::npos)
      << text.error().message();
  std::ofstream(folder.File("empty.gguf"));
  EXPECT_EQ(GgufFile::Open(files, folder.File("empty.gguf")).error().code(), ErrorCode::kTruncated);
  std::ofstream(folder.File("secret.gguf")) << "GGUF";
  ::chmod(folder.File("secret.gguf").c_str(), 0);
  if (::geteuid() != 0) {  // root may read everything
    EXPECT_EQ(GgufFile::Open(files, folder.File("secret.gguf")).error().code(), ErrorCode::kPermissionDenied);
  }
}

TEST(GgufWriter, WhatItWritesComesBack) {
  const GgufFolder folder;
  GgufWriter writer;
  writer.Add("general.architecture", GgufValue(std::string("llama")));
  writer.Add("count", GgufValue(uint64_t{30}));
  writer.Add("large", GgufValue(uint64_t{1} << 40));
  writer.Add("negative", GgufValue(int64_t{-3}));
  writer.Add("epsilon", GgufValue(1e-5));
  writer.Add("flag", GgufValue(true));
  writer.Add("texts", GgufValue(GgufArray(std::vector<std::string>{"a", "", "\xFF"})));
  writer.Add("ints", GgufValue(GgufArray(std::vector<int64_t>{-1, 2})));
  writer.Add("wide", GgufValue(GgufArray(std::vector<int64_t>{-1, int64_t{1} << 33})));
  writer.Add("floats", GgufValue(GgufArray(std::vector<double>{0.25})));
  writer.Add("bools", GgufValue(GgufArray(std::vector<bool>{true, false})));
  const std::string first(40, 'x'), second(18, 'y');
  writer.AddTensor("first", DType::kF32, {2, 5}, [&] { return Result<std::string>(first); });
  writer.AddTensor("second", DType::kQ4_0, {1, 32}, [&] { return Result<std::string>(second); });
  const base::Path path = folder.File("written.gguf");
  const auto written = writer.Write(base::Files::Os(), path);
  ASSERT_TRUE(written) << written.error().ToString();

  const auto opened = GgufFile::Open(base::Files::Os(), path);
  ASSERT_TRUE(opened) << opened.error().ToString();
  const GgufFile& file = **opened;
  EXPECT_EQ(file.Text("general.architecture").value(), "llama");
  EXPECT_EQ(file.Int("count").value(), 30);
  EXPECT_EQ(file.Int("large").value(), int64_t{1} << 40);
  EXPECT_EQ(file.Int("negative").value(), -3);
  EXPECT_EQ(file.Float("epsilon").value(), static_cast<double>(1e-5F));
  EXPECT_EQ(file.Bool("flag").value(), true);
  EXPECT_EQ(file.Texts("texts").value()[2], "\xFF");
  EXPECT_EQ(file.Ints("ints").value()[0], -1);
  EXPECT_EQ(file.Ints("wide").value()[1], int64_t{1} << 33);
  EXPECT_EQ(file.Floats("floats").value()[0], 0.25);
  EXPECT_EQ(*file.Find("bools"), GgufValue(GgufArray(std::vector<bool>{true, false})));
  ASSERT_EQ(file.tensors().size(), 2U);
  EXPECT_EQ(file.tensors()[0].shape, (std::vector<uint64_t>{2, 5}));
  EXPECT_EQ(base::AsText(file.Data(file.tensors()[0])), first);
  EXPECT_EQ(base::AsText(file.Data(file.tensors()[1])), second);

  GgufWriter again;
  for (const auto& [key, value] : file.metadata()) again.Add(key, value);
  for (const TensorEntry& tensor : file.tensors()) {
    again.AddTensor(tensor.name, tensor.type, tensor.shape,
                    [&] { return Result<std::string>(std::string(base::AsText(file.Data(tensor)))); });
  }
  ASSERT_TRUE(again.Write(base::Files::Os(), folder.File("again.gguf")));
  EXPECT_EQ(base::Files::Os().Read(folder.File("again.gguf"), 1 << 20).value(),
            base::Files::Os().Read(path, 1 << 20).value());
}

TEST(GgufWriter, KeepsAskedForAlignmentAndNestedArrays) {
  const GgufFolder folder;
  Builder source;
  source.Array("nested", kArray, 1).Raw(kU8).Raw<uint64_t>(1).Raw<uint8_t>(7);
  source.Number<uint32_t>("general.alignment", kU32, 128).Tensor("a", {1}, kTypeF32, 0);
  const std::string bytes = source.Build(128, 128);
  const auto file = GgufFile::FromBytes(base::AsBytes(bytes)).value();
  GgufWriter writer;
  for (const auto& [key, value] : file->metadata()) writer.Add(key, value);
  writer.AddTensor("a", DType::kF32, {1}, [] { return Result<std::string>(std::string(4, '\x11')); });
  ASSERT_TRUE(writer.Write(base::Files::Os(), folder.File("aligned.gguf")));
  const std::string written = base::Files::Os().Read(folder.File("aligned.gguf"), 1 << 20).value();
  EXPECT_EQ(written.substr(0, written.size() - 124), bytes.substr(0, bytes.size() - 124));
}

TEST(GgufWriter, RefusesWhatTheReaderWouldRefuseAndWritesNothing) {
  const GgufFolder folder;
  const base::Path path = folder.File("bad.gguf");
  const auto error_of = [&](const GgufWriter& writer) {
    const auto written = writer.Write(base::Files::Os(), path);
    EXPECT_FALSE(written);
    EXPECT_FALSE(base::Files::Os().Exists(path));
    if (written) return std::string("no error");
    EXPECT_EQ(written.error().code(), ErrorCode::kInvalidArgument);
    return written.error().message();
  };
  const auto nothing = [] { return Result<std::string>(std::string()); };
  GgufWriter keys;
  keys.Add("a", GgufValue(true));
  keys.Add("a", GgufValue(true));
  EXPECT_NE(error_of(keys).find(R"(key "a" occurs twice)"), std::string::npos);
  GgufWriter names;
  names.AddTensor("t", DType::kF32, {0}, nothing);
  EXPECT_NE(error_of(names).find("dimension 0 is 0"), std::string::npos);
  GgufWriter rows;
  rows.AddTensor("t", DType::kQ4_K, {2, 32}, nothing);
  EXPECT_NE(error_of(rows).find("no whole number of Q4_K blocks"), std::string::npos);
  GgufWriter huge;
  huge.AddTensor("t", DType::kF32, {uint64_t{1} << 40, uint64_t{1} << 40}, nothing);
  EXPECT_NE(error_of(huge).find("64 bits"), std::string::npos);
  GgufWriter alignment;
  alignment.Add("general.alignment", GgufValue(uint64_t{1} << 62));
  EXPECT_NE(error_of(alignment).find("power of two"), std::string::npos);
}

TEST(GgufWriter, AProducerThatFailsOrLiesLeavesTheOldFile) {
  const GgufFolder folder;
  const base::Path path = folder.File("kept.gguf");
  std::ofstream(path) << "old";
  GgufWriter shorter;
  shorter.AddTensor("t", DType::kF32, {4}, [] { return Result<std::string>(std::string(15, 'x')); });
  const auto lied = shorter.Write(base::Files::Os(), path);
  ASSERT_FALSE(lied);
  EXPECT_EQ(lied.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(lied.error().message(), "tensor \"t\": expected 16 bytes, was given 15");
  GgufWriter failing;
  failing.AddTensor("t", DType::kF32, {4}, []() -> Result<std::string> { return Fail(ErrorCode::kCancelled, "stop"); });
  EXPECT_EQ(failing.Write(base::Files::Os(), path).error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(base::Files::Os().Read(path, 100).value(), "old");
  EXPECT_EQ(base::Files::Os().List(folder.File("")).value(), std::vector<std::string>{"kept.gguf"});
}

}  // namespace
}  // namespace walchen::formats
