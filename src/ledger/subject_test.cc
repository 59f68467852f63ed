// SPDX-License-Identifier: Apache-2.0
#include "ledger/subject.h"

#include <sys/stat.h>

#include "base/limits.h"
#include "base/test_folder.h"

namespace walchen::ledger {
namespace {

TEST(NormaliseSubject, MakesOneOfTheSpellingsOfAName) {
  for (const char* name :
       {"Jürgen Müller-Weiß", "JÜRGEN MÜLLER-WEISS", "juergen  mueller-weiss", "\tJu\xCC\x88rgen Mu\xCC\x88ller-Weiß\n",
        "J\xC3\xBCrgen\xC2\xA0M\xC3\xBC\xC2\xADller-Weiß", "JÜRGEN MÜLLER-WEIẞ"}) {
    EXPECT_EQ(NormaliseSubject(name), "juergen mueller-weiss") << name;
  }
  EXPECT_EQ(NormaliseSubject("Łukasz ŻÓŁĆ Çelik ŠŤASTNÝ Ÿ"), "łukasz żółć çelik šťastný ÿ");
  EXPECT_EQ(NormaliseSubject("Erika.Mustermann@Example.ORG"), "erika.mustermann@example.org");
  EXPECT_EQ(NormaliseSubject("山田 太郎"), "山田 太郎");
}

TEST(NormaliseSubject, MakesOneOfTheSpellingsOfANumber) {
  for (const char* number : {"+49 (0)89 123-456", "0049 89 123456", "089/123456", "+49 89 123.456"}) {
    EXPECT_EQ(NormaliseSubject(number), "089123456") << number;
  }
  EXPECT_EQ(NormaliseSubject("DE89 3704 0044 0532 0130 00"), "de89370400440532013000");
  EXPECT_EQ(NormaliseSubject("+43 1 234567"), "+431234567");
  EXPECT_EQ(NormaliseSubject("Haus 7"), "haus 7");
}

TEST(NormaliseSubject, TakesAnyBytes) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; second += 7) {
      const std::string text = {'a', static_cast<char>(first), static_cast<char>(second)};
      const std::string normal = NormaliseSubject(text);
      EXPECT_EQ(NormaliseSubject(normal), normal) << first << " " << second;
    }
  }
}

TEST(SubjectKey, IsMadeOnceAndOnlyItsOwnerMayReadIt) {
  const base::TestFolder folder;
  const base::Path path = folder / "subject.key";
  const auto first = SubjectKey::ReadOrMake(base::Files::Os(), path);
  const auto second = SubjectKey::ReadOrMake(base::Files::Os(), path);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->TokenOf("Erika").value(), second->TokenOf(" erika ").value());
  EXPECT_NE(first->TokenOf("Erika").value(), first->TokenOf("Erik").value());
  EXPECT_NE(first->TokenOf("Erika").value(), SubjectKey(Secret{}).TokenOf("Erika").value());
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST(SubjectKey, RefusesADamagedFileAndASubjectOfNothing) {
  const base::TestFolder folder;
  ASSERT_TRUE(base::ReplaceFile(base::Files::Os(), folder / "key", "abc\n"));
  const auto key = SubjectKey::ReadOrMake(base::Files::Os(), folder / "key");
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code(), ErrorCode::kCorrupt);
  EXPECT_EQ(SubjectKey(Secret{}).TokenOf(" \t").error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(SubjectKey(Secret{}).TokenOf(std::string(base::kSubjectMaxBytes + 1, 'a')).error().code(),
            ErrorCode::kTooLarge);
}

}  // namespace
}  // namespace walchen::ledger
