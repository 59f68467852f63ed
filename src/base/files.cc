// SPDX-License-Identifier: Apache-2.0
#include "base/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/errno_code.h"

namespace walchen::base {
namespace {

tl::unexpected<Error> FailErrno(std::string_view action, const Path& path, int error) {
  return Fail(CodeOfErrno(error), "cannot {} {}: {}", action, path.native(), std::strerror(error));
}

// Not blocking: opening a named pipe would wait for its writer before we could see that it is no file.
constexpr int kReadFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;

// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }
  bool ok() const { return fd_ >= 0; }

 private:
  int fd_;
};

class OsMappedFile : public MappedFile {
 public:
  OsMappedFile(void* data, uint64_t size) : data_(data), size_(size) {}
  OsMappedFile(const OsMappedFile&) = delete;
  OsMappedFile& operator=(const OsMappedFile&) = delete;
  ~OsMappedFile() override {
    if (size_ > 0) ::munmap(data_, size_);
  }

  Bytes bytes() const override { return {static_cast<const std::byte*>(data_), size_}; }

  void DropResident(uint64_t offset, uint64_t size) const override {
    constexpr uint64_t kPage = 4096;
    const uint64_t begin = (offset + kPage - 1) / kPage * kPage;  // whole pages only: neighbours may still be needed
    const uint64_t end = std::min(offset + size, size_) / kPage * kPage;
    if (begin < end) ::madvise(static_cast<char*>(data_) + begin, end - begin, MADV_DONTNEED);
  }

 private:
  void* data_;
  uint64_t size_;
};

class OsWritableFile : public WritableFile {
 public:
  OsWritableFile(int fd, Path path) : fd_(fd), path_(std::move(path)) {}

  Result<void> Append(Bytes bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0) {
        if (errno == EINTR) continue;
        return FailErrno("write", path_, errno);
      }
      bytes = bytes.subspan(static_cast<size_t>(written));
    }
    return {};
  }

  Result<void> Sync() override {
    if (::fsync(fd_.get()) != 0) return FailErrno("sync", path_, errno);
    return {};
  }

 private:
  Descriptor fd_;
  Path path_;
};

class OsFiles : public Files {
 public:
  Result<std::unique_ptr<MappedFile>> Map(const Path& path) override {
    uint64_t size = 0;
    const Descriptor fd(::open(path.c_str(), kReadFlags));
    if (!fd.ok()) return FailErrno("open", path, errno);
    TRY(RegularSize(fd, path, size));
    if (size == 0) return std::unique_ptr<MappedFile>(std::make_unique<OsMappedFile>(nullptr, 0));
    void* data = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
    if (data == MAP_FAILED) return FailErrno("map", path, errno);
    return std::unique_ptr<MappedFile>(std::make_unique<OsMappedFile>(data, size));
  }

  Result<std::string> Read(const Path& path, uint64_t max_bytes) override {
    uint64_t size = 0;
    const Descriptor fd(::open(path.c_str(), kReadFlags));
    if (!fd.ok()) return FailErrno("open", path, errno);
    TRY(RegularSize(fd, path, size));
    if (size > max_bytes) {
      return Fail(ErrorCode::kTooLarge, "{} has {} bytes, at most {} are allowed", path.native(), size, max_bytes);
    }
    return ReadFrom(fd, path, 0, size);
  }

  Result<std::string> ReadAt(const Path& path, uint64_t offset, uint64_t max_bytes) override {
    uint64_t size = 0;
    const Descriptor fd(::open(path.c_str(), kReadFlags));
    if (!fd.ok()) return FailErrno("open", path, errno);
    TRY(RegularSize(fd, path, size));
    return ReadFrom(fd, path, offset, std::min(max_bytes, size - std::min(offset, size)));
  }

  Result<std::unique_ptr<WritableFile>> Create(const Path& path, uint32_t mode) override {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) return FailErrno("create", path, errno);
    return std::unique_ptr<WritableFile>(std::make_unique<OsWritableFile>(fd, path));
  }

  Result<std::unique_ptr<WritableFile>> OpenEnd(const Path& path, uint32_t mode) override {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode);
    if (fd < 0) return FailErrno("open", path, errno);
    return std::unique_ptr<WritableFile>(std::make_unique<OsWritableFile>(fd, path));
  }

  Result<void> Rename(const Path& from, const Path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return FailErrno("rename to", to, errno);
    return {};
  }

  Result<void> Remove(const Path& path) override {
    if (::remove(path.c_str()) != 0) return FailErrno("remove", path, errno);
    return {};
  }

  Result<void> RemoveFolder(const Path& path) override {
    std::error_code error;
    const auto status = std::filesystem::symlink_status(path, error);
    if (error) return FailErrno("remove folder", path, error.value());
    if (!std::filesystem::is_directory(status)) {
      return Fail(ErrorCode::kInvalidArgument, "cannot remove folder {}: it is no folder", path.native());
    }
    std::filesystem::remove_all(path, error);
    if (error) return FailErrno("remove folder", path, error.value());
    return {};
  }

  Result<void> SyncFolder(const Path& path) override {
    const Descriptor fd(::open(path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.ok()) return FailErrno("open folder", path, errno);
    if (::fsync(fd.get()) != 0) return FailErrno("sync folder", path, errno);
    return {};
  }

  Result<void> MakeFolders(const Path& path) override {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return FailErrno("make folder", path, error.value());
    return {};
  }

  Result<FileInfo> Stat(const Path& path) override {
    struct stat info;
    if (::stat(path.c_str(), &info) != 0) return FailErrno("find", path, errno);
    return FileInfo{.size = static_cast<uint64_t>(info.st_size), .is_folder = S_ISDIR(info.st_mode),
                    .modified_s = info.st_mtim.tv_sec};
  }

  Result<Path> Resolve(const Path& path) override {
    std::error_code error;
    Path real = std::filesystem::canonical(path, error);
    if (error) return FailErrno("find", path, error.value());
    return real;
  }

  Result<std::vector<std::string>> List(const Path& folder) override {
    std::error_code error;
    std::vector<std::string> names;
    for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
      names.push_back(it->path().filename().native());
    }
    if (error) return FailErrno("list", folder, error.value());
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  static Result<void> RegularSize(const Descriptor& fd, const Path& path, uint64_t& size) {
    struct stat info;
    if (::fstat(fd.get(), &info) != 0) return FailErrno("examine", path, errno);
    if (S_ISDIR(info.st_mode)) {
      return Fail(ErrorCode::kInvalidArgument, "{} is a folder, expected a file", path.native());
    }
    if (!S_ISREG(info.st_mode)) {
      return Fail(ErrorCode::kInvalidArgument, "{} is no regular file", path.native());
    }
    size = static_cast<uint64_t>(info.st_size);
    return {};
  }

  // `size` bytes, or fewer if the file became shorter since its size was asked.
  static Result<std::string> ReadFrom(const Descriptor& fd, const Path& path, uint64_t offset, uint64_t size) {
    std::string content(size, '\0');
    uint64_t done = 0;
    while (done < size) {
      const ssize_t got = ::pread(fd.get(), content.data() + done, size - done, static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return FailErrno("read", path, errno);
      if (got == 0) break;
      done += static_cast<uint64_t>(got);
    }
    content.resize(done);
    return content;
  }
};

}  // namespace

Files& Files::Os() {
  static OsFiles files;
  return files;
}

namespace {

struct TemporaryFile {
  Path path;
  std::unique_ptr<WritableFile> file;
};

// In a container every start has the same process number, so a name may be taken by what an earlier life left behind.
Result<TemporaryFile> CreateBeside(Files& files, const Path& path, uint32_t mode) {
  constexpr int kAttempts = 1'000;
  static std::atomic<uint64_t> counter = 0;
  for (int attempt = 1;; ++attempt) {
    Path temporary = path.native() + fmt::format(".tmp-{}-{}", ::getpid(), counter.fetch_add(1));
    auto file = files.Create(temporary, mode);
    if (file) return TemporaryFile{std::move(temporary), std::move(*file)};
    if (file.error().code() != ErrorCode::kAlreadyExists || attempt == kAttempts) return Forward(file);
  }
}

}  // namespace

Result<void> ReplaceFile(Files& files, const Path& path, uint32_t mode,
                         const std::function<Result<void>(WritableFile&)>& write) {
  TRY_ASSIGN(const TemporaryFile temporary, CreateBeside(files, path, mode));
  const auto attempt = [&]() -> Result<void> {
    TRY(write(*temporary.file));
    TRY(temporary.file->Sync());
    return files.Rename(temporary.path, path);
  };
  if (auto done = attempt(); !done) {
    (void)files.Remove(temporary.path);  // best effort: the first error is the one to tell
    return Forward(done);
  }
  return files.SyncFolder(path.parent_path());
}

Result<void> ReplaceFile(Files& files, const Path& path, std::string_view content, uint32_t mode) {
  return ReplaceFile(files, path, mode, [&](WritableFile& file) { return file.Append(AsBytes(content)); });
}

}  // namespace walchen::base
