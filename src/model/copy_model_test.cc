// SPDX-License-Identifier: Apache-2.0
#include "model/copy_model.h"

#include "base/sha256.h"
#include "model/test_folder.h"

namespace walchen::model {
namespace {

TEST(CopyModelFile, CopiesAllBytesAndTellsTheirDigest) {
  const TestFolder folder;
  std::string content(20 << 20, 'x');  // more than two pieces
  content[9 << 20] = 'y';
  WriteText(folder / "a", content);
  const auto digest = CopyModelFile(base::Files::Os(), folder / "a", folder / "b");
  ASSERT_TRUE(digest);
  EXPECT_EQ(*digest, base::Sha256Hex(base::AsBytes(content)));
  EXPECT_TRUE(ReadText(folder / "b") == content);
  ASSERT_TRUE(WriteDigest(base::Files::Os(), folder / "b", *digest));
  EXPECT_EQ(ReadText(folder / "b.sha256"), *digest + "  b\n");
}

TEST(CopyModelFile, StopsBetweenPiecesAndLeavesNothing) {
  const TestFolder folder;
  WriteText(folder / "a", std::string(20 << 20, 'x'));
  int pieces = 0;
  const auto stopped = CopyModelFile(base::Files::Os(), folder / "a", folder / "b", [&]() -> Result<void> {
    if (++pieces < 3) return {};
    return Fail(ErrorCode::kCancelled, "stop");
  });
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(folder.size(), 1u);
}

}  // namespace
}  // namespace walchen::model
