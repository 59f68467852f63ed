// SPDX-License-Identifier: Apache-2.0
#include "shards/shard_file.h"

#include <algorithm>
#include <cstring>

#include <nlohmann/json.hpp>

#include "base/limits.h"

namespace walchen::shards {
namespace {

constexpr std::string_view kMagic = "walshard";
constexpr uint32_t kVersion = 1;
constexpr uint64_t kHeaderBytes = 64, kAlignment = 64, kDocumentBytes = 40, kDigestBytes = 32;
constexpr uint64_t kBlockBytes = 1 << 20;

struct Header {
  uint64_t token_bytes = 0, tokens = 0, documents = 0, facts_bytes = 0;
};

uint64_t TokenBytes(int64_t vocabulary) { return vocabulary <= 65'536 ? 2 : 4; }

std::string FactsJson(const ShardFacts& facts) {
  return nlohmann::json{{"name", facts.name},
                        {"tokenizer_sha256", facts.tokenizer_sha256},
                        {"vocabulary", facts.vocabulary},
                        {"end_token", facts.end_token},
                        {"tiers", facts.tiers},
                        {"ledger_events", facts.ledger_events},
                        {"ledger_head", facts.ledger_head}}.dump();
}

Result<ShardFacts> FactsOf(std::string_view text) {
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    return ShardFacts{.name = json.at("name"),
                      .tokenizer_sha256 = json.at("tokenizer_sha256"),
                      .vocabulary = json.at("vocabulary"),
                      .end_token = json.at("end_token"),
                      .tiers = json.at("tiers"),
                      .ledger_events = json.at("ledger_events"),
                      .ledger_head = json.at("ledger_head")};
  } catch (const nlohmann::json::exception& error) {
    return Fail(ErrorCode::kCorrupt, "the facts: {}", error.what());
  }
}

void WriteHeader(const Header& header, base::ByteWriter& out) {
  out.Raw(base::AsBytes(kMagic));
  out.Write<uint32_t>(kVersion);
  out.Write<uint32_t>(static_cast<uint32_t>(header.token_bytes));
  out.Write<uint64_t>(header.tokens);
  out.Write<uint64_t>(header.documents);
  out.Write<uint64_t>(header.facts_bytes);
  out.PadTo(kHeaderBytes);
}

Result<Header> ReadHeader(base::Bytes file) {
  base::ByteReader reader(file);
  TRY_ASSIGN(const base::Bytes magic, reader.Take(kMagic.size(), "a shard's magic"));
  if (base::AsText(magic) != kMagic) return Fail(ErrorCode::kCorrupt, "expected a shard, which begins with \"{}\"; this is another kind of file", kMagic);
  TRY_ASSIGN(const auto version, reader.Read<uint32_t>("version"));
  if (version != kVersion) {
    return Fail(ErrorCode::kUnsupported, "expected a shard of version {}, found {}; build it again by `walchen data build`", kVersion, version);
  }
  Header header;
  TRY_ASSIGN(header.token_bytes, reader.Read<uint32_t>("bytes of a token"));
  TRY_ASSIGN(header.tokens, reader.Read<uint64_t>("number of tokens"));
  TRY_ASSIGN(header.documents, reader.Read<uint64_t>("number of documents"));
  TRY_ASSIGN(header.facts_bytes, reader.Read<uint64_t>("length of the facts"));
  if (header.token_bytes != 2 && header.token_bytes != 4) return Fail(ErrorCode::kCorrupt, "expected tokens of 2 or 4 bytes, found {}", header.token_bytes);
  if (header.tokens > static_cast<uint64_t>(base::kShardMaxTokens) || header.documents > header.tokens ||
      header.facts_bytes > static_cast<uint64_t>(base::kShardFactsMaxBytes)) {
    return Fail(ErrorCode::kCorrupt, "{} tokens, {} documents and {} bytes of facts are no shard's", header.tokens, header.documents, header.facts_bytes);
  }
  return header;
}

// Where the parts are; all of it follows from the header.
struct Layout {
  explicit Layout(const Header& header) {
    const auto aligned = [](uint64_t offset) { return (offset + kAlignment - 1) / kAlignment * kAlignment; };
    tokens = aligned(kHeaderBytes + header.facts_bytes);
    documents = aligned(tokens + header.tokens * header.token_bytes);
    digests = aligned(documents + header.documents * kDocumentBytes);
    end = digests + (digests + kBlockBytes - 1) / kBlockBytes * kDigestBytes;
  }
  uint64_t tokens, documents, digests, end;
};

template <class Token>
void WriteTokens(std::span<const int32_t> tokens, base::ByteWriter& out) {
  for (const int32_t token : tokens) out.Write(static_cast<Token>(token));
}

std::string DigestsOf(base::Bytes bytes) {
  std::string digests;
  for (uint64_t at = 0; at < bytes.size(); at += kBlockBytes) {
    const base::Sha256Digest digest = base::Sha256Of(bytes.subspan(at, std::min(kBlockBytes, bytes.size() - at)));
    digests.append(reinterpret_cast<const char*>(digest.data()), digest.size());
  }
  return digests;
}

std::string ShardDigest(base::Bytes header, base::Bytes digests) {
  base::Sha256 hash;
  hash.Update(header);
  hash.Update(digests);
  const base::Sha256Digest digest = hash.Finish();
  return base::Hex(std::as_bytes(std::span(digest)));
}

}  // namespace

std::string TextOf(const DocumentId& id) { return base::Hex(std::as_bytes(std::span(id))); }

DocumentId IdOfText(std::string_view digits) {
  DocumentId id = {};
  CHECK(digits.size() == 2 * id.size());
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (size_t i = 0; i < id.size(); ++i) id[i] = static_cast<uint8_t>(digit(digits[2 * i]) * 16 + digit(digits[2 * i + 1]));
  return id;
}

Result<void> ShardWriter::Add(const DocumentId& id, std::span<const int32_t> tokens) {
  if (tokens_.size() + tokens.size() + 1 > static_cast<uint64_t>(base::kShardMaxTokens)) {
    return Fail(ErrorCode::kTooLarge, "a shard holds at most {} tokens", base::kShardMaxTokens);
  }
  const auto outside = std::ranges::find_if(tokens, [&](int32_t token) { return token < 0 || token >= facts_.vocabulary; });
  if (outside != tokens.end()) {
    return Fail(ErrorCode::kInvalidArgument, "token {} is outside the vocabulary of {}", *outside, facts_.vocabulary);
  }
  documents_.push_back({.id = id, .first_token = tokens_.size(), .tokens = tokens.size() + 1});
  tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
  tokens_.push_back(facts_.end_token);
  return {};
}

ShardWriter::Encoded ShardWriter::Encode() const {
  const std::string facts = FactsJson(facts_);
  const Header header = {.token_bytes = TokenBytes(facts_.vocabulary), .tokens = tokens_.size(), .documents = documents_.size(),
                         .facts_bytes = facts.size()};
  base::ByteWriter out;
  WriteHeader(header, out);
  out.Raw(base::AsBytes(facts));
  out.PadTo(kAlignment);
  header.token_bytes == 2 ? WriteTokens<uint16_t>(tokens_, out) : WriteTokens<uint32_t>(tokens_, out);
  out.PadTo(kAlignment);
  for (const ShardDocument& document : documents_) {
    out.Raw(std::as_bytes(std::span(document.id)));
    out.Write<uint64_t>(document.first_token);
    out.Write<uint64_t>(document.tokens);
    out.Write<uint64_t>(document.erased ? 1 : 0);
  }
  out.PadTo(kAlignment);
  CHECK(out.size() == Layout(header).digests);
  return {.content = out.bytes(), .digests = DigestsOf(base::AsBytes(out.bytes()))};
}

std::string ShardWriter::Digest() const {
  const Encoded shard = Encode();
  return ShardDigest(base::AsBytes(shard.content).first(kHeaderBytes), base::AsBytes(shard.digests));
}

Result<std::string> ShardWriter::Write(base::Files& files, const base::Path& path) const {
  const Encoded shard = Encode();
  TRY(base::ReplaceFile(files, path, 0644, [&](base::WritableFile& file) -> Result<void> {
    TRY(file.Append(base::AsBytes(shard.content)));
    return file.Append(base::AsBytes(shard.digests));
  }));
  return ShardDigest(base::AsBytes(shard.content).first(kHeaderBytes), base::AsBytes(shard.digests));
}

Result<std::unique_ptr<Shard>> Shard::Open(base::Files& files, const base::Path& path) {
  std::unique_ptr<Shard> shard(new Shard);
  TRY_ASSIGN(shard->file_, files.Map(path));
  if (auto read = shard->ReadParts(shard->file_->bytes()); !read) return Forward(read, path.native());
  return shard;
}

Result<std::unique_ptr<Shard>> Shard::FromBytes(base::Bytes bytes) {
  std::unique_ptr<Shard> shard(new Shard);
  TRY(shard->ReadParts(bytes));
  return shard;
}

Result<void> Shard::ReadParts(base::Bytes file) {
  TRY_ASSIGN(const Header header, ReadHeader(file));
  const Layout layout(header);
  if (file.size() != layout.end) {
    return Fail(file.size() < layout.end ? ErrorCode::kTruncated : ErrorCode::kCorrupt, "expected {} bytes, found {}", layout.end, file.size());
  }
  TRY_ASSIGN(facts_, FactsOf(base::AsText(file.subspan(kHeaderBytes, header.facts_bytes))));
  token_bytes_ = header.token_bytes;
  token_count_ = header.tokens;
  checked_ = file.first(layout.digests);
  token_data_ = file.subspan(layout.tokens, header.tokens * header.token_bytes);
  digests_ = file.subspan(layout.digests);
  digest_ = ShardDigest(file.first(kHeaderBytes), digests_);
  if (facts_.vocabulary <= 0 || TokenBytes(facts_.vocabulary) != token_bytes_ || facts_.end_token < 0 || facts_.end_token >= facts_.vocabulary) {
    return Fail(ErrorCode::kCorrupt, "tokens of {} bytes, a vocabulary of {} and the end token {} do not fit together", token_bytes_,
                facts_.vocabulary, facts_.end_token);
  }
  return ReadDocuments(file.subspan(layout.documents, header.documents * kDocumentBytes));
}

Result<void> Shard::ReadDocuments(base::Bytes table) {
  base::ByteReader reader(table);
  uint64_t next = 0;
  while (reader.left() > 0) {
    ShardDocument document;
    TRY_ASSIGN(const base::Bytes id, reader.Take(document.id.size(), "a document's id"));
    std::memcpy(document.id.data(), id.data(), id.size());
    TRY_ASSIGN(document.first_token, reader.Read<uint64_t>("a document's first token"));
    TRY_ASSIGN(document.tokens, reader.Read<uint64_t>("a document's tokens"));
    TRY_ASSIGN(const auto erased, reader.Read<uint64_t>("a document's state"));
    document.erased = erased == 1;
    if (document.first_token != next || document.tokens == 0 || document.tokens > token_count_ - next || erased > 1) {
      return Fail(ErrorCode::kCorrupt, "document {} begins at token {} and has {}; expected it to begin at {} of {}", documents_.size(),
                  document.first_token, document.tokens, next, token_count_);
    }
    next += document.tokens;
    documents_.push_back(document);
  }
  if (next != token_count_) return Fail(ErrorCode::kCorrupt, "its documents have {} tokens, the shard has {}", next, token_count_);
  return {};
}

void Shard::Read(uint64_t first, std::span<int32_t> to) const {
  CHECK(first <= token_count_ && to.size() <= token_count_ - first);
  const std::byte* from = token_data_.data() + first * token_bytes_;
  // A damaged file must not lead outside the vocabulary's tables.
  const auto bounded = [&](uint32_t token) { return token < facts_.vocabulary ? static_cast<int32_t>(token) : facts_.end_token; };
  for (size_t i = 0; i < to.size(); ++i) {
    uint32_t token = 0;
    std::memcpy(&token, from + i * token_bytes_, token_bytes_);
    to[i] = bounded(token);
  }
}

const ShardDocument& Shard::DocumentOf(uint64_t token) const {
  CHECK(token < token_count_);
  return *(std::ranges::upper_bound(documents_, token, {}, &ShardDocument::first_token) - 1);
}

Result<void> Shard::Verify() const {
  for (uint64_t at = 0; at < checked_.size(); at += kBlockBytes) {
    const base::Sha256Digest digest = base::Sha256Of(checked_.subspan(at, std::min(kBlockBytes, checked_.size() - at)));
    if (std::memcmp(digest.data(), digests_.data() + at / kBlockBytes * kDigestBytes, kDigestBytes) == 0) continue;
    return FailAt(at, ErrorCode::kCorrupt, "a shard's bytes are not those that were written; restore it from a backup, or build it again by "
                  "`walchen data build`");
  }
  return {};
}

ShardWriter Shard::Without(std::span<const DocumentId> ids) const {
  ShardWriter writer(facts_);
  writer.tokens_.resize(token_count_);
  Read(0, writer.tokens_);
  writer.documents_ = documents_;
  for (ShardDocument& document : writer.documents_) {
    if (std::ranges::find(ids, document.id) == ids.end()) continue;
    document.erased = true;
    std::fill_n(writer.tokens_.begin() + static_cast<std::ptrdiff_t>(document.first_token), document.tokens, facts_.end_token);
  }
  return writer;
}

}  // namespace walchen::shards
