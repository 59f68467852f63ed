// SPDX-License-Identifier: Apache-2.0
#include "base/machine_memory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace walchen::base {
namespace {

class MachineMemoryTest : public testing::Test {
 protected:
  MachineMemoryTest() : folder_(std::filesystem::path(testing::TempDir()) / ("memory-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~MachineMemoryTest() override { std::filesystem::remove_all(folder_); }

  void Write(const char* name, const char* text) const { std::ofstream(folder_ / name) << text; }
  MachineMemory Read() const { return ReadMachineMemory(folder_, folder_); }

 private:
  std::filesystem::path folder_;
};

constexpr const char* kMeminfo = "MemTotal:       8000 kB\nMemFree:        100 kB\nMemAvailable:   6000 kB\n";

TEST_F(MachineMemoryTest, IsTheMachinesWithoutAContainer) {
  Write("meminfo", kMeminfo);
  EXPECT_EQ(Read().total_bytes, 8000 * 1024);
  EXPECT_EQ(Read().available_bytes, 6000 * 1024);
  Write("memory.max", "max\n");
  Write("memory.current", "123456\n");
  EXPECT_EQ(Read().available_bytes, 6000 * 1024);
}

TEST_F(MachineMemoryTest, IsTheContainersWhereThatIsLess) {
  Write("meminfo", kMeminfo);
  Write("memory.max", "4000000\n");
  Write("memory.current", "3500000\n");
  EXPECT_EQ(Read().total_bytes, 4'000'000);
  EXPECT_EQ(Read().available_bytes, 500'000);
  Write("memory.stat", "anon 5\ninactive_file 1000000\nactive_file 7\n");
  EXPECT_EQ(Read().available_bytes, 1'500'000) << "cached files give way";
  Write("memory.current", "9000000\n");
  EXPECT_EQ(Read().available_bytes, 0);
}

TEST_F(MachineMemoryTest, NothingReadableIsNothing) {
  EXPECT_EQ(Read().total_bytes, 0);
  EXPECT_EQ(Read().available_bytes, 0);
}

TEST(MachineMemory, ThisMachineHasSome) {
  EXPECT_GT(ReadMachineMemory().available_bytes, 0);
  EXPECT_LE(ReadMachineMemory().available_bytes, ReadMachineMemory().total_bytes);
}

}  // namespace
}  // namespace walchen::base
