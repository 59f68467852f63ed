// SPDX-License-Identifier: Apache-2.0
//
// SQLite's way to the disk with faults, as base/faulty_files.h is for ours: counts the calls that change files, and
// from the n-th on fails them as a full disk does, or ends the process in the n-th. For tests only.
//
// It stays registered once it is there, so use it in a process of its own (fork).
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstring>

#include <sqlite3.h>

namespace walchen::ledger {

class FaultyDisk {
 public:
  enum class Kind { kNone, kFull, kKill };
  static constexpr int kKilledStatus = 86;

  // From now on, for databases that are opened later.
  static void Install(Kind kind, int64_t at_call) {
    State& state = Get();
    state = {.inner = sqlite3_vfs_find(nullptr), .kind = kind, .at_call = at_call};
    static sqlite3_vfs vfs;
    vfs = *state.inner;
    vfs.zName = "faulty";
    vfs.szOsFile = static_cast<int>(sizeof(File)) + state.inner->szOsFile;
    vfs.pNext = nullptr;
    vfs.xOpen = Open;
    vfs.xDelete = [](sqlite3_vfs*, const char* name, int sync) {
      return Fails() ? SQLITE_IOERR_DELETE : Get().inner->xDelete(Get().inner, name, sync);
    };
    sqlite3_vfs_register(&vfs, /*makeDflt=*/1);
  }

  static int64_t calls() { return Get().calls; }

 private:
  struct State {
    sqlite3_vfs* inner = nullptr;
    Kind kind = Kind::kNone;
    int64_t at_call = 0;
    int64_t calls = 0;
  };
  // Behind it in memory lies the file of the inner VFS.
  struct File {
    sqlite3_file base;
    sqlite3_file* inner;
  };

  static State& Get() {
    static State state;
    return state;
  }
  static sqlite3_file* Inner(sqlite3_file* file) { return reinterpret_cast<File*>(file)->inner; }

  static bool Fails() {
    State& state = Get();
    if (++state.calls < state.at_call) return false;
    if (state.kind == Kind::kKill) ::_exit(kKilledStatus);
    return state.kind == Kind::kFull;
  }

  static int Write(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
    if (Get().kind != Kind::kNone && Get().calls + 1 == Get().at_call) {
      // Half of it, as a full disk and a power cut do.
      Inner(file)->pMethods->xWrite(Inner(file), bytes, size / 2, offset);
    }
    return Fails() ? SQLITE_FULL : Inner(file)->pMethods->xWrite(Inner(file), bytes, size, offset);
  }

  static int Open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    auto* outer = reinterpret_cast<File*>(file);
    outer->inner = reinterpret_cast<sqlite3_file*>(outer + 1);
    outer->base.pMethods = nullptr;
    const int status = Get().inner->xOpen(Get().inner, name, outer->inner, flags, out_flags);
    if (status == SQLITE_OK) outer->base.pMethods = &Methods();
    return status;
  }

  static const sqlite3_io_methods& Methods() {
    static const sqlite3_io_methods methods = {
        .iVersion = 2,
        .xClose = [](sqlite3_file* f) { return Inner(f)->pMethods->xClose(Inner(f)); },
        .xRead = [](sqlite3_file* f, void* to, int size,
                    sqlite3_int64 at) { return Inner(f)->pMethods->xRead(Inner(f), to, size, at); },
        .xWrite = Write,
        .xTruncate =
            [](sqlite3_file* f, sqlite3_int64 size) {
              return Fails() ? SQLITE_IOERR_TRUNCATE : Inner(f)->pMethods->xTruncate(Inner(f), size);
            },
        .xSync = [](sqlite3_file* f,
                    int flags) { return Fails() ? SQLITE_IOERR_FSYNC : Inner(f)->pMethods->xSync(Inner(f), flags); },
        .xFileSize = [](sqlite3_file* f, sqlite3_int64* size) { return Inner(f)->pMethods->xFileSize(Inner(f), size); },
        .xLock = [](sqlite3_file* f, int level) { return Inner(f)->pMethods->xLock(Inner(f), level); },
        .xUnlock = [](sqlite3_file* f, int level) { return Inner(f)->pMethods->xUnlock(Inner(f), level); },
        .xCheckReservedLock = [](sqlite3_file* f,
                                 int* out) { return Inner(f)->pMethods->xCheckReservedLock(Inner(f), out); },
        .xFileControl = [](sqlite3_file* f, int what,
                           void* out) { return Inner(f)->pMethods->xFileControl(Inner(f), what, out); },
        .xSectorSize = [](sqlite3_file* f) { return Inner(f)->pMethods->xSectorSize(Inner(f)); },
        .xDeviceCharacteristics = [](sqlite3_file* f) { return Inner(f)->pMethods->xDeviceCharacteristics(Inner(f)); },
        .xShmMap = [](sqlite3_file* f, int page, int size, int extend,
                      void volatile** out) { return Inner(f)->pMethods->xShmMap(Inner(f), page, size, extend, out); },
        .xShmLock = [](sqlite3_file* f, int at, int count,
                       int flags) { return Inner(f)->pMethods->xShmLock(Inner(f), at, count, flags); },
        .xShmBarrier = [](sqlite3_file* f) { Inner(f)->pMethods->xShmBarrier(Inner(f)); },
        .xShmUnmap = [](sqlite3_file* f, int remove) { return Inner(f)->pMethods->xShmUnmap(Inner(f), remove); },
        .xFetch = nullptr,
        .xUnfetch = nullptr,
    };
    return methods;
  }
};

}  // namespace walchen::ledger
