// SPDX-License-Identifier: Apache-2.0
#include "formats/safetensors.h"

#include <unistd.h>

#include <fstream>

#include "base/clock.h"
#include "base/limits.h"
#include "formats/flipped_bits_test.h"

namespace walchen::formats {
namespace {

using tensor::DType;

std::string FileOf(std::string_view json, uint64_t data_bytes) {
  base::ByteWriter out;
  out.Text64(json);
  out.Raw(base::AsBytes(std::string(data_bytes, '\x11')));
  return out.bytes();
}

constexpr std::string_view kSmallHeader =
    R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
    R"("b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]},"c":{"dtype":"U8","shape":[3],"data_offsets":[32,35]}})";
constexpr uint64_t kSmallSafetensorsData = 35;

// A header with one tensor.
std::string One(std::string_view fields, uint64_t data_bytes = 8) {
  return FileOf(fmt::format(R"({{"t":{{{}}}}})", fields), data_bytes);
}

std::string SafetensorsErrorOf(const std::string& bytes, ErrorCode code) {
  const auto file = SafetensorsFile::FromBytes(base::AsBytes(bytes));
  if (file) return "no error";
  EXPECT_EQ(file.error().code(), code) << base::ErrorCodeName(file.error().code()) << ": " << file.error().ToString();
  return file.error().ToString();
}

#define EXPECT_SAFETENSORS_ERROR(bytes, code, text) \
  EXPECT_NE(SafetensorsErrorOf(bytes, code).find(text), std::string::npos) << SafetensorsErrorOf(bytes, code)

void ReadAll(const SafetensorsFile& file) {
  for (const SafetensorsEntry& tensor : file.tensors()) {
    EXPECT_EQ(file.Find(tensor.name), &tensor);
    const auto data = file.Data(tensor);
    EXPECT_EQ(data.has_value(), tensor.type.has_value());
    if (data && !data->empty()) (void)(data->front() ^ data->back());
    file.DropResident(tensor);
  }
}

class SafetensorsFolder {
 public:
  SafetensorsFolder()
      : path_(std::filesystem::temp_directory_path() / fmt::format("walchen_safetensors_{}", ::getpid())) {
    std::filesystem::create_directories(path_);
  }
  ~SafetensorsFolder() { std::filesystem::remove_all(path_); }
  base::Path File(const std::string& name) const { return path_ / name; }
  void Write(const std::string& name, const std::string& content) const { std::ofstream(File(name)) << content; }

 private:
  base::Path path_;
};

TEST(SafetensorsFile, ReadsTensorsAndMetadata) {
  const std::string bytes = FileOf(kSmallHeader, kSmallSafetensorsData);
  const auto opened = SafetensorsFile::FromBytes(base::AsBytes(bytes));
  ASSERT_TRUE(opened) << opened.error().ToString();
  const SafetensorsFile& file = **opened;
  ASSERT_EQ(file.tensors().size(), 3U);
  const SafetensorsEntry& a = file.tensors()[0];
  EXPECT_EQ(a.name, "a");
  EXPECT_EQ(a.type, DType::kF32);
  EXPECT_EQ(a.shape, (std::vector<uint64_t>{2, 3}));
  EXPECT_EQ(a.offset, 8 + kSmallHeader.size());
  EXPECT_EQ(file.Data(a).value().size(), 24U);
  EXPECT_EQ(file.Find("b")->type, DType::kBF16);
  EXPECT_EQ(file.Find("d"), nullptr);
  EXPECT_EQ(file.metadata()[0], (std::pair<std::string, std::string>("format", "pt")));
}

TEST(SafetensorsFile, NamesATypeItCannotReadOnlyWhenItsDataAreAskedFor) {
  const std::string bytes = FileOf(kSmallHeader, kSmallSafetensorsData);
  const auto file = SafetensorsFile::FromBytes(base::AsBytes(bytes)).value();
  const auto data = file->Data(*file->Find("c"));
  ASSERT_FALSE(data);
  EXPECT_EQ(data.error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(data.error().message(), R"(tensor "c" has the type "U8", which is not supported)");
  const std::string future = One(R"("dtype":"F4_NEW","shape":[16],"data_offsets":[0,8])");
  EXPECT_TRUE(SafetensorsFile::FromBytes(base::AsBytes(future)));
}

TEST(SafetensorsFile, ReadsEveryPlainType) {
  for (const auto& [name, bytes] : {std::pair{"F64", 8}, {"F32", 4}, {"F16", 2}, {"BF16", 2}, {"I8", 1}, {"I16", 2},
                                    {"I32", 4}, {"I64", 8}}) {
    const std::string file = One(fmt::format(R"("dtype":"{}","shape":[3],"data_offsets":[0,{}])", name, 3 * bytes),
                                 3 * static_cast<uint64_t>(bytes));
    const auto opened = SafetensorsFile::FromBytes(base::AsBytes(file));
    ASSERT_TRUE(opened) << name << opened.error().ToString();
    EXPECT_EQ((*opened)->tensors()[0].type, tensor::DTypeFromName(name));
    EXPECT_EQ((*opened)->Data((*opened)->tensors()[0]).value().size(), 3 * static_cast<size_t>(bytes));
  }
}

TEST(SafetensorsFile, AcceptsEmptyTensorsScalarsAndPadding) {
  const std::string bytes = FileOf(R"({"none":{"dtype":"F32","shape":[0,7],"data_offsets":[4,4]},)"
                                   R"("one":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}     )",
                                   4);
  const auto file = SafetensorsFile::FromBytes(base::AsBytes(bytes));
  ASSERT_TRUE(file) << file.error().ToString();
  ReadAll(**file);
  const std::string nothing = FileOf("{}", 0);
  EXPECT_TRUE(SafetensorsFile::FromBytes(base::AsBytes(nothing)));
}

TEST(SafetensorsFile, RefusesEveryTruncationAndEveryAppendix) {
  const std::string bytes = FileOf(kSmallHeader, kSmallSafetensorsData);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(SafetensorsErrorOf(bytes.substr(0, size), ErrorCode::kTruncated), "no error") << size;
  }
  EXPECT_SAFETENSORS_ERROR(bytes + "x", ErrorCode::kCorrupt, "something was appended");
}

TEST(SafetensorsFile, SurvivesEveryFlippedBitOfTheHeader) {
  const std::string bytes = FileOf(kSmallHeader, kSmallSafetensorsData);
  const int valid = SurviveFlippedBits(bytes, 8 + kSmallHeader.size(), SafetensorsFile::FromBytes,
                                       [](const SafetensorsFile& file) { ReadAll(file); });
  EXPECT_GT(valid, 0);  // letters of names may change
  EXPECT_LT(valid, static_cast<int>(kSmallHeader.size()) * 4);
}

TEST(SafetensorsFile, RefusesAHeaderThatIsTooLongOrLongerThanTheFile) {
  const base::Stopwatch watch;
  for (const uint64_t length : {uint64_t{1} << 63, ~uint64_t{0}, uint64_t{100'000'001}}) {
    base::ByteWriter file;
    file.Write(length);
    file.Raw(base::AsBytes(kSmallHeader));
    EXPECT_SAFETENSORS_ERROR(file.bytes(), ErrorCode::kTooLarge, "at most 100000000 are allowed");
  }
  base::ByteWriter file;
  file.Write<uint64_t>(100'000'000);
  file.Raw(base::AsBytes(kSmallHeader));
  EXPECT_SAFETENSORS_ERROR(file.bytes(), ErrorCode::kTruncated, "expected 100000000 bytes for the header");
  EXPECT_LT(watch.Ms(), 1'000);
}

TEST(SafetensorsFile, NamesWhatItWasGivenInstead) {
  EXPECT_SAFETENSORS_ERROR("", ErrorCode::kTruncated, "the length of the header");
  EXPECT_SAFETENSORS_ERROR("GGUF\x03 and so on", ErrorCode::kCorrupt, R"(this is no safetensors file: it begins with "GGUF\x03)");
}

TEST(SafetensorsFile, RefusesMalformedJsonWithItsPlace) {
  EXPECT_SAFETENSORS_ERROR(FileOf(R"({"a":})", 0), ErrorCode::kCorrupt, "header: the JSON is malformed (at byte 14)");
  EXPECT_SAFETENSORS_ERROR(FileOf(R"({} {})", 0), ErrorCode::kCorrupt, "malformed");
  EXPECT_SAFETENSORS_ERROR(FileOf("{\"\xFF\":{}}", 0), ErrorCode::kCorrupt, "malformed");
  EXPECT_SAFETENSORS_ERROR(FileOf("{\"a\":1e999}", 0), ErrorCode::kCorrupt, "malformed");
  EXPECT_SAFETENSORS_ERROR(FileOf("{" + std::string(1'000'000, '['), 0), ErrorCode::kCorrupt, "malformed");
  EXPECT_SAFETENSORS_ERROR(FileOf("{\"a\":" + std::string(1'000'000, '['), 0), ErrorCode::kCorrupt, "found an array");
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += R"({"a":)";
  EXPECT_SAFETENSORS_ERROR(FileOf(deep, 0), ErrorCode::kCorrupt, "unknown field");
}

TEST(SafetensorsFile, RefusesFieldsThatAreMissingDoubledUnknownOrOfAnotherKind) {
  EXPECT_SAFETENSORS_ERROR(One(R"("dtype":"F32","shape":[2])"), ErrorCode::kCorrupt, R"(tensor "t" lacks)");
  EXPECT_SAFETENSORS_ERROR(One(R"("dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8])"), ErrorCode::kCorrupt,
               "two fields dtype");
  EXPECT_SAFETENSORS_ERROR(One(R"("dtype":"F32","shape":[2],"data_offsets":[0,8],"x":1)"), ErrorCode::kCorrupt, "unknown field");
  EXPECT_SAFETENSORS_ERROR(One(R"("dtype":7,"shape":[2],"data_offsets":[0,8])"), ErrorCode::kCorrupt, "found a number");
  EXPECT_SAFETENSORS_ERROR(One(R"("dtype":"F32","shape":"2","data_offsets":[0,8])"), ErrorCode::kCorrupt, "found a string");
  EXPECT_SAFETENSORS_ERROR(One(R"("dtype":"F32","shape":[-2],"data_offsets":[0,8])"), ErrorCode::kCorrupt, "a negative number");
  EXPECT_SAFETENSORS_ERROR(One(R"("dtype":"F32","shape":[2.0],"data_offsets":[0,8])"), ErrorCode::kCorrupt, "a fraction");
  EXPECT_SAFETENSORS_ERROR(One(R"("dtype":"F32","shape":[[2]],"data_offsets":[0,8])"), ErrorCode::kCorrupt, "an array");
  EXPECT_SAFETENSORS_ERROR(One(R"("dtype":"F32","shape":null,"data_offsets":[0,8])"), ErrorCode::kCorrupt, "null");
  EXPECT_SAFETENSORS_ERROR(One(R"("dtype":"F32","shape":[2],"data_offsets":[0,8,9])"), ErrorCode::kCorrupt, "found a number");
  EXPECT_SAFETENSORS_ERROR(One(R"("dtype":"F32","shape":[2],"data_offsets":[8])"), ErrorCode::kCorrupt, "expected [begin, end]");
  EXPECT_SAFETENSORS_ERROR(One(R"("dtype":"F32","shape":[2],"data_offsets":[8,0])"), ErrorCode::kCorrupt, "expected [begin, end]");
  EXPECT_SAFETENSORS_ERROR(FileOf(R"({"__metadata__":{"a":1}})", 0), ErrorCode::kCorrupt, "found a number");
  EXPECT_SAFETENSORS_ERROR(FileOf(R"({"__metadata__":{"a":"1","a":"2"}})", 0), ErrorCode::kCorrupt, R"(metadata "a" occurs twice)");
  EXPECT_SAFETENSORS_ERROR(FileOf(R"({"a":true})", 0), ErrorCode::kCorrupt, "found a bool");
}

TEST(SafetensorsFile, RefusesDuplicateNames) {
  EXPECT_SAFETENSORS_ERROR(FileOf(R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
                      R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})",
                      8),
               ErrorCode::kCorrupt, R"("a" occurs twice)");
}

TEST(SafetensorsFile, RefusesHolesAndOverlaps) {
  const auto two = [](int begin, int end) {
    return FileOf(fmt::format(R"({{"a":{{"dtype":"I8","shape":[4],"data_offsets":[0,4]}},)"
                              R"("b":{{"dtype":"I8","shape":[{}],"data_offsets":[{},{}]}}}})",
                              end - begin, begin, end),
                  8);
  };
  EXPECT_EQ(SafetensorsErrorOf(two(4, 8), ErrorCode::kCorrupt), "no error");
  EXPECT_SAFETENSORS_ERROR(two(5, 8), ErrorCode::kCorrupt,
               R"(tensor "b" begins at byte 5 of the data, the one before it ends at byte 4)");
  EXPECT_SAFETENSORS_ERROR(two(3, 8), ErrorCode::kCorrupt, "begins at byte 3");
  EXPECT_SAFETENSORS_ERROR(two(0, 4), ErrorCode::kCorrupt, "begins at byte 0");
  EXPECT_SAFETENSORS_ERROR(two(4, 7), ErrorCode::kCorrupt, "something was appended");
  EXPECT_SAFETENSORS_ERROR(two(4, 9), ErrorCode::kTruncated, "it was cut off");
  EXPECT_SAFETENSORS_ERROR(One(R"("dtype":"I8","shape":[4],"data_offsets":[4,8])"), ErrorCode::kCorrupt, "begins at byte 4");
}

TEST(SafetensorsFile, RefusesShapesThatDoNotFitTheirBytes) {
  EXPECT_SAFETENSORS_ERROR(One(R"("dtype":"F32","shape":[3],"data_offsets":[0,8])"), ErrorCode::kCorrupt,
               "its shape needs 12 bytes, its data_offsets give 8");
  EXPECT_SAFETENSORS_ERROR(One(R"("dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,8])"), ErrorCode::kCorrupt,
               "does not fit 64 bits");
  EXPECT_SAFETENSORS_ERROR(One(R"("dtype":"F32","shape":[1,1,1,1,1,1,1,1,2],"data_offsets":[0,8])"), ErrorCode::kTooLarge,
               "more than 8 dimensions");
  EXPECT_SAFETENSORS_ERROR(One(R"("dtype":"NEW","shape":[3],"data_offsets":[0,18446744073709551615])"), ErrorCode::kTruncated,
               "it was cut off");
}

TEST(SafetensorsFile, OpeningAPathTellsWhatIsWrongWithIt) {
  const SafetensorsFolder folder;
  base::Files& files = base::Files::Os();
  EXPECT_EQ(SafetensorsFile::Open(files, folder.File("missing.safetensors")).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(SafetensorsFile::Open(files, folder.File("")).error().code(), ErrorCode::kInvalidArgument);
  folder.Write("text.safetensors", "hello, world");
  const auto text = SafetensorsFile::Open(files, folder.File("text.safetensors"));
  ASSERT_FALSE(text);
  EXPECT_NE(text.error().message().find("text.safetensors: this is no safetensors file"), std::string::npos);
}

TEST(SafetensorsIndex, OpensAllShards) {
  const SafetensorsFolder folder;
  folder.Write("m-1.safetensors", FileOf(R"({"a":{"dtype":"I8","shape":[2],"data_offsets":[0,2]}})", 2));
  folder.Write("m-2.safetensors",
               FileOf(R"({"__metadata__":{"k":"v"},"b":{"dtype":"I8","shape":[3],"data_offsets":[0,3]},)"
                      R"("unlisted":{"dtype":"I8","shape":[1],"data_offsets":[3,4]}})",
                      4));
  folder.Write("m.safetensors.index.json", R"({"metadata":{"total_size":5,"x":[1,{"y":null}]},)"
                                           R"("weight_map":{"b":"m-2.safetensors","a":"m-1.safetensors"}})");
  const auto opened = SafetensorsFile::Open(base::Files::Os(), folder.File("m.safetensors.index.json"));
  ASSERT_TRUE(opened) << opened.error().ToString();
  const SafetensorsFile& file = **opened;
  ASSERT_EQ(file.tensors().size(), 2U);
  EXPECT_NE(file.Find("a")->shard, file.Find("b")->shard);
  EXPECT_EQ(file.Data(*file.Find("a")).value().size(), 2U);
  EXPECT_EQ(file.Data(*file.Find("b")).value().size(), 3U);
  EXPECT_EQ(file.Find("unlisted"), nullptr);
  EXPECT_EQ(file.metadata().size(), 1U);
}

TEST(SafetensorsIndex, RefusesWhatItCannotTrust) {
  const SafetensorsFolder folder;
  folder.Write("s.safetensors", FileOf(R"({"a":{"dtype":"I8","shape":[2],"data_offsets":[0,2]}})", 2));
  const auto error_of = [&](const std::string& index, ErrorCode code) {
    folder.Write("i.json", index);
    const auto opened = SafetensorsFile::Open(base::Files::Os(), folder.File("i.json"));
    if (opened) return std::string("no error");
    EXPECT_EQ(opened.error().code(), code) << opened.error().ToString();
    return opened.error().ToString();
  };
  const auto expect = [&](const std::string& index, ErrorCode code, std::string_view text) {
    EXPECT_NE(error_of(index, code).find(text), std::string::npos) << error_of(index, code);
  };
  EXPECT_EQ(error_of(R"({"weight_map":{"a":"s.safetensors"}})", ErrorCode::kCorrupt), "no error");
  for (const char* name : {"../s.safetensors", "/etc/passwd", "sub/s.safetensors", "..", ".", ".hidden", "", "a\\\\b",
                           "s\\u0000.safetensors"}) {
    expect(fmt::format(R"({{"weight_map":{{"a":"{}"}}}})", name), ErrorCode::kCorrupt, "is no plain file name");
  }
  expect(R"({"weight_map":{"a":"gone.safetensors"}})", ErrorCode::kNotFound, "gone.safetensors");
  expect(R"({"weight_map":{"b":"s.safetensors"}})", ErrorCode::kCorrupt, R"(tensor "b" should be in s.safetensors)");
  expect(R"({"weight_map":{"a":"s.safetensors","a":"s.safetensors"}})", ErrorCode::kCorrupt, R"("a" occurs twice)");
  expect(R"({"weight_map":{},"weight_map":{}})", ErrorCode::kCorrupt, "weight_map occurs twice");
  expect(R"({"weight_map":"a"})", ErrorCode::kCorrupt, "found a string");
  expect(R"({"weight_map":["s.safetensors"]})", ErrorCode::kCorrupt, "found a list");
  expect(R"({"weight_map":{"a":["s.safetensors"]}})", ErrorCode::kCorrupt, "found a list");
  expect(R"({"weight_map":{"a":7}})", ErrorCode::kCorrupt, "found a number");
  expect(R"({"metadata":{}})", ErrorCode::kCorrupt, "the index has no weight_map");
  expect(R"([])", ErrorCode::kCorrupt, "the index has no weight_map");
  expect(R"("x")", ErrorCode::kCorrupt, "found a string");
  expect("", ErrorCode::kCorrupt, "malformed");
  expect("{\"metadata\":" + std::string(100'000, '['), ErrorCode::kTooLarge, "nests deeper than 64");
  std::string many;
  for (int i = 0; i <= base::kSafetensorsMaxShards; ++i) many += fmt::format(R"({}"{}":"s{}")", i > 0 ? "," : "", i, i);
  expect(fmt::format(R"({{"weight_map":{{{}}}}})", many), ErrorCode::kTooLarge, "more than 1024 files");
}

TEST(SafetensorsWriter, WhatItWritesComesBack) {
  const SafetensorsFolder folder;
  const base::Path path = folder.File("written.safetensors");
  const std::string bytes3(3, 'a'), bytes8(8, 'b'), bytes6(6, 'c');
  SafetensorsWriter writer;
  writer.AddMetadata("format", "pt");
  writer.AddMetadata("quote", "\"\\\n\xC3\xA4");
  writer.AddTensor("small", DType::kI8, {3}, [&] { return Result<std::string>(bytes3); });
  writer.AddTensor("large \xC3\xBC", DType::kF64, {}, [&] { return Result<std::string>(bytes8); });
  writer.AddTensor("half", DType::kBF16, {1, 3}, [&] { return Result<std::string>(bytes6); });
  const auto written = writer.Write(base::Files::Os(), path);
  ASSERT_TRUE(written) << written.error().ToString();
  const auto opened = SafetensorsFile::Open(base::Files::Os(), path);
  ASSERT_TRUE(opened) << opened.error().ToString();
  const SafetensorsFile& file = **opened;
  ASSERT_EQ(file.tensors().size(), 3U);
  EXPECT_EQ(file.tensors()[0].name, "small");
  EXPECT_EQ(file.metadata()[1].second, "\"\\\n\xC3\xA4");
  EXPECT_EQ(base::AsText(file.Data(*file.Find("small")).value()), bytes3);
  EXPECT_EQ(base::AsText(file.Data(*file.Find("large \xC3\xBC")).value()), bytes8);
  EXPECT_EQ(base::AsText(file.Data(*file.Find("half")).value()), bytes6);
  for (const SafetensorsEntry& tensor : file.tensors()) {
    EXPECT_EQ(tensor.offset % tensor::Info(*tensor.type).block_bytes, 0U) << tensor.name;
  }
}

TEST(SafetensorsWriter, RefusesWhatTheReaderWouldRefuseAndWritesNothing) {
  const SafetensorsFolder folder;
  const base::Path path = folder.File("bad.safetensors");
  const auto error_of = [&](const SafetensorsWriter& writer) {
    const auto written = writer.Write(base::Files::Os(), path);
    EXPECT_FALSE(written);
    EXPECT_FALSE(base::Files::Os().Exists(path));
    if (written) return std::string("no error");
    EXPECT_EQ(written.error().code(), ErrorCode::kInvalidArgument);
    return written.error().message();
  };
  const auto nothing = [] { return Result<std::string>(std::string()); };
  SafetensorsWriter quantised;
  quantised.AddTensor("t", DType::kQ4_0, {32}, nothing);
  EXPECT_EQ(error_of(quantised), "tensor \"t\": the format has no type Q4_0");
  SafetensorsWriter twice;
  twice.AddTensor("t", DType::kI8, {0}, nothing);
  twice.AddTensor("t", DType::kI8, {0}, nothing);
  EXPECT_NE(error_of(twice).find("\"t\" occurs twice"), std::string::npos);
  SafetensorsWriter reserved;
  reserved.AddTensor("__metadata__", DType::kI8, {0}, nothing);
  EXPECT_NE(error_of(reserved).find("would be no valid safetensors file"), std::string::npos);
  SafetensorsWriter bytes;
  bytes.AddTensor("\xFF", DType::kI8, {0}, nothing);
  EXPECT_NE(error_of(bytes).find("is no UTF-8"), std::string::npos);
  SafetensorsWriter text;
  text.AddMetadata("a", "\xFF");
  EXPECT_NE(error_of(text).find("is no UTF-8"), std::string::npos);
  SafetensorsWriter huge;
  huge.AddTensor("t", DType::kF32, {uint64_t{1} << 40, uint64_t{1} << 40}, nothing);
  EXPECT_NE(error_of(huge).find("64 bits"), std::string::npos);
  SafetensorsWriter shorter;
  shorter.AddTensor("t", DType::kI8, {2}, [] { return Result<std::string>("x"); });
  EXPECT_EQ(error_of(shorter), "tensor \"t\": expected 2 bytes, was given 1");
}

}  // namespace
}  // namespace walchen::formats
