// SPDX-License-Identifier: Apache-2.0
//
// What a hostile model file meets: everything between the path that a user types and four tokens of an answer.
#pragma once

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "infer/engine.h"
#include "infer/tiny_model_test.h"
#include "model/model_check.h"

namespace walchen {

inline constexpr int kAnswerTokens = 4;

// Loads the file and asks it something; the error of whichever step refuses.
inline Result<void> LoadAndAnswer(const base::Path& path) {
  TRY_ASSIGN(const auto model, infer::ModelFile::Load(base::Files::Os(), path, {.threads = 1}));
  const auto messages = nlohmann::ordered_json::parse(R"([{"role": "user", "content": "in the end"}])");
  infer::GenerateRequest request;
  TRY_ASSIGN(request.prompt, model->EncodeChat(messages, nullptr));
  request.max_tokens = kAnswerTokens;
  request.ignore_end_of_generation = true;
  TRY_ASSIGN(const auto engine, infer::Engine::Create(model, {.threads = 1, .kv_bytes = 8 << 20}));
  TRY_ASSIGN(const infer::Answer answer, infer::Generate(*engine, std::move(request)));
  EXPECT_EQ(answer.end.completion_tokens, kAnswerTokens);
  return {};
}

// The other reader of model files, which looks at one without computing: `walchen model import`.
inline Result<void> OnlyCheck(const base::Path& path) {
  TRY_ASSIGN(const auto file, formats::GgufFile::Open(base::Files::Os(), path));
  return model::CheckModel(*file);
}

// Timings decide no test, so this is a bound against files that never end; what took longest is printed.
inline constexpr std::chrono::seconds kPatience{60};
inline constexpr rlim_t kMemoryBytesMax = rlim_t{6} << 30;

class HostileModel : public testing::Test {
 protected:
  // Without a sanitizer, whose shadow is terabytes, memory is bounded: a length that is believed is a failed allocation.
  static void SetUpTestSuite() {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
    ASSERT_EQ(::getrlimit(RLIMIT_AS, &memory_before_), 0);
    const rlimit bounded = {std::min(kMemoryBytesMax, memory_before_.rlim_max), memory_before_.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_AS, &bounded), 0);
#endif
  }
  static void TearDownTestSuite() {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
    ASSERT_EQ(::setrlimit(RLIMIT_AS, &memory_before_), 0);
#endif
  }

  void TearDown() override {
    RecordProperty("slowest_ms", std::to_string(slowest_ms_));
    fmt::print("slowest case: {} ms, {}\n", slowest_ms_, slowest_);
  }

  // Either an answer or an error that says where; neither a crash nor a wait.
  Result<void> Survive(const base::Path& path, const std::string& what) {
    SCOPED_TRACE(what);
    const auto start = std::chrono::steady_clock::now();
    auto answered = std::async(std::launch::async, [&] { return LoadAndAnswer(path); });
    if (answered.wait_for(kPatience) != std::future_status::ready) {
      fmt::print(stderr, "{}: no answer and no error after {} s\n", what, kPatience.count());
      std::abort();  // the thread cannot be stopped otherwise
    }
    Result<void> result = answered.get();
    const auto checked = OnlyCheck(path);
    // Checking does less than loading: it may miss what loading finds, not the other way round.
    if (result && !checked) ADD_FAILURE() << "answers, but the check says " << checked.error().ToString();
    if (!result && result.error().message().size() < 10) ADD_FAILURE() << "says too little: " << result.error().ToString();
    const auto passed = std::chrono::steady_clock::now() - start;
    const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(passed).count();
    if (ms >= slowest_ms_) std::tie(slowest_ms_, slowest_) = std::pair(ms, what);
    return result;
  }

  Result<void> SurviveModel(const infer::TinyModel& model, const std::string& what) {
    const infer::TinyFile file(model);
    return Survive(file.path(), what);
  }

  Result<void> SurviveBytes(std::string_view bytes, const std::string& what) {
    const infer::TinyFile file;
    std::ofstream(file.path(), std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return Survive(file.path(), what);
  }

  // An error that names `name`.
  void ExpectRefused(const Result<void>& result, std::string_view name, std::string_view what) {
    ASSERT_FALSE(result.has_value()) << what << ": expected an error that names " << name << ", found an answer";
    EXPECT_NE(result.error().message().find(name), std::string::npos)
        << what << ": expected an error that names " << name << ", found: " << result.error().ToString();
  }

 private:
  inline static rlimit memory_before_ = {};
  int64_t slowest_ms_ = 0;
  std::string slowest_;
};

// The bytes of a model's file.
inline std::string BytesOf(const infer::TinyModel& model) {
  const infer::TinyFile file(model);
  return base::Files::Os().Read(file.path(), 1 << 26).value();
}

}  // namespace walchen
