// SPDX-License-Identifier: Apache-2.0
//
// A Files for tests: passes every call on to another one, counts them, and at the n-th fails or ends the process.
//
// A test runs once without a fault to learn how many calls there are, then once for each of them. Appends and Syncs of
// its files count too; an Append that fails or dies writes the first half of its bytes, as a full disk or a power cut
// would, and a RemoveFolder that fails or dies removes the first half of what is in the folder.
#pragma once

#include <atomic>

#include "base/files.h"

namespace walchen::base {

struct Fault {
  enum class Kind {
    kNone,
    kFailOnce,  // this call fails, later ones work
    kFailFrom,  // this call and all later ones fail
    kKill,      // the process ends in this call, without flushing anything, with FaultyFiles::kKilledStatus
  };
  Kind kind = Kind::kNone;
  int64_t at_call = 0;  // the first call is 1
  ErrorCode code = ErrorCode::kIo;
};

// Thread-safe. `inner` must outlive it and the files it opens.
class FaultyFiles : public Files {
 public:
  static constexpr int kKilledStatus = 86;  // no other part of Walchen exits with it

  explicit FaultyFiles(Files& inner, Fault fault = {}) : inner_(inner), fault_(fault) {}

  int64_t calls() const { return calls_; }

  Result<std::unique_ptr<MappedFile>> Map(const Path& path) override;
  Result<std::string> Read(const Path& path, uint64_t max_bytes) override;
  Result<std::string> ReadAt(const Path& path, uint64_t offset, uint64_t max_bytes) override;
  Result<std::unique_ptr<WritableFile>> Create(const Path& path, uint32_t mode) override;
  Result<std::unique_ptr<WritableFile>> OpenEnd(const Path& path, uint32_t mode) override;
  Result<void> Rename(const Path& from, const Path& to) override;
  Result<void> Remove(const Path& path) override;
  Result<void> RemoveFolder(const Path& path) override;
  Result<void> SyncFolder(const Path& path) override;
  Result<void> MakeFolders(const Path& path) override;
  Result<FileInfo> Stat(const Path& path) override;
  Result<Path> Resolve(const Path& path) override;
  Result<std::vector<std::string>> List(const Path& folder) override;

 private:
  class FaultyWritable;

  // Counts a call; true if it is to fail. `before_dying` runs first where the process is to end.
  bool Fails(const std::function<void()>& before_dying = nullptr);
  tl::unexpected<Error> Failure(std::string_view action) const;

  Files& inner_;
  Fault fault_;
  std::atomic<int64_t> calls_ = 0;
};

}  // namespace walchen::base
