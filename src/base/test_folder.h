// SPDX-License-Identifier: Apache-2.0
//
// A folder for the files of one test, gone when the test is over. For tests only.
#pragma once

#include <unistd.h>

#include <atomic>
#include <string>

#include <gtest/gtest.h>

#include "base/files.h"

namespace walchen::base {

class TestFolder {
 public:
  TestFolder() {
    static std::atomic<int> count = 0;
    path_ = Path(testing::TempDir()) / fmt::format("walchen-test-{}-{}", ::getpid(), count++);
    std::filesystem::create_directories(path_);
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() { std::filesystem::remove_all(path_); }

  Path operator/(const std::string& name) const { return path_ / name; }
  const Path& path() const { return path_; }
  // How many files and folders lie in it.
  size_t size() const { return Files::Os().List(path_).value().size(); }

 private:
  Path path_;
};

}  // namespace walchen::base
