// SPDX-License-Identifier: Apache-2.0
#include "infer/text_stream.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"
#include "formats/utf8.h"

namespace walchen::infer {
namespace {

using Pieces = std::vector<std::string>;

struct Shown {
  Pieces pieces;  // one for each token until the stop, and what Finish gave
  bool stopped = false;
  std::string text() const {
    std::string all;
    for (const std::string& piece : pieces) all += piece;
    return all;
  }
};

Shown Stream(const Pieces& tokens, const Pieces& stop = {}) {
  TextStream stream(stop);
  Shown shown;
  for (const std::string& token : tokens) {
    shown.pieces.push_back(stream.Add(token));
    if (stream.stopped()) break;
  }
  shown.pieces.push_back(stream.Finish());
  shown.stopped = stream.stopped();
  return shown;
}

bool IsUtf8(std::string_view text) { return formats::ValidUtf8Prefix(text) == text.size(); }

Pieces Bytes(std::string_view text) {
  Pieces bytes;
  for (const char byte : text) bytes.emplace_back(1, byte);
  return bytes;
}

TEST(TextStream, ShowsPlainTextAtOnce) {
  EXPECT_EQ(Stream({"Hello", ", ", "world"}).pieces, (Pieces{"Hello", ", ", "world", ""}));
}

TEST(TextStream, HoldsBackWhatMayBecomeAStopString) {
  EXPECT_EQ(Stream({"one ", "EN", "T", "ER"}, {"END"}).pieces, (Pieces{"one ", "", "ENT", "ER", ""}));
  EXPECT_EQ(Stream({"one E"}, {"END"}).pieces, (Pieces{"one ", "E"})) << "the rest is the answer's";
}

TEST(TextStream, StopsAcrossTokenBorders) {
  const Shown shown = Stream({"a", "bE", "N", "Dc", "d"}, {"END"});
  EXPECT_TRUE(shown.stopped);
  EXPECT_EQ(shown.text(), "ab");
  EXPECT_EQ(Stream({"x<|", "user", "|>y"}, {"<|user|>"}).text(), "x");
}

TEST(TextStream, StopsInsideOneToken) {
  EXPECT_EQ(Stream({"abENDcd", "more"}, {"END"}).text(), "ab");
  EXPECT_EQ(Stream({"END"}, {"END"}).text(), "");
}

TEST(TextStream, NothingComesAfterAStop) {
  TextStream stream({"."});
  EXPECT_EQ(stream.Add("a.b"), "a");
  EXPECT_TRUE(stream.stopped());
  EXPECT_EQ(stream.Add("c"), "");
  EXPECT_EQ(stream.Finish(), "");
  EXPECT_TRUE(stream.stopped());
}

TEST(TextStream, AStopStringThatOverlapsItselfIsFoundAtItsFirstPlace) {
  EXPECT_EQ(Stream(Bytes("xaabaabaac"), {"aabaac"}).text(), "xaab");
  EXPECT_EQ(Stream(Bytes("aaaaab"), {"aaab"}).text(), "aa");
  EXPECT_EQ(Stream(Bytes("\n\n\n"), {"\n\n"}).text(), "");
}

TEST(TextStream, OfSeveralStopStringsTheOneThatIsCompleteFirstCounts) {
  EXPECT_EQ(Stream(Bytes("xabcdy"), {"abcd", "bc"}).text(), "xa");
  EXPECT_EQ(Stream({"xabcdy"}, {"abcd", "bc"}).text(), "x") << "both complete with one token: the one that begins first";
  EXPECT_EQ(Stream(Bytes("xabd"), {"abc", "bd"}).text(), "xa");
  EXPECT_EQ(Stream(Bytes("xab"), {"ab", "ab", "a"}).text(), "x");
}

TEST(TextStream, ShowsACharacterWhenItsLastByteIsThere) {
  for (const std::string& character : {std::string("ü"), std::string("€"), std::string("𝄞"), std::string("\U0001F469")}) {
    const Shown shown = Stream(Bytes("a" + character + "b"));
    EXPECT_EQ(shown.text(), "a" + character + "b");
    EXPECT_EQ(shown.pieces[character.size()], character);
    for (const std::string& piece : shown.pieces) EXPECT_TRUE(IsUtf8(piece));
  }
}

TEST(TextStream, HalfACharacterAtTheEndBecomesAReplacement) {
  EXPECT_EQ(Stream({"a\xF0\x9F"}).pieces, (Pieces{"a", "\uFFFD"}));
  EXPECT_EQ(Stream({"a\xF0\x9F", "END"}, {"END"}).text(), "a\uFFFD");
}

TEST(TextStream, BytesThatAreNoTextBecomeReplacements) {
  EXPECT_EQ(Stream({"a\xFF", "\x80z"}).text(), "a\uFFFD\uFFFDz");
  EXPECT_EQ(Stream(Bytes("\xC0\xAF|\xED\xA0\x80|\xF5\x80")).text(),
            formats::ReplaceInvalidUtf8("\xC0\xAF|\xED\xA0\x80|\xF5\x80"));
}

TEST(TextStream, AStopStringCutThroughItsCharactersIsFound) {
  EXPECT_EQ(Stream(Bytes("eins 🛑 zwei"), {"🛑"}).text(), "eins ");
  EXPECT_EQ(Stream(Bytes("eins 🛒 zwei"), {"🛑"}).text(), "eins 🛒 zwei") << "three bytes in common";
}

TEST(TextStream, TheReplacementCharacterCanBeAStopString) {
  EXPECT_EQ(Stream({"a", "\xFF", "b"}, {"\uFFFD"}).text(), "a");
  EXPECT_EQ(Stream({"a\xE2"}, {"\uFFFD"}).text(), "a");
}

// Texts of few letters, cut anywhere, against a search in the whole text.
TEST(TextStream, WhateverTheCutsTheTextEndsBeforeTheStopAndEveryPieceIsUtf8) {
  const Pieces alphabet = {"a", "b", "ab", "\n", "é", "日", "🎈", "\xF0\x9F", "\x80", "\xFF", "\xE6"};
  const Pieces stops = {"ab", "ba", "aab", "bab", "é", "日a", "🎈🎈", "\nb", "a🎈", "\uFFFD", "\uFFFD\uFFFDa"};
  base::Rng rng(42);
  const auto pick = [&](const Pieces& from) { return from[rng.Below(static_cast<uint32_t>(from.size()))]; };
  int stopped = 0;
  for (int round = 0; round < 20'000; ++round) {
    Pieces stop, tokens;
    while (rng.Below(3) != 0 && stop.size() < 4) stop.push_back(pick(stops));
    std::string bytes;
    for (uint32_t i = 0, n = rng.Below(12); i < n; ++i) bytes += pick(alphabet);
    for (size_t at = 0; at < bytes.size();) {
      const size_t size = 1 + rng.Below(4);
      tokens.push_back(bytes.substr(at, size));
      at += size;
    }

    const Shown shown = Stream(tokens, stop);
    const std::string whole = formats::ReplaceInvalidUtf8(bytes), text = shown.text();
    ASSERT_TRUE(whole.starts_with(text));
    bool found = false;
    for (const std::string& one : stop) {
      ASSERT_EQ(text.find(one), std::string::npos);
      found |= whole.find(one) != std::string::npos;
      if (shown.stopped && whole.substr(text.size()).starts_with(one)) ++stopped;
    }
    for (const std::string& piece : shown.pieces) ASSERT_TRUE(IsUtf8(piece));
    ASSERT_EQ(shown.stopped, found);
    if (!found) { ASSERT_EQ(text, whole); }
    if (found) {
      const bool before_a_stop = std::ranges::any_of(stop, [&](const auto& one) { return whole.substr(text.size()).starts_with(one); });
      ASSERT_TRUE(before_a_stop);
    }
  }
  EXPECT_GT(stopped, 3'000);
}

}  // namespace
}  // namespace walchen::infer
