// SPDX-License-Identifier: Apache-2.0
#include "ledger/licence_tier.h"

#include "base/limits.h"

namespace walchen::ledger {
namespace {

TEST(LicenceTier, SortsIds) {
  const std::pair<const char*, Tier> cases[] = {{"MIT", Tier::kA},
                                                {"mit", Tier::kA},
                                                {"BSD-3-Clause", Tier::kA},
                                                {"Apache-2.0", Tier::kA},
                                                {"CC0-1.0", Tier::kA},
                                                {"PSF-2.0", Tier::kA},
                                                {"Python-2.0.1", Tier::kA},
                                                {"Unicode-3.0", Tier::kA},
                                                {"Unicode-TOU", Tier::kNone},
                                                {"PostgreSQL", Tier::kA},
                                                {"ISC", Tier::kA},
                                                {"CC-BY-4.0", Tier::kB},
                                                {"CC-BY-3.0-DE", Tier::kB},
                                                {"CC-BY-SA-4.0", Tier::kC},
                                                {"MPL-2.0", Tier::kC},
                                                {"LGPL-2.1+", Tier::kC},
                                                {"Artistic-2.0", Tier::kC},
                                                {"LPPL-1.3c", Tier::kC},
                                                {"GPL-2.0-or-later", Tier::kD},
                                                {"GPL-3.0+", Tier::kD},
                                                {"AGPL-3.0-only", Tier::kD},
                                                {"GFDL-1.3-or-later", Tier::kD},
                                                {"CC-BY-NC-4.0", Tier::kNone},
                                                {"CC-BY-ND-4.0", Tier::kNone},
                                                {"CC-BY-NC-SA-4.0", Tier::kNone},
                                                {"BSD-3-Clause-No-Nuclear-License", Tier::kNone},
                                                {"BSD-Protection", Tier::kD},
                                                {"NOASSERTION", Tier::kNone},
                                                {"NONE", Tier::kNone},
                                                {"LicenseRef-Acme", Tier::kNone},
                                                {"MITNFA-x", Tier::kNone},
                                                {"CC-BY-4.0-or-so", Tier::kNone},
                                                {"Commons-Clause", Tier::kNone}};
  for (const auto& [id, tier] : cases) EXPECT_EQ(TierName(TierOf(id).value()), TierName(tier)) << id;
}

TEST(LicenceTier, ReadsExpressions) {
  const std::pair<const char*, Tier> cases[] = {
      {"MIT AND GPL-3.0-only", Tier::kD},
      {"MIT OR GPL-3.0-only", Tier::kA},
      {"GPL-2.0-only WITH Classpath-exception-2.0", Tier::kD},
      {"MIT OR GPL-3.0-only AND CC-BY-4.0", Tier::kA},
      {"(MIT OR GPL-3.0-only) AND CC-BY-4.0", Tier::kB},
      {"CC-BY-4.0 AND (GPL-2.0-only OR MPL-2.0 OR CC-BY-NC-4.0)", Tier::kC},
      {"mit and (apache-2.0 with LLVM-exception)", Tier::kA},
      {"MIT AND LicenseRef-Acme", Tier::kNone},
      {"  ((MIT))\t", Tier::kA},
      {"GPL-3.0-only OR MIT AND CC-BY-4.0 OR MPL-2.0", Tier::kB},
  };
  for (const auto& [expression, tier] : cases)
    EXPECT_EQ(TierName(TierOf(expression).value()), TierName(tier)) << expression;
}

TEST(LicenceTier, SaysWhereAnExpressionEndsToBeOne) {
  const std::pair<const char*, uint64_t> cases[] = {{"", 0},
                                                    {"MIT MIT", 4},
                                                    {"MIT AND", 7},
                                                    {"AND MIT", 0},
                                                    {"(MIT", 4},
                                                    {"MIT)", 3},
                                                    {"()", 1},
                                                    {"MIT/Expat", 3},
                                                    {"MIT WITH", 8},
                                                    {"(MIT) WITH x", 6},
                                                    {"MIT WITH x WITH y", 11},
                                                    {"MIT, Apache-2.0", 3},
                                                    {"GPL-2.0 OR (MIT AND )", 20}};
  for (const auto& [expression, offset] : cases) {
    const auto tier = TierOf(expression);
    ASSERT_FALSE(tier) << expression;
    EXPECT_EQ(tier.error().code(), ErrorCode::kInvalidArgument) << expression;
    EXPECT_EQ(tier.error().offset(), offset) << expression << ": " << tier.error().ToString();
  }
}

TEST(LicenceTier, TakesBracketsAsDeepAsTheTextIsLong) {
  const auto depth = static_cast<size_t>(base::kLicenceExpressionMaxBytes / 2 - 2);
  EXPECT_EQ(TierOf(std::string(depth, '(') + "MIT" + std::string(depth, ')')).value(), Tier::kA);
  EXPECT_EQ(TierOf(std::string(static_cast<size_t>(base::kLicenceExpressionMaxBytes) + 1, ' ')).error().code(),
            ErrorCode::kTooLarge);
}

TEST(TierName, IsWhatTierNamedReads) {
  for (const Tier tier : {Tier::kA, Tier::kB, Tier::kC, Tier::kD, Tier::kNone})
    EXPECT_EQ(TierNamed(TierName(tier)), tier);
  EXPECT_EQ(TierNamed("E"), std::nullopt);
}

}  // namespace
}  // namespace walchen::ledger
