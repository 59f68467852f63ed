// SPDX-License-Identifier: Apache-2.0
//
// The worker is this program with the hidden sub-command, and formats of its own that misbehave.
#include "data/extract_worker.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "data/extract_wire.h"
#include "data/test_extract.h"
#include "data/test_pictures.h"
#include "data/tool.h"

namespace walchen::data {
namespace {

#if defined(__SANITIZE_ADDRESS__)
#define WALCHEN_UNDER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WALCHEN_UNDER_ASAN 1
#endif
#endif

Result<void> Crash(const Source&, Extraction&) {
  ::signal(SIGSEGV, SIG_DFL);
  ::raise(SIGSEGV);
  return {};
}

Result<void> KillItself(const Source&, Extraction&) {
  ::raise(SIGKILL);
  return {};
}

Result<void> Sleep(const Source&, Extraction&) {
  for (;;) ::pause();
}

Result<void> SleepInATool(const Source&, Extraction&) {
  const auto slept = RunTool({"sleep", "1000"}, "", "coreutils");
  return slept ? Result<void>() : tl::unexpected(slept.error());
}

Result<void> Spin(const Source&, Extraction&) {
  for (volatile uint64_t i = 0;;) i = i + 1;
}

Result<void> Allocate(const Source&, Extraction&) {
  std::vector<std::string> all;
  for (;;) all.emplace_back(16'777'216, 'x');
}

// Gives a text that says what happened when it tried to reach the port that its content names.
Result<void> Connect(const Source& source, Extraction& extraction) {
  Part part;
  for (const int family : {AF_INET, AF_INET6, AF_UNIX}) {
    const int number = ::socket(family, SOCK_STREAM, 0);
    part.text += fmt::format("socket of family {}: {}\n", family, number < 0 ? errno : 0);
  }
  // A program that it starts is no way out.
  const auto tool = RunTool({"bash", "-c", fmt::format("exec 3<>/dev/tcp/127.0.0.1/{}", source.bytes)}, "", "bash");
  part.text += tool ? "the tool connected\n" : "the tool did not connect\n";
  return extraction.Give(source, std::move(part));
}

// Gives a text that says whether it could make a file where its content says.
Result<void> MakeFile(const Source& source, Extraction& extraction) {
  Part part;
  const int made = ::open(std::string(source.bytes).c_str(), O_CREAT | O_WRONLY, 0600);
  part.text = made < 0 ? "refused" : "made";
  const int null_device = ::open("/dev/null", O_WRONLY);
  part.text += null_device < 0 ? ", no /dev/null" : ", with /dev/null";
  return extraction.Give(source, std::move(part));
}

// Every way to change a file that is there without writing into it.
Result<void> EmptyFile(const Source& source, Extraction& extraction) {
  const std::string path(source.bytes);
  Part part;
  part.text = ::truncate(path.c_str(), 0) == 0 ? "truncated" : "kept";
  part.text += ::open(path.c_str(), O_RDONLY | O_TRUNC) >= 0 ? " emptied" : " kept";
  part.text += ::open(path.c_str(), O_WRONLY | O_TRUNC) >= 0 ? " emptied" : " kept";
  part.text += ::chmod(path.c_str(), 0) == 0 ? " changed" : " kept";
  part.text += ::open(path.c_str(), O_RDONLY) >= 0 ? " readable" : " gone";
  return extraction.Give(source, std::move(part));
}

std::vector<Format> MisbehavingFormats() {
  std::vector<Format> formats = {
      {"test/crash", ".crash", nullptr, false, Crash},       {"test/kill", ".kill", nullptr, false, KillItself},
            {"test/sleep", ".sleep", nullptr, false, Sleep},
      {"test/tool", ".tool", nullptr, false, SleepInATool},  {"test/spin", ".spin", nullptr, false, Spin},
      {"test/memory", ".memory", nullptr, false, Allocate},  {"test/network", ".connect", nullptr, false, Connect},
      {"test/file", ".write", nullptr, false, MakeFile},    {"test/truncate", ".empty", nullptr, false, EmptyFile},
  };
  formats.insert(formats.end(), Formats().begin(), Formats().end());
  return formats;
}

class ExtractWorkerTest : public testing::Test {
 protected:
  base::Path Put(const std::string& name, std::string_view content) {
    EXPECT_TRUE(base::ReplaceFile(base::Files::Os(), folder_ / name, content));
    return folder_ / name;
  }

  std::vector<Part> PartsOf(const base::Path& file) {
    std::vector<Part> parts;
    const auto extracted = worker_->Extract(file, [&](Part part) -> Result<void> {
      ExpectWellFormed(part);
      parts.push_back(std::move(part));
      return {};
    });
    EXPECT_TRUE(extracted) << extracted.error().ToString();
    EXPECT_FALSE(parts.empty());
    return parts;
  }

  std::string ReasonOf(const std::string& name, std::string_view content = "x") {
    const std::vector<Part> parts = PartsOf(Put(name, content));
    EXPECT_EQ(parts.size(), 1u);
    return parts.empty() ? "" : parts[0].quarantine;
  }

  void Use(ExtractWorker::Options options) { worker_.emplace(std::move(options)); }

  base::TestFolder folder_;
  std::optional<ExtractWorker> worker_{std::in_place};
};

TEST_F(ExtractWorkerTest, ReadsFilesInOneChild) {
  const auto parts = PartsOf(Put("a.zip", ArchiveOf({{"x.txt", "eins"}, {"y.html", "<title>T</title><p>zwei"}})));
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].inner_path, "x.txt");
  EXPECT_EQ(parts[0].text, "eins");
  EXPECT_EQ(parts[1].title, "T");
  EXPECT_EQ(PartsOf(Put("b.txt", "drei")).at(0).text, "drei");
  EXPECT_EQ(worker_->started(), 1u);
}

TEST_F(ExtractWorkerTest, TheWorkerSaysTheSameAsTheReaders) {
  const std::string html =
      "<html lang=de><title>T</title><p>eins<img src=a alt=b><a rel=license href=MIT>x</a><meta name=noai content=1>";
  std::vector<Part> here = data::PartsOf("a.html", html);
  EXPECT_EQ(PartsOf(Put("a.html", html)), here);
}

TEST_F(ExtractWorkerTest, PicturesNeedNeitherNetworkNorFilesToWriteTo) {
  const std::vector<std::pair<std::string, std::string>> files = {
      {"pumpe.png", TestPng()},
      {"pumpe.jpg", TestJpeg()},
      {"pumpe.svg", "<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><circle r='5'/><text y='9'>P1</text></svg>"},
      {"set.json", R"({"prefix": "x", "icons": {"pump": {"body": "<path d='M0 0h8v8z'/>"}}})"}};
  for (const auto& [name, bytes] : files) {
    const std::vector<Part> parts = PartsOf(Put(name, bytes));
    ASSERT_EQ(parts.size(), 1u) << name;
    EXPECT_EQ(parts[0].quarantine, "") << name;
    EXPECT_EQ(parts[0].kind, PartKind::kPicture);
    EXPECT_EQ(parts, data::PartsOf(name, bytes)) << name;
  }
  EXPECT_EQ(worker_->started(), 1u);
}

TEST_F(ExtractWorkerTest, AFileThatIsNotThereIsQuarantined) {
  const auto parts = PartsOf(folder_ / "none.txt");
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_NE(parts[0].quarantine.find("none.txt"), std::string::npos) << parts[0].quarantine;
}

TEST_F(ExtractWorkerTest, ACrashIsAReasonAndTheNextFileIsRead) {
  EXPECT_EQ(ReasonOf("a.crash"), "its reader crashed (signal 11)");
  EXPECT_EQ(PartsOf(Put("b.txt", "weiter")).at(0).text, "weiter");
  EXPECT_EQ(worker_->started(), 2u);
}

TEST_F(ExtractWorkerTest, ACrashInAnArchiveCostsOneEntry) {
  const std::string inner = ArchiveOf({{"1.txt", "eins"}, {"2.crash", "x"}, {"3.txt", "drei"}});
  const auto parts =
      PartsOf(Put("a.zip", ArchiveOf({{"0.txt", "null"}, {"m.zip", inner}, {"4.crash", "x"}, {"5.txt", "fuenf"}})));
  std::vector<std::string> found;
  for (const Part& part : parts) found.push_back(part.inner_path + "=" + part.text + part.quarantine.substr(0, 18));
  EXPECT_EQ(found, (std::vector<std::string>{"0.txt=null", "m.zip/1.txt=eins", "m.zip/2.crash=its reader crashed",
                                             "m.zip/3.txt=drei", "4.crash=its reader crashed", "5.txt=fuenf"}));
  EXPECT_EQ(worker_->started(), 3u);
}

TEST_F(ExtractWorkerTest, AnArchiveOfCrashesEnds) {
  std::vector<TestEntry> entries;
  for (int i = 0; i < 40; ++i) entries.push_back({fmt::format("{}.crash", i), "x"});
  const auto parts = PartsOf(Put("a.zip", ArchiveOf(entries)));
  EXPECT_EQ(parts.size(), static_cast<size_t>(base::kExtractMaxRestarts) + 1);
  EXPECT_EQ(parts.back().inner_path, "");
}

TEST_F(ExtractWorkerTest, OneThatSleepsIsEndedWithItsTools) {
  Use({.wall_ms_max = 300});
  EXPECT_EQ(ReasonOf("a.sleep"), "reading it takes more than 300 ms");
  EXPECT_EQ(ReasonOf("a.tool"), "reading it takes more than 300 ms");
  EXPECT_EQ(worker_->pid(), 0);
}

TEST_F(ExtractWorkerTest, OneThatComputesForEverIsEnded) {
  Use({.cpu_max_seconds = 1});
  EXPECT_EQ(ReasonOf("a.spin"), "reading it takes more than 1 s");
  EXPECT_EQ(PartsOf(Put("b.txt", "weiter")).at(0).text, "weiter");
}

#ifndef WALCHEN_UNDER_ASAN  // which keeps the limits of memory itself
TEST_F(ExtractWorkerTest, OneThatEatsMemoryIsEnded) {
  Use({.memory_max_bytes = 500'000'000});
  EXPECT_EQ(ReasonOf("a.memory"), "reading it takes more than 500000000 bytes of memory");
  EXPECT_EQ(PartsOf(Put("b.txt", "weiter")).at(0).text, "weiter");
}
#endif

TEST_F(ExtractWorkerTest, OneThatIsKilledIsReplaced) {
  EXPECT_EQ(ReasonOf("a.kill"), "its reader crashed (signal 9)");
  EXPECT_EQ(PartsOf(Put("a.txt", "eins")).at(0).text, "eins");
  ASSERT_EQ(::kill(worker_->pid(), SIGKILL), 0);
  siginfo_t info = {};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(worker_->pid()), &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(PartsOf(Put("b.txt", "zwei")).at(0).text, "zwei");
  EXPECT_EQ(worker_->started(), 3u);
}

TEST_F(ExtractWorkerTest, NeitherItNorItsToolsReachAnOpenPort) {
  const int listening = ::socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_GE(listening, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  ASSERT_EQ(::bind(listening, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(listening, 1), 0);
  ASSERT_EQ(::getsockname(listening, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string port = std::to_string(ntohs(address.sin_port));
  // Without a worker the same reader gets through: so the test can fail.
  EXPECT_EQ(data::PartsOf("a.connect", port, MisbehavingFormats()).at(0).text,
            fmt::format("socket of family {}: 0\nsocket of family {}: 0\nsocket of family {}: 0\nthe tool connected\n",
                        AF_INET, AF_INET6, AF_UNIX));
  EXPECT_EQ(PartsOf(Put("a.connect", port)).at(0).text,
            fmt::format(
                "socket of family {}: {}\nsocket of family {}: {}\nsocket of family {}: {}\nthe tool did not connect\n",
                AF_INET, EPERM, AF_INET6, EPERM, AF_UNIX, EPERM));
  ::close(listening);
}

TEST_F(ExtractWorkerTest, NothingIsWritten) {
  if (::syscall(SYS_landlock_create_ruleset, nullptr, 0, LANDLOCK_CREATE_RULESET_VERSION) < 1) {
    GTEST_SKIP() << "no Landlock in this kernel";
  }
  const std::string target = (folder_ / "made").string();
  EXPECT_EQ(PartsOf(Put("a.write", target)).at(0).text, "refused, with /dev/null");
  EXPECT_EQ(data::PartsOf("a.write", target, MisbehavingFormats()).at(0).text, "made, with /dev/null");
}

TEST_F(ExtractWorkerTest, NoFileIsEmptiedOrChanged) {
  const base::Path target = Put("ledger", "of value");
  EXPECT_EQ(PartsOf(Put("a.empty", target.native())).at(0).text, "kept kept kept kept readable");
  EXPECT_EQ(base::Files::Os().Read(target, 100).value(), "of value");
}

TEST_F(ExtractWorkerTest, APageThatAParserTakesForEverIsRefused) {
  Use({.cpu_max_seconds = 1});
  std::string html;
  for (int i = 0; i < 300'000; ++i) html += "<b><div>";
  const auto parts = PartsOf(Put("a.html", html + "tief"));
  ASSERT_EQ(parts.size(), 1u);
  EXPECT_EQ(parts[0].quarantine, "reading it takes more than 1 s");
  EXPECT_EQ(PartsOf(Put("b.txt", "weiter")).at(0).text, "weiter");
}

TEST_F(ExtractWorkerTest, NamesInArchivesAreUtf8) {
  std::string zip = ArchiveOf({{"Gr\xC3\xBC\xC3\x9F" "e/\xC3\xA4.txt", "x"}, {"~l.txt", "y"}});
  std::ranges::replace(zip, '~', '\x99');  // as DOS writes Ö, in both places of the name
  const auto parts = PartsOf(Put("a.zip", zip));
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_EQ(parts[0].inner_path, "Grüße/ä.txt");
  EXPECT_EQ(parts[1].inner_path, "Öl.txt");
}

TEST_F(ExtractWorkerTest, AnErrorOfTheOneWhoTakesComesBack) {
  const base::Path file = Put("a.zip", ArchiveOf({{"x.txt", "x"}, {"y.txt", "y"}}));
  const auto extracted = worker_->Extract(file, [](Part) -> Result<void> { return Fail(ErrorCode::kIo, "full"); });
  ASSERT_FALSE(extracted);
  EXPECT_EQ(extracted.error().message(), "full");
  EXPECT_EQ(PartsOf(file).size(), 2u);
}

TEST_F(ExtractWorkerTest, AProgramThatIsNoWorkerIsAnErrorOrAReason) {
  Use({.program = "/no/such/program"});
  EXPECT_FALSE(worker_->Extract(Put("a.txt", "x"), [](Part) -> Result<void> { return {}; }));
  Use({.program = "/bin/true", .arguments = {}});
  EXPECT_EQ(ReasonOf("a.txt"), "its reader ended with 0");
}

TEST_F(ExtractWorkerTest, WithoutASandboxNothingIsRead) {
  Use({.program = "/bin/sh", .arguments = {"-c", "exit 78"}});
  const auto extracted = worker_->Extract(Put("a.txt", "x"), [](Part) -> Result<void> { return {}; });
  ASSERT_FALSE(extracted);
  EXPECT_NE(extracted.error().message().find("seccomp"), std::string::npos) << extracted.error().message();
}

TEST_F(ExtractWorkerTest, AnAnswerWithoutEndIsARefusal) {
  // Its socket is the descriptor 3: a length of 2^63 and more.
  Use({.program = "/bin/sh", .arguments = {"-c", "printf '\\377\\377\\377\\377\\377\\377\\377\\377' >&3; sleep 100"}});
  const std::string reason = ReasonOf("a.txt");
  EXPECT_NE(reason.find("answered with 18446744073709551615 bytes"), std::string::npos) << reason;
  Use({.program = "/bin/sh", .arguments = {"-c", "printf '\\2\\0\\0\\0\\0\\0\\0\\0ab' >&3; sleep 100"}});
  EXPECT_NE(ReasonOf("a.txt").find("expected a kind of frame"), std::string::npos);
}

Part FullPart() {
  Part part;
  part.inner_path = "a/b";
  part.sha256 = std::string(64, 'a');
  part.media_type = "text/plain";
  part.kind = PartKind::kSignal;
  part.text = "Grüße";
  part.content = std::string("\0\xff", 2);
  part.spans = {{0, 2, {Place::Kind::kPage, 3, 0, ""}}, {2, 7, {Place::Kind::kCells, 0, 0, "Blatt!A1"}}};
  part.title = "T";
  part.language = "de";
  part.captions = {{"x.png", "Bild"}};
  part.licences = {{"License", "MIT"}};
  part.opt_outs = {{"tdmrep", "tdm-reservation", "1"}};
  part.notes = {"n"};
  return part;
}

TEST(ExtractWire, WhatIsWrittenIsRead) {
  EXPECT_EQ(ReadPart(WritePart(FullPart())).value(), FullPart());
  const ExtractRequest request = {"/a/b", "c", 4, 5, 6, {{"x/y", 7}}, {"usr/share/doc/*"}};
  EXPECT_EQ(ReadRequest(WriteRequest(request)).value(), request);
  EXPECT_EQ(ReadEntered(WriteEntered("a")).value(), "a");
}

TEST(ExtractWire, CutOrChangedFramesAreRefusedOrStillWellFormed) {
  const std::string frame = WritePart(FullPart());
  for (size_t size = 0; size < frame.size(); ++size) EXPECT_FALSE(ReadPart(frame.substr(0, size))) << size;
  EXPECT_FALSE(ReadPart(frame + "x"));
  for (size_t i = 0; i < frame.size(); ++i) {
    std::string changed = frame;
    changed[i] = static_cast<char>(changed[i] ^ 0x80);
    if (const auto part = ReadPart(changed)) {
      for (const Span& span : part->spans) EXPECT_LE(span.end, part->text.size());
    }
  }
}

}  // namespace
}  // namespace walchen::data

int main(int argc, char** argv) {
  if (argc == 2 && argv[1] == walchen::data::kExtractWorkerCommand) {
    const auto formats = walchen::data::MisbehavingFormats();
    return walchen::data::RunExtractWorker(formats);
  }
  std::setlocale(LC_CTYPE, "C.UTF-8");  // for the archives' names, as in a worker
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
