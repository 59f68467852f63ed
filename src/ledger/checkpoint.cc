// SPDX-License-Identifier: Apache-2.0
#include "ledger/checkpoint.h"

#include "ledger/canonical_json.h"

namespace walchen::ledger {
namespace {

using nlohmann::json;

std::string SignedText(uint64_t size, const Digest& root) {
  base::ByteWriter out;
  out.Raw(base::AsBytes("walchen ledger checkpoint 1\n"));
  out.Write<uint64_t>(size);
  out.Raw(BytesOf(root));
  return out.bytes();
}

// The two halves of 64 bytes are read as digests are.
Result<Signature> SignatureOfHex(std::string_view text) {
  Signature signature;
  const size_t half = std::min<size_t>(text.size(), 64);
  TRY_ASSIGN(const Digest front, DigestOfHex(text.substr(0, half)));
  TRY_ASSIGN(const Digest back, DigestOfHex(text.substr(half)));
  std::ranges::copy(back, std::ranges::copy(front, signature.begin()).out);
  return signature;
}

Result<std::string> TextOf(const json& body, const char* name) {
  const auto member = body.find(name);
  if (member == body.end() || !member->is_string())
    return Fail(ErrorCode::kCorrupt, "checkpoint: expected a text as {}", name);
  return member->get<std::string>();
}

Result<Digest> DigestMember(const json& body, const char* name) {
  TRY_ASSIGN(const std::string text, TextOf(body, name));
  return DigestOfHex(text);
}

Result<std::vector<Digest>> PeaksOf(const json& body) {
  const auto list = body.find("peaks");
  if (list == body.end() || !list->is_array()) return Fail(ErrorCode::kCorrupt, "checkpoint: expected a list as peaks");
  std::vector<Digest> peaks;
  for (const json& item : *list) {
    if (!item.is_string()) return Fail(ErrorCode::kCorrupt, "checkpoint: expected texts as peaks");
    TRY_ASSIGN(const Digest peak, DigestOfHex(item.get_ref<const std::string&>()));
    peaks.push_back(peak);
  }
  return peaks;
}

}  // namespace

json CheckpointBody(const MerkleTree& tree, const SigningKey* key) {
  json peaks = json::array();
  for (const Digest& peak : tree.peaks()) peaks.push_back(HexOf(peak));
  const Digest root = tree.Root();
  json body = {{"size", tree.size()}, {"root", HexOf(root)}, {"peaks", std::move(peaks)}};
  if (key != nullptr) {
    body["signer"] = base::Hex(BytesOf(key->public_key()));
    body["signature"] = base::Hex(BytesOf(key->Sign(SignedText(tree.size(), root))));
  }
  return body;
}

Result<Checkpoint> ReadCheckpoint(std::string_view text) {
  TRY_ASSIGN(const json body, ParseCanonical(text));
  const auto size = body.find("size");
  if (size == body.end() || !size->is_number_unsigned())
    return Fail(ErrorCode::kCorrupt, "checkpoint: expected a number as size");
  TRY_ASSIGN(std::vector<Digest> peaks, PeaksOf(body));
  Checkpoint checkpoint;
  TRY_ASSIGN(checkpoint.tree, MerkleTree::FromPeaks(size->get<uint64_t>(), std::move(peaks)));
  TRY_ASSIGN(checkpoint.root, DigestMember(body, "root"));
  if (body.contains("signer") || body.contains("signature")) {
    TRY_ASSIGN(checkpoint.signer, DigestMember(body, "signer"));
    TRY_ASSIGN(const std::string signature, TextOf(body, "signature"));
    TRY_ASSIGN(checkpoint.signature, SignatureOfHex(signature));
  }
  return checkpoint;
}

bool SignatureHolds(const Checkpoint& checkpoint) {
  return checkpoint.signer && checkpoint.signature &&
         IsSignedBy(*checkpoint.signer, SignedText(checkpoint.tree.size(), checkpoint.root), *checkpoint.signature);
}

}  // namespace walchen::ledger
