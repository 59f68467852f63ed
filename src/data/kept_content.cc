// SPDX-License-Identifier: Apache-2.0
#include "data/kept_content.h"

#include <sodium.h>

namespace walchen::data {
namespace {

// Base64 makes 700 KB of it: private values are UTF-8 of at most a MiB.
constexpr size_t kContentChunkBytes = 512 * 1024;
constexpr std::string_view kContentField = "bytes";  // "content" is what documents are found by, and has an index

std::string ToBase64(std::string_view bytes) {
  std::string text(sodium_base64_encoded_len(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();  // the terminating zero
  return text;
}

Result<std::string> FromBase64(std::string_view text) {
  std::string bytes(text.size() / 4 * 3, '\0');
  size_t size = 0;
  const int failed = sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(), text.size(), nullptr,
                                       &size, nullptr, sodium_base64_VARIANT_ORIGINAL);
  if (failed != 0) return Fail(ErrorCode::kCorrupt, "a document's content is no base64; run `walchen data verify`");
  bytes.resize(size);
  return bytes;
}

}  // namespace

Result<void> AppendContent(ledger::Transaction& change, const std::string& id, std::string_view content) {
  for (size_t at = 0; at < content.size(); at += kContentChunkBytes) {
    ledger::NewEvent event = {.kind = std::string(kContentKind), .about = id};
    event.body["begin"] = at;
    event.private_fields.push_back({std::string(kContentField), ToBase64(content.substr(at, kContentChunkBytes))});
    TRY(change.Append(std::move(event)));
  }
  return {};
}

Result<std::string> ContentOf(const ledger::Ledger& ledger, const std::string& id) {
  std::string content;
  ledger::EventReader events = ledger.Read({.about = id, .kind = std::string(kContentKind)});
  while (true) {
    TRY_ASSIGN(const auto event, events.Next());
    if (!event) return content;
    for (const ledger::PrivateField& field : event->private_fields) {
      TRY_ASSIGN(const std::string bytes, FromBase64(field.value));
      content += bytes;
    }
  }
}

}  // namespace walchen::data
