// SPDX-License-Identifier: Apache-2.0
#include "base/files.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/faulty_files.h"

namespace walchen::base {
namespace {

class FilesTest : public ::testing::Test {
 protected:
  FilesTest() : folder_(std::filesystem::temp_directory_path() / fmt::format("walchen_files_{}", ::getpid())) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  ~FilesTest() override { std::filesystem::remove_all(folder_); }

  Path At(const std::string& name) const { return folder_ / name; }
  void Write(const std::string& name, std::string_view content) const {
    const auto file = os_.Create(At(name), 0644);
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->Append(AsBytes(content)));
  }
  std::string ReadAll(const std::string& name) const { return os_.Read(At(name), 1 << 24).value(); }
  std::vector<std::string> Names() const { return os_.List(folder_).value(); }

  Files& os_ = Files::Os();
  Path folder_;
};

TEST_F(FilesTest, WhatWasAppendedIsReadAndMapped) {
  const auto file = os_.Create(At("a"), 0600);
  ASSERT_TRUE(file);
  EXPECT_TRUE((*file)->Append(AsBytes("hello ")));
  EXPECT_TRUE((*file)->Append({}));
  EXPECT_TRUE((*file)->Append(AsBytes("world")));
  EXPECT_TRUE((*file)->Sync());
  EXPECT_EQ(ReadAll("a"), "hello world");
  const auto mapped = os_.Map(At("a")).value();
  EXPECT_EQ(AsText(mapped->bytes()), "hello world");
  EXPECT_EQ(os_.Stat(At("a")).value().size, 11U);
  struct stat info;
  ASSERT_EQ(::stat(At("a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(FilesTest, APieceIsReadWhereverItLies) {
  Write("a", "hello world");
  EXPECT_EQ(os_.ReadAt(At("a"), 6, 3).value(), "wor");
  EXPECT_EQ(os_.ReadAt(At("a"), 6, 1 << 20).value(), "world");
  EXPECT_EQ(os_.ReadAt(At("a"), 11, 5).value(), "");
  EXPECT_EQ(os_.ReadAt(At("a"), 1 << 20, 5).value(), "");
  EXPECT_EQ(os_.ReadAt(At("b"), 0, 5).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(os_.ReadAt(folder_, 0, 5).error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(FilesTest, SaysWhereAFileReallyIsAndWhenItWasWritten) {
  Write("a", "");
  const Path real = os_.Resolve(At("a")).value();
  std::filesystem::create_symlink(At("a"), At("link"));
  EXPECT_EQ(os_.Resolve(At("link")).value(), real);
  EXPECT_EQ(os_.Resolve(folder_ / "nothing" / "..").error().code(), ErrorCode::kNotFound);
  const timespec times[2] = {{1'000, 0}, {2'000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, At("a").c_str(), times, 0), 0);
  EXPECT_EQ(os_.Stat(At("a")).value().modified_s, 2'000);
}

TEST_F(FilesTest, AMapOutlivesItsFilesNameAndItsResidentPages) {
  const std::string content(100'000, 'm');
  Write("a", content);
  const auto mapped = os_.Map(At("a")).value();
  ASSERT_TRUE(os_.Remove(At("a")));
  EXPECT_EQ(AsText(mapped->bytes()), content);
  mapped->DropResident(5, content.size() - 5);
  mapped->DropResident(0, content.size() * 2);
  mapped->DropResident(100, 10);
  EXPECT_EQ(AsText(mapped->bytes()), content);
}

TEST_F(FilesTest, AnEmptyFileIsFine) {
  Write("a", "");
  EXPECT_EQ(ReadAll("a"), "");
  EXPECT_TRUE(os_.Map(At("a")).value()->bytes().empty());
}

TEST_F(FilesTest, ReadKeepsToItsBound) {
  Write("a", "12345");
  EXPECT_EQ(os_.Read(At("a"), 5).value(), "12345");
  const auto refused = os_.Read(At("a"), 4);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::kTooLarge);
  EXPECT_NE(refused.error().message().find("has 5 bytes, at most 4 are allowed"), std::string::npos);
}

TEST_F(FilesTest, ErrorsNameTheFileAndTheirKind) {
  const auto missing = os_.Read(At("gone"), 10);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(missing.error().message(), fmt::format("cannot open {}: No such file or directory", At("gone").native()));
  EXPECT_EQ(os_.Map(At("gone")).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(os_.Map(folder_).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(os_.Read(folder_, 10).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(os_.Stat(At("gone")).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(os_.Remove(At("gone")).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(os_.Rename(At("gone"), At("b")).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(os_.List(At("gone")).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(os_.SyncFolder(At("gone")).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(os_.Create(At("gone/a"), 0644).error().code(), ErrorCode::kNotFound);
  Write("a", "x");
  EXPECT_EQ(os_.Create(At("a"), 0644).error().code(), ErrorCode::kAlreadyExists);
  EXPECT_EQ(os_.Read(At("a/b"), 10).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(ReadAll("a"), "x");
}

TEST_F(FilesTest, APipeIsNoFileAndNobodyWaitsForIt) {
  ASSERT_EQ(::mkfifo(At("pipe").c_str(), 0600), 0);
  EXPECT_EQ(os_.Read(At("pipe"), 10).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(os_.Map(At("pipe")).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(os_.Map("/dev/null").error().code(), ErrorCode::kInvalidArgument);
}

TEST_F(FilesTest, WhatMayNotBeReadIsPermissionDenied) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  Write("a", "x");
  ASSERT_EQ(::chmod(At("a").c_str(), 0), 0);
  EXPECT_EQ(os_.Read(At("a"), 10).error().code(), ErrorCode::kPermissionDenied);
}

TEST_F(FilesTest, AFullDiskIsResourceExhausted) {
  // A limit on the size of files behaves as a full disk does: a write comes back short, the next one fails.
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto file = os_.Create(At("a"), 0644);
  ASSERT_TRUE(file);
  const auto old_handler = ::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 10, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto written = (*file)->Append(AsBytes("0123456789abc"));
  ::setrlimit(RLIMIT_FSIZE, &before);
  ::signal(SIGXFSZ, old_handler);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(ReadAll("a"), "0123456789");
}

TEST_F(FilesTest, FoldersAreMadeListedAndRemoved) {
  ASSERT_TRUE(os_.MakeFolders(At("x/y/z")));
  EXPECT_TRUE(os_.MakeFolders(At("x/y/z")));
  EXPECT_TRUE(os_.Stat(At("x/y")).value().is_folder);
  Write("x/b", "");
  Write("x/a", "");
  EXPECT_EQ(os_.List(At("x")).value(), (std::vector<std::string>{"a", "b", "y"}));
  EXPECT_TRUE(os_.SyncFolder(At("x")));
  EXPECT_EQ(os_.Remove(At("x")).error().code(), ErrorCode::kAlreadyExists);  // not empty
  EXPECT_TRUE(os_.Remove(At("x/y/z")));
  EXPECT_FALSE(os_.Exists(At("x/y/z")));
}

TEST_F(FilesTest, AFolderIsRemovedWithAllThatIsInIt) {
  ASSERT_TRUE(os_.MakeFolders(At("x/y")));
  ASSERT_TRUE(os_.MakeFolders(At("kept")));
  Write("kept/a", "precious");
  Write("x/a", "1");
  Write("x/y/b", "2");
  std::filesystem::create_directory_symlink(At("kept"), At("x/link"));
  ASSERT_TRUE(os_.RemoveFolder(At("x")));
  EXPECT_FALSE(os_.Exists(At("x")));
  EXPECT_EQ(ReadAll("kept/a"), "precious") << "a link is not followed";
  EXPECT_EQ(os_.RemoveFolder(At("x")).error().code(), ErrorCode::kNotFound);
  EXPECT_EQ(os_.RemoveFolder(At("kept/a")).error().code(), ErrorCode::kInvalidArgument);
  std::filesystem::create_directory_symlink(At("kept"), At("link"));
  EXPECT_EQ(os_.RemoveFolder(At("link")).error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(ReadAll("kept/a"), "precious");
}

TEST_F(FilesTest, AFolderIsRenamedButNeverOverOneThatHoldsSomething) {
  ASSERT_TRUE(os_.MakeFolders(At("x")));
  ASSERT_TRUE(os_.MakeFolders(At("full")));
  Write("x/a", "1");
  Write("full/b", "2");
  EXPECT_EQ(os_.Rename(At("x"), At("full")).error().code(), ErrorCode::kAlreadyExists);
  EXPECT_TRUE(os_.Rename(At("x"), At("z")));
  EXPECT_EQ(ReadAll("z/a"), "1");
}

TEST_F(FilesTest, AFileIsWrittenOnAtItsEnd) {
  for (const char* line : {"one\n", "two\n"}) {
    const auto file = os_.OpenEnd(At("log"));
    ASSERT_TRUE(file);
    ASSERT_TRUE((*file)->Append(AsBytes(line)));
    ASSERT_TRUE((*file)->Sync());
  }
  EXPECT_EQ(ReadAll("log"), "one\ntwo\n");
  EXPECT_EQ(os_.OpenEnd(At("no/log")).error().code(), ErrorCode::kNotFound);
}

TEST_F(FilesTest, ReplaceFileMakesOrReplaces) {
  ASSERT_TRUE(ReplaceFile(os_, At("a"), "first", 0600));
  EXPECT_EQ(ReadAll("a"), "first");
  ASSERT_TRUE(ReplaceFile(os_, At("a"), "second"));
  EXPECT_EQ(ReadAll("a"), "second");
  EXPECT_EQ(Names(), std::vector<std::string>{"a"});
}

TEST_F(FilesTest, ReplaceFilePassesTheErrorOfItsWriterOn) {
  ASSERT_TRUE(ReplaceFile(os_, At("a"), "old"));
  const auto failed = ReplaceFile(os_, At("a"), 0644, [](WritableFile& file) -> Result<void> {
    TRY(file.Append(AsBytes("half of it")));
    return Fail(ErrorCode::kCancelled, "the user changed his mind");
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::kCancelled);
  EXPECT_EQ(ReadAll("a"), "old");
  EXPECT_EQ(Names(), std::vector<std::string>{"a"});
}

TEST_F(FilesTest, ReplaceFileStepsOverWhatAnEarlierLifeLeftBehind) {
  // The next number is not known here, so a range of them is taken.
  for (int n = 0; n < 200; ++n) Write(fmt::format("a.tmp-{}-{}", ::getpid(), n), "left over");
  ASSERT_TRUE(ReplaceFile(os_, At("a"), "new"));
  EXPECT_EQ(ReadAll("a"), "new");
}

// Fault injection: `Replace` is what is interrupted.
constexpr std::string_view kOld = "the old content", kNew = "the new content, which is longer";

class ReplaceFileFaults : public FilesTest {
 protected:
  static Result<void> Replace(Files& files, const Path& path) {
    return ReplaceFile(files, path, 0644, [](WritableFile& file) -> Result<void> {
      TRY(file.Append(AsBytes(kNew.substr(0, 10))));
      return file.Append(AsBytes(kNew.substr(10)));
    });
  }
  int64_t CallsOfOneReplace() {
    FaultyFiles counting(os_);
    EXPECT_TRUE(Replace(counting, At("counted")));
    EXPECT_TRUE(os_.Remove(At("counted")));
    return counting.calls();
  }
};

TEST_F(ReplaceFileFaults, OneThatFailsAnywhereLeavesTheOldOrTheNewAndNothingElse) {
  const int64_t calls = CallsOfOneReplace();
  EXPECT_EQ(calls, 6);  // create, two appends, sync, rename, sync of the folder
  for (const bool existed : {false, true}) {
    for (int64_t at = 1; at <= calls; ++at) {
      SCOPED_TRACE(fmt::format("call {} fails, existed {}", at, existed));
      if (existed) Write("a", kOld);
      FaultyFiles faulty(os_, {Fault::Kind::kFailOnce, at, ErrorCode::kResourceExhausted});
      const auto replaced = Replace(faulty, At("a"));
      ASSERT_FALSE(replaced);
      EXPECT_EQ(replaced.error().code(), ErrorCode::kResourceExhausted);
      const bool renamed = at == calls;  // only the folder was not synced
      EXPECT_EQ(os_.Exists(At("a")), existed || renamed);
      if (existed || renamed) {
        EXPECT_EQ(ReadAll("a"), renamed ? kNew : kOld);
      }
      EXPECT_EQ(Names().size(), existed || renamed ? 1U : 0U);
      std::filesystem::remove(At("a"));
    }
  }
}

TEST_F(ReplaceFileFaults, ADiskThatFailsForGoodLeavesTheOldOrTheNew) {
  const int64_t calls = CallsOfOneReplace();
  for (int64_t at = 1; at <= calls; ++at) {
    std::filesystem::remove_all(folder_);
    ASSERT_TRUE(os_.MakeFolders(folder_));
    ASSERT_TRUE(ReplaceFile(os_, At("a"), kOld));
    FaultyFiles faulty(os_, {Fault::Kind::kFailFrom, at, ErrorCode::kIo});
    EXPECT_FALSE(Replace(faulty, At("a")));
    EXPECT_EQ(ReadAll("a"), at == calls ? kNew : kOld) << at;
    EXPECT_LE(Names().size(), 2U);  // the temporary file could not be removed
  }
}

TEST_F(ReplaceFileFaults, AProcessKilledAnywhereLeavesTheOldOrTheNew) {
  const int64_t calls = CallsOfOneReplace();
  for (int64_t at = 1; at <= calls + 1; ++at) {
    std::filesystem::remove_all(folder_);
    ASSERT_TRUE(os_.MakeFolders(folder_));
    ASSERT_TRUE(ReplaceFile(os_, At("a"), kOld));
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      FaultyFiles killing(os_, {Fault::Kind::kKill, at, ErrorCode::kIo});
      ::_exit(Replace(killing, At("a")) ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), at <= calls ? FaultyFiles::kKilledStatus : 0);
    EXPECT_EQ(ReadAll("a"), at >= calls ? kNew : kOld) << "killed in call " << at;
    EXPECT_TRUE(Replace(os_, At("a"))) << "the next start can write again";
    EXPECT_EQ(ReadAll("a"), kNew);
  }
}

TEST_F(FilesTest, FaultyFilesCountAndFailEveryKindOfCall) {
  Write("a", "x");
  const std::vector<std::function<bool(Files&)>> all = {
      [&](Files& files) { return files.Map(At("a")).has_value(); },
      [&](Files& files) { return files.Read(At("a"), 10).has_value(); },
      [&](Files& files) { return files.Create(At("b"), 0644).has_value(); },
      [&](Files& files) { return files.Rename(At("b"), At("c")).has_value(); },
      [&](Files& files) { return files.Remove(At("c")).has_value(); },
      [&](Files& files) { return files.OpenEnd(At("e"), 0644).has_value(); },
      [&](Files& files) { return files.SyncFolder(folder_).has_value(); },
      [&](Files& files) { return files.MakeFolders(At("d")).has_value(); },
      [&](Files& files) { return files.RemoveFolder(At("d")).has_value(); },
      [&](Files& files) { return files.Stat(At("a")).has_value(); },
      [&](Files& files) { return files.List(folder_).has_value(); },
  };
  ASSERT_TRUE(os_.MakeFolders(At("d")));
  FaultyFiles counting(os_), failing(os_, {Fault::Kind::kFailFrom, 1, ErrorCode::kIo});
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_FALSE(all[i](failing)) << i;
    EXPECT_TRUE(all[i](counting)) << i;
    EXPECT_EQ(counting.calls(), static_cast<int64_t>(i) + 1);
  }
}

TEST_F(FilesTest, AFaultyAppendWritesHalf) {
  FaultyFiles faulty(os_, {Fault::Kind::kFailOnce, 2, ErrorCode::kResourceExhausted});
  const auto file = faulty.Create(At("a"), 0644).value();
  const auto written = file->Append(AsBytes("123456"));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message(), "injected fault: cannot write");
  EXPECT_EQ(ReadAll("a"), "123");
  EXPECT_TRUE(file->Sync());
}

TEST_F(FilesTest, AFaultyRemoveFolderRemovesHalf) {
  ASSERT_TRUE(os_.MakeFolders(At("x")));
  for (const char* name : {"x/a", "x/b", "x/c", "x/d"}) Write(name, name);
  FaultyFiles faulty(os_, {Fault::Kind::kFailOnce, 1, ErrorCode::kIo});
  EXPECT_FALSE(faulty.RemoveFolder(At("x")));
  EXPECT_EQ(os_.List(At("x")).value(), (std::vector<std::string>{"c", "d"}));
  EXPECT_TRUE(faulty.RemoveFolder(At("x")));
  EXPECT_FALSE(os_.Exists(At("x")));
}

}  // namespace
}  // namespace walchen::base
