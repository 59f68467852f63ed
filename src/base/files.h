// SPDX-License-Identifier: Apache-2.0
//
// The one seam to the file system. Everything Walchen reads or writes goes through a Files, so that a test can fail or
// kill the n-th call (base/faulty_files.h) and see that nothing acknowledged is lost and nothing is half-written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace walchen::base {

using Path = std::filesystem::path;

// A file mapped read-only. The bytes live as long as this object. Thread-safe.
class MappedFile {
 public:
  virtual ~MappedFile() = default;
  virtual Bytes bytes() const = 0;
  // Tells the kernel that these bytes were read for the last time, so that they stop counting as resident memory.
  virtual void DropResident(uint64_t offset, uint64_t size) const = 0;
};

// A file that is being written, front to back. Not thread-safe. Closing without Sync promises nothing.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual Result<void> Append(Bytes bytes) = 0;
  // On the disk after this returns. After a failure the file is lost: write a new one, do not call Sync again
  // (the kernel may have dropped the dirty pages and report success next time).
  virtual Result<void> Sync() = 0;
};

struct FileInfo {
  uint64_t size = 0;
  bool is_folder = false;
  int64_t modified_s = 0;  // when it was last written, in seconds since 1970-01-01 UTC
};

// Thread-safe. Errors: kNotFound, kPermissionDenied, kAlreadyExists, kResourceExhausted (disk full), kIo,
// kInvalidArgument (a folder where a file was expected).
class Files {
 public:
  virtual ~Files() = default;

  // The real file system.
  static Files& Os();

  virtual Result<std::unique_ptr<MappedFile>> Map(const Path& path) = 0;
  // The whole file; kTooLarge above max_bytes, before anything is allocated.
  virtual Result<std::string> Read(const Path& path, uint64_t max_bytes) = 0;
  // At most max_bytes of a file from `offset` on; fewer, perhaps none, where it ends before. For files that grow, or
  // that somebody may cut meanwhile.
  virtual Result<std::string> ReadAt(const Path& path, uint64_t offset, uint64_t max_bytes) = 0;
  // A new file; kAlreadyExists if there is one. `mode` are the permission bits.
  virtual Result<std::unique_ptr<WritableFile>> Create(const Path& path, uint32_t mode = 0644) = 0;
  // A file that is written on at its end; a new one if there is none.
  virtual Result<std::unique_ptr<WritableFile>> OpenEnd(const Path& path, uint32_t mode = 0644) = 0;
  // A file or a folder; what stands at `to` is replaced, but a folder there must be empty (else kAlreadyExists).
  virtual Result<void> Rename(const Path& from, const Path& to) = 0;
  // A file or an empty folder.
  virtual Result<void> Remove(const Path& path) = 0;
  // A folder with all that is in it. Links are removed, not followed. No one step: what is left after a crash is some of
  // it, so a folder that must be whole or gone is renamed first.
  virtual Result<void> RemoveFolder(const Path& path) = 0;
  // Makes renames and creations in this folder durable.
  virtual Result<void> SyncFolder(const Path& path) = 0;
  // The folder and its parents; fine if they exist.
  virtual Result<void> MakeFolders(const Path& path) = 0;
  virtual Result<FileInfo> Stat(const Path& path) = 0;
  // Where it really is: absolute, every link followed.
  virtual Result<Path> Resolve(const Path& path) = 0;
  // Names in a folder, sorted.
  virtual Result<std::vector<std::string>> List(const Path& folder) = 0;

  bool Exists(const Path& path) { return Stat(path).has_value(); }
};

// Replaces `path` so that after any crash it is the old file or the whole new one, never a mixture: writes
// `path`.tmp-PID-N beside it, syncs, renames, syncs the folder. `write` appends the content.
Result<void> ReplaceFile(Files& files, const Path& path, uint32_t mode,
                         const std::function<Result<void>(WritableFile&)>& write);
Result<void> ReplaceFile(Files& files, const Path& path, std::string_view content, uint32_t mode = 0644);

}  // namespace walchen::base
