// SPDX-License-Identifier: Apache-2.0
//
// A folder for the files of one test, and the golden files of the repository.
#pragma once

#include <unistd.h>

#include <atomic>
#include <string>

#include <gtest/gtest.h>

#include "base/files.h"

namespace walchen::model {

class TestFolder {
 public:
  TestFolder() {
    static std::atomic<int> count = 0;
    path_ = base::Path(testing::TempDir()) / fmt::format("walchen-model-{}-{}", ::getpid(), count++);
    std::filesystem::create_directories(path_);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() { std::filesystem::remove_all(path_); }

  base::Path operator/(const std::string& name) const { return path_ / name; }
  const base::Path& path() const { return path_; }
  // How many files and folders lie in it.
  size_t size() const { return base::Files::Os().List(path_).value().size(); }

 private:
  base::Path path_;
};

inline base::Path Golden(const std::string& name) { return base::Path(WALCHEN_SOURCE_DIR) / "tests/golden" / name; }

inline std::string ReadText(const base::Path& path) { return base::Files::Os().Read(path, 1 << 26).value(); }

inline void WriteText(const base::Path& path, std::string_view text) {
  ASSERT_TRUE(base::ReplaceFile(base::Files::Os(), path, text));
}

}  // namespace walchen::model
