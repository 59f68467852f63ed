// SPDX-License-Identifier: Apache-2.0
//
// write_ledger FILE: a new ledger with events of all kinds of values, an erased document and signed checkpoints, for
// checking by another implementation. Prints what that one must come to as one JSON object.
#include <cstdio>

#include <nlohmann/json.hpp>

#include "ledger/ledger.h"
#include "ledger/records.h"
#include "ledger/subject.h"

namespace walchen::ledger {
namespace {

constexpr int kDocuments = 40;

template <class Record>
Result<void> Append(Transaction& change, const std::string& about, const Record& record,
                    std::vector<Digest> subjects = {}) {
  TRY_ASSIGN(NewEvent event, ToEvent(about, record));
  event.subjects = std::move(subjects);
  TRY(change.Append(std::move(event)));
  return {};
}

Result<std::string> AppendDocument(Transaction& change, int number, const SubjectKey& key) {
  const std::string id = NewId();
  const std::string text = fmt::format("text {} \"quoted\" \\ \t\x01 ä€😀", number);
  TRY(Append(change, id,
             Document{.source = "folder",
                      .modality = "text",
                      .media_type = "text/plain",
                      .bytes = number,
                      .taken_ms = 1'790'000'000'000 + number,
                      .content = base::Sha256Hex(base::AsBytes(text)),
                      .path = std::string("no UTF-8: \xFF/") + text,
                      .title = text}));
  TRY(Append(change, id, Transformation{.name = "clean", .version = text, .parameters = {{"a", text}, {"B", "\x7F"}}}));
  TRY_ASSIGN(const Digest token, key.TokenOf("erika@example.org"));
  TRY(Append(change, id, PersonalData{.counts = {{"email", number}}, .findings = text}, {token}));
  return id;
}

Result<void> Write(const base::Path& path) {
  const SubjectKey key(Secret{1});
  TRY_ASSIGN(Ledger ledger, Ledger::Open(path, {.checkpoint_every = 10, .signing_key = SigningKey(Secret{2})}));
  std::vector<std::string> ids;
  TRY_ASSIGN(Transaction change, ledger.Begin());
  for (int i = 0; i < kDocuments; ++i) {
    TRY_ASSIGN(const std::string id, AppendDocument(change, i, key));
    ids.push_back(id);
  }
  TRY(change.Commit());
  TRY_ASSIGN(const Head head, ledger.Erase(std::span(ids).first(2), "asked for"));
  const nlohmann::json expected = {{"head", {{"sequence", head.sequence}, {"digest", HexOf(head.digest)}}},
                                   {"erased", {ids[0], ids[1]}}};
  std::printf("%s\n", expected.dump().c_str());
  return {};
}

}  // namespace
}  // namespace walchen::ledger

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "expected: write_ledger FILE\n");
    return 2;
  }
  const auto written = walchen::ledger::Write(argv[1]);
  if (!written) std::fprintf(stderr, "write_ledger: %s\n", written.error().ToString().c_str());
  return written ? 0 : 1;
}
