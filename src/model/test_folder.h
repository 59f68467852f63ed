// SPDX-License-Identifier: Apache-2.0
//
// The files of one test (base/test_folder.h), and the golden files of the repository.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "base/files.h"
#include "base/test_folder.h"

namespace walchen::model {

using base::TestFolder;

inline base::Path Golden(const std::string& name) { return base::Path(WALCHEN_SOURCE_DIR) / "tests/golden" / name; }

inline std::string ReadText(const base::Path& path) { return base::Files::Os().Read(path, 1 << 26).value(); }

inline void WriteText(const base::Path& path, std::string_view text) {
  ASSERT_TRUE(base::ReplaceFile(base::Files::Os(), path, text));
}

}  // namespace walchen::model
