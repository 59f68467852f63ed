// SPDX-License-Identifier: Apache-2.0
#include "data/near_duplicates.h"

#include <algorithm>
#include <cstring>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/limits.h"

namespace walchen::data {
namespace {

constexpr size_t kFirstSlots = 1024;
constexpr double kFullest = 0.85;
constexpr double kGrowth = 1.25;
constexpr std::string_view kIndexMagic = "walchen-duplicates-1";

uint32_t KeyOf(uint64_t slot) { return static_cast<uint32_t>(slot >> 32); }
uint32_t DocumentOf(uint64_t slot) { return static_cast<uint32_t>(slot) - 1; }

template <class T>
void AppendRaw(std::string& out, const T* values, size_t count) {
  out.append(reinterpret_cast<const char*>(values), count * sizeof(T));
}

}  // namespace

DuplicateIndex::DuplicateIndex(const DuplicateOptions& options) : options_(options), slots_(kFirstSlots) {}

std::optional<DuplicateMatch> DuplicateIndex::Find(const Signature& signature) const {
  std::optional<DuplicateMatch> best;
  for (const uint32_t key : signature.keys) {
    for (size_t i = Home(key); slots_[i] != 0; i = i + 1 == slots_.size() ? 0 : i + 1) {
      if (KeyOf(slots_[i]) != key) continue;
      const uint32_t document = DocumentOf(slots_[i]);
      const Record& record = records_[document];
      const double similarity = Similarity(signature.minima, record.minima);
      if (similarity < options_.similarity_min) continue;
      const bool exact = record.content == signature.content;
      const bool better = !best || exact > best->exact || (exact == best->exact && similarity > best->similarity) ||
                          (exact == best->exact && similarity == best->similarity && document < best->document);
      if (better) best = {.document = document, .similarity = similarity, .exact = exact};
    }
  }
  return best;
}

Result<uint32_t> DuplicateIndex::Add(const Signature& signature) {
  if (static_cast<int64_t>(records_.size()) >= base::kDuplicateIndexMaxDocuments) {
    return Fail(ErrorCode::kResourceExhausted, "expected at most {} documents in one index of duplicates: split the corpus",
                base::kDuplicateIndexMaxDocuments);
  }
  const auto document = static_cast<uint32_t>(records_.size());
  if (records_.size() == records_.capacity()) {
    records_.reserve(static_cast<size_t>(static_cast<double>(records_.size()) * kGrowth) + 64);
  }
  records_.push_back({.content = signature.content, .minima = signature.minima});
  for (const uint32_t key : signature.keys) {
    uint32_t shared = 0;
    for (size_t i = Home(key); slots_[i] != 0; i = i + 1 == slots_.size() ? 0 : i + 1) {
      if (KeyOf(slots_[i]) == key) ++shared;
    }
    if (shared >= options_.documents_per_key_max) continue;
    if (static_cast<double>(used_ + 1) > static_cast<double>(slots_.size()) * kFullest) Grow();
    Insert(uint64_t{key} << 32 | (document + 1));
    ++used_;
  }
  return document;
}

void DuplicateIndex::Insert(uint64_t slot) {
  size_t i = Home(KeyOf(slot));
  while (slots_[i] != 0) i = i + 1 == slots_.size() ? 0 : i + 1;
  slots_[i] = slot;
}

void DuplicateIndex::Grow() {
  std::vector<uint64_t> old(static_cast<size_t>(static_cast<double>(slots_.size()) * kGrowth));
  old.swap(slots_);
  for (const uint64_t slot : old) {
    if (slot != 0) Insert(slot);
  }
}

bool DuplicateIndex::Forget(uint32_t document) {
  if (document >= records_.size()) return false;
  records_[document] = {};
  // A slot cannot be emptied alone: others were put behind it because it was taken. So all find their places again.
  std::vector<uint64_t> kept;
  for (uint64_t& slot : slots_) {
    if (slot != 0 && DocumentOf(slot) != document) kept.push_back(slot);
    slot = 0;
  }
  for (const uint64_t slot : kept) Insert(slot);
  used_ = kept.size();
  return true;
}

uint64_t DuplicateIndex::MemoryBytes() const {
  return records_.capacity() * sizeof(Record) + slots_.capacity() * sizeof(uint64_t);
}

std::string DuplicateIndex::Serialise() const {
  std::string out(kIndexMagic);
  const std::array<uint64_t, 3> sizes = {records_.size(), slots_.size(), kSignatureVersion};
  AppendRaw(out, sizes.data(), sizes.size());
  AppendRaw(out, records_.data(), records_.size());
  AppendRaw(out, slots_.data(), slots_.size());
  const uint64_t checksum = XXH3_64bits(out.data(), out.size());
  AppendRaw(out, &checksum, 1);
  return out;
}

Result<DuplicateIndex> DuplicateIndex::Parse(base::Bytes bytes, const DuplicateOptions& options) {
  base::ByteReader reader(bytes);
  TRY_ASSIGN(const base::Bytes magic, reader.Take(kIndexMagic.size(), "the mark of an index of duplicates"));
  if (base::AsText(magic) != kIndexMagic) {
    return Fail(ErrorCode::kCorrupt, "expected an index of duplicates that begins with \"{}\", found {}", kIndexMagic,
                base::Quoted(base::AsText(magic)));
  }
  TRY_ASSIGN(const uint64_t records, reader.Read<uint64_t>("number of documents"));
  TRY_ASSIGN(const uint64_t slots, reader.Read<uint64_t>("number of slots"));
  TRY_ASSIGN(const uint64_t version, reader.Read<uint64_t>("version of signatures"));
  if (version != kSignatureVersion) {
    return Fail(ErrorCode::kUnsupported, "expected signatures of version {}, found {}: make the index again",
                kSignatureVersion, version);
  }
  TRY_ASSIGN(const uint64_t record_bytes, base::CheckedMul(records, sizeof(Record)));
  TRY_ASSIGN(const uint64_t slot_bytes, base::CheckedMul(slots, sizeof(uint64_t)));
  if (static_cast<int64_t>(records) > base::kDuplicateIndexMaxDocuments || slots < kFirstSlots) {
    return Fail(ErrorCode::kCorrupt, "an index of duplicates with {} documents and {} slots cannot be", records, slots);
  }
  TRY_ASSIGN(const base::Bytes record_part, reader.Take(record_bytes, "documents"));
  TRY_ASSIGN(const base::Bytes slot_part, reader.Take(slot_bytes, "slots"));
  const uint64_t checked = reader.position();
  TRY_ASSIGN(const uint64_t checksum, reader.Read<uint64_t>("checksum"));
  if (reader.left() != 0 || checksum != XXH3_64bits(bytes.data(), checked)) {
    return Fail(ErrorCode::kCorrupt, "the index of duplicates was changed: its checksum does not fit; make it again");
  }
  DuplicateIndex index(options);
  index.records_.resize(records);
  index.slots_.resize(slots);
  if (records > 0) std::memcpy(index.records_.data(), record_part.data(), record_bytes);
  std::memcpy(index.slots_.data(), slot_part.data(), slot_bytes);
  for (const uint64_t slot : index.slots_) {
    if (slot == 0) continue;
    ++index.used_;
    if (static_cast<uint32_t>(slot) == 0 || DocumentOf(slot) >= records) {
      return Fail(ErrorCode::kCorrupt, "the index of duplicates names document {} of {}", DocumentOf(slot), records);
    }
  }
  if (static_cast<double>(index.used_) > static_cast<double>(slots) * kFullest) {
    return Fail(ErrorCode::kCorrupt, "the index of duplicates has {} of {} slots in use", index.used_, slots);
  }
  return index;
}

}  // namespace walchen::data
