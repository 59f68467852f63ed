// SPDX-License-Identifier: Apache-2.0
#include "base/energy.h"

#include <gtest/gtest.h>

#include "base/test_folder.h"

namespace walchen::base {
namespace {

class EnergyMeters : public testing::Test {
 protected:
  void Put(const std::string& domain, const std::string& file, const std::string& text) {
    ASSERT_TRUE(files_.MakeFolders(folder_ / domain));
    ASSERT_TRUE(ReplaceFile(files_, folder_ / domain / file, text + "\n"));
  }
  void PutDomain(const std::string& domain, const std::string& name, const std::string& energy) {
    Put(domain, "name", name);
    Put(domain, "max_energy_range_uj", "1000000000");
    Put(domain, "energy_uj", energy);
  }
  Files& files_ = Files::Os();
  TestFolder folder_;
};

TEST_F(EnergyMeters, AddUpThePackagesAndNothingTwice) {
  PutDomain("intel-rapl:0", "package-0", "5000000");
  PutDomain("intel-rapl:1", "package-1", "100");
  PutDomain("intel-rapl:0:0", "core", "1");
  PutDomain("intel-rapl:2", "psys", "1");
  EnergyMeter meter(files_, folder_.path());
  EXPECT_EQ(meter.Joules(), 0.0);
  PutDomain("intel-rapl:0", "package-0", "8000000");
  PutDomain("intel-rapl:1", "package-1", "500100");
  PutDomain("intel-rapl:0:0", "core", "900000000");
  PutDomain("intel-rapl:2", "psys", "900000000");
  EXPECT_EQ(meter.Joules(), 3.5);
}

TEST_F(EnergyMeters, GoOnWhereACounterBeginsAgain) {
  PutDomain("intel-rapl:0", "package-0", "999000000");
  EnergyMeter meter(files_, folder_.path());
  PutDomain("intel-rapl:0", "package-0", "2000000");
  EXPECT_EQ(meter.Joules(), 3.0);
}

TEST_F(EnergyMeters, SayNothingWhereThereAreNoneOrTheyHoldNoNumbers) {
  EXPECT_EQ(EnergyMeter(files_, folder_ / "missing").Joules(), std::nullopt);
  PutDomain("intel-rapl:0", "package-0", "none");
  EXPECT_EQ(EnergyMeter(files_, folder_.path()).Joules(), std::nullopt);
}

}  // namespace
}  // namespace walchen::base
