// SPDX-License-Identifier: Apache-2.0
#include "data/file_licence.h"

#include <gtest/gtest.h>

namespace walchen::data {
namespace {

std::string ExpressionOf(const std::vector<LicenceEvidence>& statements) {
  const auto licence = FileLicence(statements);
  return licence ? licence->expression : "";
}

TEST(FileLicence, UnderstandsExpressionsAndAddresses) {
  EXPECT_EQ(ExpressionOf({{"SPDX-License-Identifier", "MIT OR Apache-2.0"}}), "MIT OR Apache-2.0");
  EXPECT_EQ(ExpressionOf({{"cc:license", "https://creativecommons.org/licenses/by-sa/4.0/"}}), "CC-BY-SA-4.0");
  EXPECT_EQ(ExpressionOf({{"dc:rights", "http://creativecommons.org/publicdomain/zero/1.0/"}}), "CC0-1.0");
}

TEST(FileLicence, WhatForbidsOrIsUnknownIsNotUsable) {
  EXPECT_EQ(ExpressionOf({{"cc:license", "https://creativecommons.org/licenses/by-nc/4.0/"}}), "LicenseRef-restricted");
  EXPECT_EQ(ExpressionOf({{"dc:rights", "CC BY-NC 4.0, Museum"}}), "LicenseRef-restricted");
  EXPECT_EQ(ExpressionOf({{"license", "ask Mr Meier"}}), "LicenseRef-unrecognised");
}

TEST(FileLicence, NamesAndProseDecideNothing) {
  EXPECT_EQ(ExpressionOf({{"SPDX-FileCopyrightText", "Meier"}, {"cc:attributionName", "Schulze"}, {"xmpRights:Marked", "True"}}), "");
  EXPECT_EQ(ExpressionOf({{"header", "Copyright 2024 Muster GmbH. All rights reserved."}}), "");
}

TEST(FileLicence, OfSeveralTheStrictestWithTheOthersNamed) {
  const auto licence = FileLicence({{"SPDX-License-Identifier", "MIT"}, {"SPDX-License-Identifier", "GPL-3.0-only"}, {"license", "MIT"}});
  EXPECT_EQ(licence->expression, "GPL-3.0-only");
  EXPECT_EQ(licence->disagrees, (std::vector<std::string>{"MIT", "MIT"}));
  EXPECT_EQ(FileLicence({{"license", "Herr Meier erlaubt es"}})->place, "license: Herr Meier erlaubt es");
}

}  // namespace
}  // namespace walchen::data
