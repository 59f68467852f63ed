// SPDX-License-Identifier: Apache-2.0
//
// Model files that were cut off, lengthened, bent or never were model files, through the whole engine.
#include <sys/stat.h>

#include <set>

#include "hostile_model.h"

namespace walchen {
namespace {

using infer::MakeTinyModel;
using infer::TinyModel;

constexpr size_t kHeaderEnd = 24;  // magic, version, two counts

// Where something begins or ends: around every key, its type and its value, around every tensor's name, and at the start,
// middle and end of its bytes.
std::set<size_t> StructuralLengths(const std::string& bytes) {
  std::set<size_t> lengths = {0, 1, 3, 4, 6, 8, 12, 16, 20, kHeaderEnd};
  const auto around = [&](std::string_view name) {
    const size_t at = bytes.find(name), end = at + name.size();
    for (const size_t length : {at - 8, at - 4, at, at + name.size() / 2, end, end + 2, end + 4, end + 6, end + 8,
                                end + 16, end + 40}) {
      lengths.insert(length);
    }
  };
  const auto file = std::move(formats::GgufFile::FromBytes(base::AsBytes(bytes)).value());
  for (const auto& [key, value] : file->metadata()) around(key);
  for (const formats::TensorEntry& tensor : file->tensors()) {
    around(tensor.name);
    for (const size_t length : {tensor.offset - 1, tensor.offset, tensor.offset + 1, tensor.offset + tensor.size / 2,
                                tensor.offset + tensor.size - 1}) {
      lengths.insert(length);
    }
  }
  return lengths;
}

// The same positions every time; others with --gtest_shuffle --gtest_repeat=N, for hours of looking.
base::Rng Positions(uint64_t seed) {
  return base::Rng(seed + static_cast<uint64_t>(testing::UnitTest::GetInstance()->random_seed()) * 1'000);
}

size_t Pick(base::Rng& rng, size_t below) { return rng.Below(static_cast<uint32_t>(below)); }

size_t DataStart(const std::string& bytes) {
  return formats::GgufFile::FromBytes(base::AsBytes(bytes)).value()->tensors().front().offset;
}

using ModelFileTest = HostileModel;

TEST_F(ModelFileTest, AnUnchangedFileAnswers) {
  for (const char* family : {"llama", "qwen2", "qwen3"}) {
    const auto result = SurviveModel(MakeTinyModel({.family = family}), family);
    EXPECT_TRUE(result.has_value()) << family << ": " << result.error().ToString();
  }
  for (const char* family : {"llama", "qwen2moe", "qwen3moe"}) {
    const auto result = SurviveModel(MakeTinyModel({.family = family, .experts = 4}), family);
    EXPECT_TRUE(result.has_value()) << family << ": " << result.error().ToString();
  }
}

TEST_F(ModelFileTest, CutOffAnywhereIsAnErrorWithThePath) {
  const std::string bytes = BytesOf(MakeTinyModel());
  for (const size_t length : StructuralLengths(bytes)) {
    const std::string what = fmt::format("cut off at byte {} of {}", length, bytes.size());
    const auto result = SurviveBytes(std::string_view(bytes).substr(0, length), what);
    ExpectRefused(result, ".gguf", what);
  }
}

TEST_F(ModelFileTest, WithSomethingAppendedIsAnErrorWithThePath) {
  const std::string bytes = BytesOf(MakeTinyModel());
  for (const size_t more : {size_t{33}, size_t{4'096}, size_t{1} << 20}) {
    const std::string what = fmt::format("{} bytes appended", more);
    ExpectRefused(SurviveBytes(bytes + std::string(more, '\0'), what), "appended", what);
  }
}

TEST_F(ModelFileTest, SurvivesBitsFlippedInItsHeader) {
  const std::string bytes = BytesOf(MakeTinyModel({.family = "qwen3"}));
  const size_t data = DataStart(bytes);
  base::Rng rng = Positions(7);
  for (int i = 0; i < 400; ++i) {
    std::string bent = bytes;
    // Every other one in what is no list of tokens, which is most of the header.
    const size_t head = i % 2 == 0 ? data : bytes.find("tokenizer.ggml.tokens");
    const size_t at = Pick(rng, head), bit = Pick(rng, 8);
    bent[at] = static_cast<char>(bent[at] ^ (1 << bit));
    (void)SurviveBytes(bent, fmt::format("bit {} of byte {} flipped", bit, at));
  }
}

TEST_F(ModelFileTest, SurvivesBytesReplacedInTheListOfTensors) {
  const std::string bytes = BytesOf(MakeTinyModel());
  const size_t data = DataStart(bytes), list = bytes.find("token_embd.weight") - 8;
  base::Rng rng = Positions(8);
  for (int i = 0; i < 200; ++i) {
    std::string bent = bytes;
    const size_t at = list + Pick(rng, data - list);
    const std::string_view bad("\x00\x01\x7F\x80\xFF", 5);
    bent[at] = bad[Pick(rng, bad.size())];
    (void)SurviveBytes(bent, fmt::format("byte {} replaced", at));
  }
}

TEST_F(ModelFileTest, SurvivesBitsFlippedInItsWeights) {
  for (const tensor::DType type : {tensor::DType::kF32, tensor::DType::kF16, tensor::DType::kQ8_0, tensor::DType::kQ4_0}) {
    const std::string bytes = BytesOf(MakeTinyModel({.type = type}));
    const size_t data = DataStart(bytes);
    base::Rng rng = Positions(9);
    for (int i = 0; i < 30; ++i) {
      std::string bent = bytes;
      for (int times = 0; times < 16; ++times) {
        const size_t at = data + Pick(rng, bytes.size() - data);
        bent[at] = static_cast<char>(bent[at] ^ (1 << rng.Below(8)));
      }
      (void)SurviveBytes(bent, fmt::format("{} with flipped bits, {}", tensor::Info(type).name, i));
    }
  }
}

TEST_F(ModelFileTest, SaysWhatAFileIsThatIsNoModel) {
  ExpectRefused(SurviveBytes("", "empty"), "empty", "an empty file");
  ExpectRefused(SurviveBytes("Dear model,\nhow are you?\n", "text"), "no GGUF file", "a text file");
  ExpectRefused(SurviveBytes("\x89PNG\r\n\x1a\n" + std::string(100, '\0'), "PNG"), "no GGUF file", "a picture");
  ExpectRefused(SurviveBytes(std::string(1 << 20, '\0'), "zeros"), "no GGUF file", "zeros");
  ExpectRefused(SurviveBytes("GGUF", "magic"), "version", "four bytes");
  ExpectRefused(SurviveBytes("<!DOCTYPE html>", "page"), "web page", "a web page");
}

TEST_F(ModelFileTest, SaysWhatAPathIsThatIsNoFile) {
  const infer::TinyFile place;
  ExpectRefused(Survive(place.path(), "missing"), "No such file", "a missing file");
  std::filesystem::create_directory(place.path());
  ExpectRefused(Survive(place.path(), "folder"), place.path().native(), "a folder");
  std::filesystem::remove(place.path());
  std::filesystem::create_symlink(place.path(), place.path());
  ExpectRefused(Survive(place.path(), "loop"), place.path().native(), "a link to itself");
  std::filesystem::remove(place.path());
  ASSERT_EQ(::mkfifo(place.path().c_str(), 0600), 0);
  ExpectRefused(Survive(place.path(), "pipe"), place.path().native(), "a pipe that nobody writes to");
  ExpectRefused(Survive("/dev/zero", "device"), "/dev/zero", "a file without end");
}

TEST_F(ModelFileTest, SaysThatItMayNotRead) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const infer::TinyFile file(MakeTinyModel());
  std::filesystem::permissions(file.path(), std::filesystem::perms::none);
  const auto result = Survive(file.path(), "no permission");
  ExpectRefused(result, file.path().native(), "a file that nobody may read");
  EXPECT_EQ(result.error().code(), ErrorCode::kPermissionDenied);
}

}  // namespace
}  // namespace walchen
