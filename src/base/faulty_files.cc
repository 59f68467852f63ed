// SPDX-License-Identifier: Apache-2.0
#include "base/faulty_files.h"

#include <unistd.h>

namespace walchen::base {

class FaultyFiles::FaultyWritable : public WritableFile {
 public:
  FaultyWritable(FaultyFiles& files, std::unique_ptr<WritableFile> inner) : files_(files), inner_(std::move(inner)) {}

  Result<void> Append(Bytes bytes) override {
    const auto write_half = [&] { (void)inner_->Append(bytes.first(bytes.size() / 2)); };
    if (!files_.Fails(write_half)) return inner_->Append(bytes);
    write_half();
    return files_.Failure("write");
  }

  Result<void> Sync() override {
    if (files_.Fails()) return files_.Failure("sync");
    return inner_->Sync();
  }

 private:
  FaultyFiles& files_;
  std::unique_ptr<WritableFile> inner_;
};

bool FaultyFiles::Fails(const std::function<void()>& before_dying) {
  const int64_t call = ++calls_;
  switch (fault_.kind) {
    case Fault::Kind::kNone: return false;
    case Fault::Kind::kFailOnce: return call == fault_.at_call;
    case Fault::Kind::kFailFrom: return call >= fault_.at_call;
    case Fault::Kind::kKill: break;
  }
  if (call != fault_.at_call) return false;
  if (before_dying) before_dying();
  ::_exit(kKilledStatus);
}

tl::unexpected<Error> FaultyFiles::Failure(std::string_view action) const {
  return Fail(fault_.code, "injected fault: cannot {}", action);
}

Result<std::unique_ptr<MappedFile>> FaultyFiles::Map(const Path& path) {
  if (Fails()) return Failure("map");
  return inner_.Map(path);
}

Result<std::string> FaultyFiles::Read(const Path& path, uint64_t max_bytes) {
  if (Fails()) return Failure("read");
  return inner_.Read(path, max_bytes);
}

Result<std::string> FaultyFiles::ReadAt(const Path& path, uint64_t offset, uint64_t max_bytes) {
  if (Fails()) return Failure("read");
  return inner_.ReadAt(path, offset, max_bytes);
}

Result<std::unique_ptr<WritableFile>> FaultyFiles::Create(const Path& path, uint32_t mode) {
  if (Fails()) return Failure("create");
  TRY_ASSIGN(auto file, inner_.Create(path, mode));
  return std::unique_ptr<WritableFile>(std::make_unique<FaultyWritable>(*this, std::move(file)));
}

Result<std::unique_ptr<WritableFile>> FaultyFiles::OpenEnd(const Path& path, uint32_t mode) {
  if (Fails()) return Failure("open");
  TRY_ASSIGN(auto file, inner_.OpenEnd(path, mode));
  return std::unique_ptr<WritableFile>(std::make_unique<FaultyWritable>(*this, std::move(file)));
}

Result<void> FaultyFiles::Rename(const Path& from, const Path& to) {
  if (Fails()) return Failure("rename");
  return inner_.Rename(from, to);
}

Result<void> FaultyFiles::Remove(const Path& path) {
  if (Fails()) return Failure("remove");
  return inner_.Remove(path);
}

Result<void> FaultyFiles::RemoveFolder(const Path& path) {
  const auto remove_half = [&] {
    const auto names = inner_.List(path);
    for (size_t i = 0; names && i < names->size() / 2; ++i) (void)inner_.Remove(path / (*names)[i]);
  };
  if (!Fails(remove_half)) return inner_.RemoveFolder(path);
  remove_half();
  return Failure("remove folder");
}

Result<void> FaultyFiles::SyncFolder(const Path& path) {
  if (Fails()) return Failure("sync folder");
  return inner_.SyncFolder(path);
}

Result<void> FaultyFiles::MakeFolders(const Path& path) {
  if (Fails()) return Failure("make folders");
  return inner_.MakeFolders(path);
}

Result<FileInfo> FaultyFiles::Stat(const Path& path) {
  if (Fails()) return Failure("find");
  return inner_.Stat(path);
}

Result<Path> FaultyFiles::Resolve(const Path& path) {
  if (Fails()) return Failure("find");
  return inner_.Resolve(path);
}

Result<std::vector<std::string>> FaultyFiles::List(const Path& folder) {
  if (Fails()) return Failure("list");
  return inner_.List(folder);
}

}  // namespace walchen::base
