// SPDX-License-Identifier: Apache-2.0
#include "runs/checkpoint.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include <fmt/ranges.h>

#include "base/limits.h"
#include "base/sha256.h"
#include "runs/json_fields.h"

namespace walchen::runs {
namespace {

constexpr std::string_view kPrefix = "step-";
constexpr std::string_view kManifest = "manifest.json";
constexpr std::string_view kFormat = "walchen checkpoint";
constexpr int64_t kVersion = 1;
constexpr size_t kNameMaxBytes = 255;  // what file systems take

// Counts and hashes what goes through it into a file.
class HashingFile : public base::WritableFile {
 public:
  explicit HashingFile(base::WritableFile& inner) : inner_(inner) {}

  Result<void> Append(base::Bytes bytes) override {
    TRY(inner_.Append(bytes));
    hash_.Update(bytes);
    size_ += bytes.size();
    return {};
  }
  Result<void> Sync() override { return inner_.Sync(); }

  uint64_t size() const { return size_; }
  std::string Hex() {
    const base::Sha256Digest digest = hash_.Finish();
    return base::Hex(std::as_bytes(std::span(digest)));
  }

 private:
  base::WritableFile& inner_;
  base::Sha256 hash_;
  uint64_t size_ = 0;
};

bool IsPartName(std::string_view name) {
  return !name.empty() && name.size() <= kNameMaxBytes && name != kManifest && name.front() != '.' &&
         name.find('/') == std::string_view::npos && name.find('\0') == std::string_view::npos;
}

bool IsSha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// The step of a folder called step-N as this file writes it; empty for any other name.
std::optional<int64_t> StepOf(std::string_view name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const std::string_view digits = name.substr(kPrefix.size());
  int64_t step = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), step);
  const bool is_whole = error == std::errc() && end == digits.data() + digits.size() && step >= 0;
  if (!is_whole || digits != fmt::format("{}", step)) return std::nullopt;
  return step;
}

std::string FolderName(int64_t step) { return fmt::format("{}{}", kPrefix, step); }

// What is being written or removed has a name that is no checkpoint's.
base::Path TemporaryPath(const base::Path& run, int64_t step) {
  return run / fmt::format("{}.tmp-{}", FolderName(step), ::getpid());
}

Result<void> RemoveLeftovers(base::Files& files, const base::Path& run) {
  TRY_ASSIGN(const std::vector<std::string> names, files.List(run));
  for (const std::string& name : names) {
    const size_t dot = name.find(".tmp-");
    if (dot != std::string::npos && StepOf(std::string_view(name).substr(0, dot))) TRY(files.RemoveFolder(run / name));
  }
  return {};
}

// Removes a checkpoint so that its name never stands for a part of it.
Result<void> RemoveCheckpoint(base::Files& files, const base::Path& run, int64_t step) {
  const base::Path leaving = TemporaryPath(run, step);
  TRY(files.Rename(run / FolderName(step), leaving));
  return files.RemoveFolder(leaving);
}

Result<CheckpointFile> WritePart(base::Files& files, const base::Path& folder, const CheckpointPart& part) {
  TRY_ASSIGN(const auto file, files.Create(folder / part.name));
  HashingFile hashing(*file);
  TRY(part.write(hashing));
  TRY(file->Sync());
  return CheckpointFile{.name = part.name, .size = hashing.size(), .sha256 = hashing.Hex()};
}

std::string WriteManifest(const Checkpoint& checkpoint) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const CheckpointFile& file : checkpoint.files) {
    list.push_back({{"name", file.name}, {"size", file.size}, {"sha256", file.sha256}});
  }
  const nlohmann::ordered_json manifest = {{"format", kFormat},
                                           {"version", kVersion},
                                           {"step", checkpoint.step},
                                           {"digest", Digest(checkpoint)},
                                           {"files", std::move(list)}};
  return manifest.dump(1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
}

Result<CheckpointFile> ReadManifestFile(const nlohmann::json& entry) {
  if (!entry.is_object()) return Fail(ErrorCode::kCorrupt, "files: expected objects, found something else");
  CheckpointFile file;
  TRY_ASSIGN(file.name, TextOf(entry, "name"));
  TRY_ASSIGN(const int64_t size, WholeOf(entry, "size"));
  TRY_ASSIGN(file.sha256, TextOf(entry, "sha256"));
  file.size = static_cast<uint64_t>(size);
  if (!IsPartName(file.name)) {  // a name such as "../x" must not lead out of the folder
    return Fail(ErrorCode::kCorrupt, "expected the name of a file, found {}", base::Quoted(file.name));
  }
  if (!IsSha256(file.sha256)) return Fail(ErrorCode::kCorrupt, "{}: expected a SHA-256 of 64 digits", file.name);
  return file;
}

Result<Checkpoint> ParseManifest(std::string_view text) {
  TRY_ASSIGN(const nlohmann::json manifest, ParseObject(text));
  TRY_ASSIGN(const std::string format, TextOf(manifest, "format"));
  if (format != kFormat) {
    return Fail(ErrorCode::kCorrupt, "format: expected \"{}\", found {}", kFormat, base::Quoted(format));
  }
  TRY_ASSIGN(const int64_t version, WholeOf(manifest, "version"));
  if (version != kVersion) {
    return Fail(ErrorCode::kUnsupported, "expected version {}, found {}: another version of Walchen wrote it", kVersion,
                version);
  }
  Checkpoint checkpoint;
  TRY_ASSIGN(checkpoint.step, WholeOf(manifest, "step"));
  TRY_ASSIGN(const std::string digest, TextOf(manifest, "digest"));
  const auto list = manifest.find("files");
  if (list == manifest.end() || !list->is_array() || list->size() > static_cast<size_t>(base::kCheckpointMaxFiles)) {
    return Fail(ErrorCode::kCorrupt, "files: expected an array of at most {} objects", base::kCheckpointMaxFiles);
  }
  for (const nlohmann::json& entry : *list) {
    TRY_ASSIGN(CheckpointFile file, ReadManifestFile(entry));
    checkpoint.files.push_back(std::move(file));
  }
  // So a manifest cannot lose a line unnoticed.
  if (digest != Digest(checkpoint)) return Fail(ErrorCode::kCorrupt, "the manifest is not as it was written");
  return checkpoint;
}

Result<void> CheckFile(base::Files& files, const base::Path& folder, const CheckpointFile& expected) {
  constexpr uint64_t kPiece = uint64_t{16} << 20;  // what is resident at a time, so that checking does not fill memory
  TRY_ASSIGN(const auto mapped, files.Map(folder / expected.name));
  const base::Bytes bytes = mapped->bytes();
  if (bytes.size() != expected.size) {
    return Fail(ErrorCode::kCorrupt, "{}: expected {} bytes, found {}", expected.name, expected.size, bytes.size());
  }
  base::Sha256 hash;
  for (uint64_t at = 0; at < bytes.size(); at += kPiece) {
    const uint64_t size = std::min<uint64_t>(kPiece, bytes.size() - at);
    hash.Update(bytes.subspan(at, size));
    mapped->DropResident(at, size);
  }
  const base::Sha256Digest digest = hash.Finish();
  const std::string found = base::Hex(std::as_bytes(std::span(digest)));
  if (found == expected.sha256) return {};
  return Fail(ErrorCode::kCorrupt, "{}: expected SHA-256 {}, found {}", expected.name, expected.sha256, found);
}

// All of a checkpoint in a folder that nobody takes for one yet.
Result<void> WriteFolder(base::Files& files, const base::Path& folder, Checkpoint& checkpoint,
                         std::span<const CheckpointPart> parts) {
  TRY(files.MakeFolders(folder));
  for (const CheckpointPart& part : parts) {
    TRY_ASSIGN(CheckpointFile file, WritePart(files, folder, part));
    checkpoint.files.push_back(std::move(file));
  }
  std::ranges::sort(checkpoint.files, {}, &CheckpointFile::name);
  TRY_ASSIGN(const auto manifest, files.Create(folder / kManifest));
  TRY(manifest->Append(base::AsBytes(WriteManifest(checkpoint))));
  TRY(manifest->Sync());
  return files.SyncFolder(folder);
}

// Whether a checkpoint is known to be no good, rather than not readable at the moment.
bool IsBroken(const Error& error) {
  return error.code() == ErrorCode::kCorrupt || error.code() == ErrorCode::kNotFound;
}

// Gives the written folder its name. What has the name already is a good checkpoint that stays, or a broken one.
Result<void> Publish(base::Files& files, const base::Path& run, const base::Path& written,
                     const Checkpoint& checkpoint) {
  if (files.Exists(checkpoint.folder)) {
    auto there = Verify(files, checkpoint.folder);
    if (there && there->files == checkpoint.files) return files.RemoveFolder(written);
    if (there) return Fail(ErrorCode::kAlreadyExists, "there is a good checkpoint of this step with another content");
    if (!IsBroken(there.error())) return Forward(there);
    TRY(files.RemoveFolder(checkpoint.folder));
  }
  TRY(files.Rename(written, checkpoint.folder));
  return files.SyncFolder(run);
}

// What is still there, for whoever reads that writing failed.
std::string WhatStays(base::Files& files, const base::Path& run, int64_t step) {
  const auto steps = CheckpointSteps(files, run);
  if (!steps) return "it could not be seen whether older ones are there";
  for (auto it = steps->rbegin(); it != steps->rend(); ++it) {
    if (*it < step) return fmt::format("the checkpoint of step {} is there as before", *it);
  }
  return "there is no older one";
}

}  // namespace

Result<Checkpoint> WriteCheckpoint(base::Files& files, const base::Path& run, int64_t step,
                                   std::span<const CheckpointPart> parts) {
  CHECK(step >= 0 && parts.size() <= static_cast<size_t>(base::kCheckpointMaxFiles));
  for (const CheckpointPart& part : parts) {
    CHECK(IsPartName(part.name), "{}", part.name);
    CHECK(std::ranges::count(parts, part.name, &CheckpointPart::name) == 1, "{} twice", part.name);
  }
  Checkpoint checkpoint{.folder = run / FolderName(step), .step = step, .files = {}};
  const base::Path temporary = TemporaryPath(run, step);
  const auto attempt = [&]() -> Result<void> {
    TRY(RemoveLeftovers(files, run));
    TRY(WriteFolder(files, temporary, checkpoint, parts));
    return Publish(files, run, temporary, checkpoint);
  };
  if (const auto done = attempt(); !done) {
    (void)files.RemoveFolder(temporary);  // best effort, and room on a full disk: the first error is the one to tell
    return Fail(done.error().code(), "cannot write the checkpoint of step {} into {}: {}; {}{}", step, run.native(),
                done.error().message(), WhatStays(files, run, step),
                done.error().code() == ErrorCode::kResourceExhausted ? ". Make room and go on with --resume" : "");
  }
  return checkpoint;
}

Result<Checkpoint> Verify(base::Files& files, const base::Path& folder) {
  const std::string where = folder.native();
  auto text = files.Read(folder / kManifest, static_cast<uint64_t>(base::kCheckpointManifestMaxBytes));
  if (!text) return Forward(text);
  auto checkpoint = ParseManifest(*text);
  if (!checkpoint) return Forward(checkpoint, fmt::format("{}: {}", where, kManifest));
  checkpoint->folder = folder;
  if (const auto step = StepOf(folder.filename().native()); step && *step != checkpoint->step) {
    return Fail(ErrorCode::kCorrupt, "{}: {}: expected step {}, found {}", where, kManifest, *step, checkpoint->step);
  }
  for (const CheckpointFile& file : checkpoint->files) {
    if (auto checked = CheckFile(files, folder, file); !checked) return Forward(checked, where);
  }
  return checkpoint;
}

base::Path CheckpointPath(const base::Path& run, int64_t step) { return run / FolderName(step); }

Result<std::vector<int64_t>> CheckpointSteps(base::Files& files, const base::Path& run) {
  TRY_ASSIGN(const std::vector<std::string> names, files.List(run));
  std::vector<int64_t> steps;
  for (const std::string& name : names) {
    if (const auto step = StepOf(name)) steps.push_back(*step);
  }
  std::ranges::sort(steps);  // as names, step-1000 stands before step-200
  return steps;
}

Result<FoundCheckpoint> NewestGood(base::Files& files, const base::Path& run) {
  TRY_ASSIGN(std::vector<int64_t> steps, CheckpointSteps(files, run));
  if (steps.empty()) {
    return Fail(ErrorCode::kNotFound, "{}: expected a checkpoint, a folder step-N, found none: the run begins at step 0",
                run.native());
  }
  FoundCheckpoint found;
  for (auto step = steps.rbegin(); step != steps.rend(); ++step) {
    auto checkpoint = Verify(files, run / FolderName(*step));
    if (checkpoint) {
      found.checkpoint = std::move(*checkpoint);
      return found;
    }
    found.skipped.push_back(checkpoint.error().ToString());
  }
  return Fail(ErrorCode::kCorrupt,
              "{}: none of {} checkpoints is good ({}). Bring a good one back from a backup, or remove the folders step-N "
              "and begin at step 0",
              run.native(), steps.size(), fmt::join(found.skipped, "; "));
}

Result<void> SetAsideAfter(base::Files& files, const base::Path& run, int64_t step) {
  TRY_ASSIGN(const std::vector<int64_t> steps, CheckpointSteps(files, run));
  for (const int64_t later : steps) {
    if (later <= step) continue;
    const base::Path aside = run / (FolderName(later) + ".broken");
    if (files.Exists(aside)) TRY(files.RemoveFolder(aside));
    TRY(files.Rename(run / FolderName(later), aside));
  }
  return files.SyncFolder(run);
}

Result<void> Prune(base::Files& files, const base::Path& run, int keep, int64_t keep_every) {
  CHECK(keep >= 1 && keep_every >= 0);
  TRY_ASSIGN(std::vector<int64_t> steps, CheckpointSteps(files, run));
  if (steps.size() <= static_cast<size_t>(keep)) return {};
  steps.resize(steps.size() - static_cast<size_t>(keep));
  for (const int64_t step : steps) {
    if (keep_every == 0 || step % keep_every != 0) TRY(RemoveCheckpoint(files, run, step));
  }
  return files.SyncFolder(run);
}

std::string Digest(const Checkpoint& checkpoint) {
  std::map<std::string, std::string> sorted;
  for (const CheckpointFile& file : checkpoint.files) sorted.emplace(file.name, file.sha256);
  std::string lines;
  for (const auto& [name, sha256] : sorted) lines += fmt::format("{}  {}\n", sha256, name);
  return base::Sha256Hex(base::AsBytes(lines));
}

}  // namespace walchen::runs
