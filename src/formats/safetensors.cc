// SPDX-License-Identifier: Apache-2.0
#include "formats/safetensors.h"

#include <unordered_map>

#include "base/limits.h"
#include "formats/safetensors_header.h"

namespace walchen::formats {
namespace {

struct Shard {
  std::unique_ptr<base::MappedFile> file;  // null: the bytes belong to somebody else
  base::Bytes bytes;
};

class OpenSafetensors : public SafetensorsFile {
 public:
  OpenSafetensors(std::vector<Shard> shards, SafetensorsHeader header)
      : shards_(std::move(shards)), header_(std::move(header)) {
    for (const SafetensorsEntry& tensor : header_.tensors) by_name_.emplace(tensor.name, &tensor);
  }

  std::span<const SafetensorsEntry> tensors() const override { return header_.tensors; }
  std::span<const std::pair<std::string, std::string>> metadata() const override { return header_.metadata; }

  const SafetensorsEntry* Find(std::string_view name) const override {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }

  Result<base::Bytes> Data(const SafetensorsEntry& tensor) const override {
    if (!tensor.type) {
      return Fail(ErrorCode::kUnsupported, "tensor {} has the type {}, which is not supported",
                  base::Quoted(tensor.name), base::Quoted(tensor.type_name));
    }
    CHECK(tensor.shard < shards_.size(), "tensor of another file");
    const base::Bytes bytes = shards_[tensor.shard].bytes;
    CHECK(tensor.size <= bytes.size() && tensor.offset <= bytes.size() - tensor.size, "tensor of another file");
    return bytes.subspan(tensor.offset, tensor.size);
  }

  void DropResident(const SafetensorsEntry& tensor) const override {
    const Shard& shard = shards_[tensor.shard];
    if (shard.file != nullptr) shard.file->DropResident(tensor.offset, tensor.size);
  }

 private:
  std::vector<Shard> shards_;
  SafetensorsHeader header_;
  std::unordered_map<std::string_view, const SafetensorsEntry*> by_name_;  // views into header_, which stays as it is
};

std::unique_ptr<SafetensorsFile> Make(std::vector<Shard> shards, SafetensorsHeader header) {
  return std::make_unique<OpenSafetensors>(std::move(shards), std::move(header));
}

Result<SafetensorsHeader> OpenShard(base::Files& files, const base::Path& path, std::vector<Shard>& shards) {
  TRY_ASSIGN(auto file, files.Map(path));
  const base::Bytes bytes = file->bytes();
  auto header = ParseSafetensorsHeader(bytes, bytes.size());
  if (!header) return Forward(header, path.native());
  shards.push_back({std::move(file), bytes});
  return std::move(*header);
}

// The tensors and file names of an index, each file name once.
struct ShardList {
  std::vector<std::string> names;
  std::unordered_map<std::string, uint32_t> shard_of_tensor;
};

Result<ShardList> ReadIndex(base::Files& files, const base::Path& path) {
  TRY_ASSIGN(const std::string text, files.Read(path, static_cast<uint64_t>(base::kSafetensorsIndexMaxBytes)));
  auto index = ParseSafetensorsIndex(text);
  if (!index) return Forward(index, path.native());
  ShardList list;
  std::unordered_map<std::string, uint32_t> numbers;
  for (const auto& [tensor, file] : *index) {
    const auto [number, added] = numbers.emplace(file, static_cast<uint32_t>(list.names.size()));
    if (added) list.names.push_back(file);
    if (list.names.size() > static_cast<size_t>(base::kSafetensorsMaxShards)) {
      return Fail(ErrorCode::kTooLarge, "{}: more than {} files", path.native(), base::kSafetensorsMaxShards);
    }
    list.shard_of_tensor.emplace(tensor, number->second);
  }
  return list;
}

Result<std::unique_ptr<SafetensorsFile>> OpenIndex(base::Files& files, const base::Path& path) {
  TRY_ASSIGN(const ShardList list, ReadIndex(files, path));
  std::vector<Shard> shards;
  SafetensorsHeader all;
  for (uint32_t shard = 0; shard < list.names.size(); ++shard) {
    TRY_ASSIGN(SafetensorsHeader header, OpenShard(files, path.parent_path() / list.names[shard], shards));
    for (SafetensorsEntry& tensor : header.tensors) {
      const auto listed = list.shard_of_tensor.find(tensor.name);
      if (listed == list.shard_of_tensor.end() || listed->second != shard) continue;
      tensor.shard = shard;
      all.tensors.push_back(std::move(tensor));
    }
    for (auto& text : header.metadata) all.metadata.push_back(std::move(text));
  }
  std::unique_ptr<SafetensorsFile> opened = Make(std::move(shards), std::move(all));
  for (const auto& [tensor, shard] : list.shard_of_tensor) {
    if (opened->Find(tensor) != nullptr) continue;
    return Fail(ErrorCode::kCorrupt, "{}: tensor {} should be in {}, but is not", path.native(), base::Quoted(tensor),
                list.names[shard]);
  }
  return opened;
}

}  // namespace

Result<std::unique_ptr<SafetensorsFile>> SafetensorsFile::Open(base::Files& files, const base::Path& path) {
  if (path.extension() == ".json") return OpenIndex(files, path);
  std::vector<Shard> shards;
  TRY_ASSIGN(SafetensorsHeader header, OpenShard(files, path, shards));
  return Make(std::move(shards), std::move(header));
}

Result<std::unique_ptr<SafetensorsFile>> SafetensorsFile::FromBytes(base::Bytes bytes) {
  TRY_ASSIGN(SafetensorsHeader header, ParseSafetensorsHeader(bytes, bytes.size()));
  std::vector<Shard> shards;
  shards.push_back({nullptr, bytes});
  return Make(std::move(shards), std::move(header));
}

}  // namespace walchen::formats
