// SPDX-License-Identifier: Apache-2.0
#include "data/picture_captions.h"

#include <gtest/gtest.h>

#include "data/cldr_names.h"
#include "data/extract_xml.h"

namespace walchen::data {
namespace {

TEST(CldrNames, KnowsEmojiInGermanAndEnglish) {
  EXPECT_EQ(FindShortNames("1f600"), (ShortNames{"grinsendes Gesicht", "grinning face"}));
  EXPECT_EQ(FindShortNames("1F468-200D-1F33E"), (ShortNames{"Bauer", "man farmer"}));
  EXPECT_EQ(FindShortNames("2764-fe0f"), (ShortNames{"rotes Herz", "red heart"}));
  EXPECT_EQ(FindShortNames("0031-20e3"), (ShortNames{"Taste: 1", "keycap: 1"}));
  EXPECT_EQ(FindShortNames("1f44b-1f3ff"), (ShortNames{"winkende Hand: dunkle Hautfarbe", "waving hand: dark skin tone"}));
  EXPECT_EQ(FindShortNames("1f3ff"), (ShortNames{"dunkle Hautfarbe", "dark skin tone"}));
  for (const std::string_view none : {"", "-", "zz", "1f600-1f600-1f600", "110000", "--1f600"}) {
    EXPECT_FALSE(none != "--1f600" && FindShortNames(none)) << none;
  }
}

TEST(CldrNames, AreFoundByTheEnglishNameThatIconSetsWrite) {
  EXPECT_EQ(FindShortNamesByEnglish("grinning-face")->german, "grinsendes Gesicht");
  EXPECT_EQ(FindShortNamesByEnglish("flag-germany")->german, "Flagge: Deutschland");
  EXPECT_EQ(FindShortNamesByEnglish("waving-hand-medium-dark-skin-tone")->german, "winkende Hand: mitteldunkle Hautfarbe");
  EXPECT_EQ(FindShortNamesByEnglish("no-such-thing"), std::nullopt);
}

TEST(PictureCaptions, AFilesNameInWords) {
  const std::vector<std::pair<std::string, std::string>> names = {{"pump-bearing_02.png", "pump bearing"},
                                                                  {"a/b/Kugellager (Kopie).JPG", "Kugellager Kopie"},
                                                                  {"pumpBearing2.svg", "pump Bearing"},
                                                                  {"ventil_64x64@2x.png", "ventil"},
                                                                  {"Straße.jpeg", "Straße"},
                                                                  {"ISO9001-logo.png", "ISO9001 logo"},
                                                                  {"IMG_1234.JPG", ""},
                                                                  {"image1.png", ""},
                                                                  {"DSC00042.jpg", ""},
                                                                  {"20240131_101112.jpg", ""},
                                                                  {"d41d8cd98f00b204.png", ""},
                                                                  {"x.png", ""},
                                                                  {"", ""}};
  for (const auto& [name, words] : names) EXPECT_EQ(WordsOfFileName(name), words) << name;
}

TEST(PictureCaptions, AnEmojisNameInTwoLanguages) {
  const std::vector<std::pair<std::string, std::string>> names = {{"emoji_u1f600.svg", "1f600"},
                                                                  {"1F600.svg", "1f600"},
                                                                  {"1f468-200d-1f33e.svg", "1f468-200d-1f33e"},
                                                                  {"emoji_u1f1e9_1f1ea.png", "1f1e9-1f1ea"},
                                                                  {"2024.png", ""},
                                                                  {"pump.png", ""},
                                                                  {"u+2764.svg", "2764"}};
  for (const auto& [name, points] : names) EXPECT_EQ(CodePointsOfFileName(name), points) << name;
  Part part;
  PictureCaptions(part).AddName("emoji_u1f1e9_1f1ea.png");
  EXPECT_EQ(part.text, "Flagge: Deutschland\nflag: Germany\n");
  ASSERT_EQ(part.spans.size(), 2u);
  EXPECT_EQ(part.spans[0].place, (Place{Place::Kind::kSection, 0, 0, "de"}));
  EXPECT_EQ(part.spans[1].place.name, "en");
  EXPECT_EQ(part.title, "Flagge: Deutschland");
}

TEST(PictureCaptions, AreLinesThatAreSaidOnce) {
  Part part;
  PictureCaptions captions(part);
  captions.Add("  Eine\n rote\t Pumpe ", "de-AT");
  captions.Add("eine rote pumpe", "");
  captions.Add("A red pump", "x-default");
  captions.Add(" -- ", "");
  captions.Add("", "");
  EXPECT_EQ(part.text, "Eine rote Pumpe\nA red pump\n");
  EXPECT_EQ(part.spans[0].place.name, "de");
  EXPECT_EQ(part.spans[1].place.name, "");
  // The same words in another language are another caption.
  captions.Add("A red pump", "en");
  captions.Add("a RED pump!", "en");
  EXPECT_EQ(part.spans.size(), 3u);
  captions.Add(std::string(5'000, 'a') + "ä", "");
  EXPECT_EQ(part.spans[3].end - part.spans[3].begin, 4'096u);
  for (int i = 0; i < 1'000; ++i) captions.Add(fmt::format("caption {}", i), "");
  EXPECT_EQ(part.spans.size(), 256u);
}

TEST(PictureCaptions, AreReadFromRdf) {
  const auto xml = ParseXml(R"(<rdf:RDF><cc:Work><dc:title>Pumpe</dc:title><dc:creator><cc:Agent><dc:title>Erika Muster</dc:title>
</cc:Agent></dc:creator><dc:description><rdf:Alt><rdf:li xml:lang="x-default">A pump</rdf:li><rdf:li xml:lang="de-DE">Eine Pumpe</rdf:li>
</rdf:Alt></dc:description><dc:subject><rdf:Bag><rdf:li>pump</rdf:li><rdf:li>water</rdf:li></rdf:Bag></dc:subject>
<dc:rights><cc:Agent><dc:title>Werk AG</dc:title></cc:Agent></dc:rights></cc:Work></rdf:RDF>)", "test");
  ASSERT_TRUE(xml);
  Part part;
  PictureCaptions(part).AddRdf(**xml);
  EXPECT_EQ(part.text, "Pumpe\nA pump\nEine Pumpe\npump, water\n");
  EXPECT_EQ(part.spans[2].place.name, "de");
}

TEST(PictureCaptions, FindThePictureThatAPageMeans) {
  const auto path = [](std::string_view page, std::string_view image) { return PathOfPageImage(page, image).value_or("none"); };
  EXPECT_EQ(path("docs/pump/index.html", "img/a.png"), "docs/pump/img/a.png");
  EXPECT_EQ(path("docs/pump/index.html", "../b%20c.png?v=2#x"), "docs/b c.png");
  EXPECT_EQ(path("index.html", "./a.png"), "a.png");
  EXPECT_EQ(path("/data/x/index.html", "../a.png"), "/data/a.png");
  EXPECT_EQ(path("docs/index.html", "Gr%C3%B6%C3%9Fe.png"), "docs/Größe.png");
  EXPECT_EQ(path("docs/index.html", "a:b/c.png"), "none");
  EXPECT_EQ(path("docs/index.html", "img/a:b.png"), "docs/img/a:b.png");
  EXPECT_EQ(path("docs/index.html", "100%.png"), "docs/100%.png");
  for (const std::string_view none : {"https://example.org/a.png", "//example.org/a.png", "/a.png", "data:image/png;base64,AA",
                                      "../../a.png", "%2e%2e/%2e%2e/a.png", "a%2fb.png", "a%00.png", "", "?x", "#a"}) {
    EXPECT_EQ(path("docs/index.html", none), "none") << none;
  }
}

}  // namespace
}  // namespace walchen::data
