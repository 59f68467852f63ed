// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "data/content_credentials.h"
#include "data/picture.h"
#include "data/picture_blocks.h"
#include "data/test_extract.h"
#include "data/test_pictures.h"

namespace walchen::data {
namespace {

constexpr std::string_view kXmp =
    R"(<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="r" xmlns:dc="d" xmlns:plus="p" xmlns:xmpRights="x"><rdf:Description
plus:DataMining="http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED"><dc:title><rdf:Alt><rdf:li xml:lang="de">Rote Pumpe</rdf:li></rdf:Alt>
</dc:title><xmpRights:WebStatement>https://example.org/terms</xmpRights:WebStatement></rdf:Description></rdf:RDF></x:xmpmeta>)";

Picture PixelsOf(const Part& part) {
  const auto decoded = DecodePicture(part.content);
  EXPECT_TRUE(decoded) << part.quarantine;
  return decoded ? decoded->picture : Picture();
}

void ExpectXmp(const Part& part) {
  EXPECT_EQ(part.quarantine, "");
  EXPECT_EQ(part.opt_outs,
            (std::vector<OptOutMark>{{"plus", "plus:datamining", "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED"}}));
  EXPECT_EQ(part.licences, (std::vector<LicenceEvidence>{{"xmpRights:WebStatement", "https://example.org/terms"}}));
  EXPECT_EQ(part.text.substr(0, part.text.find('\n')), "Rote Pumpe");
  EXPECT_EQ(part.title, "Rote Pumpe");
  EXPECT_EQ(part.content.find("xmpmeta"), std::string::npos);
}

// A WebP of one pixel, lossless, with one more chunk.
std::string TestWebp(std::string_view type, std::string_view data) {
  const auto chunk = [](std::string_view name, std::string_view content) {
    std::string size = BigEndianBytes(content.size(), 4);
    std::ranges::reverse(size);
    return std::string(name) + size + std::string(content) + (content.size() % 2 == 1 ? std::string(1, '\0') : "");
  };
  const std::string_view pixel("\x2f\0\0\0\x10\x07\x10\x11\x11\x88\x88\xfe\x07", 13);
  return chunk("RIFF", "WEBP" + chunk("VP8X", std::string_view("\x14\0\0\0\0\0\0\0\0\0", 10)) + chunk("VP8L", pixel) +
                           chunk(type, data));
}

// A GIF of one red pixel.
std::string TestGif(std::string_view application) {
  return std::string("GIF89a\1\0\1\0\x80\0\0\xff\0\0\0\0\xff", 19) + std::string(application) +
         std::string(",\0\0\0\0\1\0\1\0\0\2\2\x44\1\0;", 16);
}

// A TIFF of one white pixel, with more entries.
std::string TestTiff(std::string_view entries, std::string_view behind) {
  const size_t size = entries.size() / 12 + 8, data = 8 + 2 + size * 12 + 4;
  const std::string basic = TiffEntry(256, 4, 1, 1) + TiffEntry(257, 4, 1, 1) + TiffEntry(258, 3, 1, 8 << 16) +
                            TiffEntry(259, 3, 1, 1 << 16) + TiffEntry(262, 3, 1, 1 << 16) + TiffEntry(273, 4, 1, data) +
                            TiffEntry(278, 4, 1, 1) + TiffEntry(279, 4, 1, 1);
  return TiffOf(basic + std::string(entries), "\xff" + std::string(behind));
}

TEST(ReadPicture, BecomesPixelsWithTheWordsOfItsName) {
  const Part part = PartOf("bilder/pump-bearing_02.png", TestPng("", TestPicture(8, 6)));
  ExpectWellFormed(part);
  EXPECT_EQ(part.kind, PartKind::kPicture);
  EXPECT_EQ(part.media_type, "image/png");
  EXPECT_EQ(part.text, "pump bearing\n");
  EXPECT_EQ(part.spans, (std::vector<Span>{{0, 12, {Place::Kind::kSection, 0, 0, ""}}}));
  EXPECT_EQ(PixelsOf(part), TestPicture(8, 6));
  const Part nameless = PartOf("IMG_1234.JPG", TestJpeg());
  ExpectWellFormed(nameless);
  EXPECT_EQ(nameless.text, "");
  EXPECT_EQ(PixelsOf(nameless).width, 16u);
  EXPECT_EQ(PixelsOf(PartOf("large.png", TestPng("", TestPicture(1'024, 100)))).width, kPictureSideMax);
}

TEST(ReadPicture, FindsXmpWhereverAFormatKeepsIt) {
  const std::string xmp(kXmp);
  ExpectXmp(PartOf("a.png", TestPng(PngChunk("iTXt", std::string("XML:com.adobe.xmp\0\0\0\0\0", 22) + xmp))));
  ExpectXmp(PartOf("a.jpg", TestJpeg(JpegSegment(0xe1, std::string("http://ns.adobe.com/xap/1.0/\0", 29) + xmp))));
  ExpectXmp(PartOf("a.webp", TestWebp("XMP ", xmp)));
  std::string trailer = "\x01";
  for (int i = 255; i >= 0; --i) trailer += static_cast<char>(i);
  ExpectXmp(PartOf("a.gif", TestGif("!\xff\x0bXMP DataXMP" + xmp + trailer + '\0')));
  const size_t at = 8 + 2 + 9 * 12 + 4 + 1;
  ExpectXmp(PartOf("a.tif", TestTiff(TiffEntry(700, 1, xmp.size(), at), xmp)));
}

// As zlib packs it.
std::string Deflated(std::string_view text) {
  std::string packed(compressBound(text.size()), '\0');
  uLongf size = packed.size();
  EXPECT_EQ(compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(text.data()), text.size()), Z_OK);
  packed.resize(size);
  return packed;
}

TEST(ReadPicture, FindsACompressedPacket) {
  ExpectXmp(PartOf("a.png", TestPng(PngChunk("iTXt", std::string("XML:com.adobe.xmp\0\1\0\0\0", 22) + Deflated(kXmp)))));
}

TEST(FindPictureBlocks, WhatIsPackedMayBeAsLongAsWhatIsNot) {
  const auto packed = [](std::string_view packet) {
    return PngChunk("iTXt", std::string("XML:com.adobe.xmp\0\1\0\0\0", 22) + Deflated(packet));
  };
  std::string packet;
  packet.resize(10'000'000, 'x');
  const PictureBlocks blocks = FindPictureBlocks(TestPng(packed(packet)));
  EXPECT_EQ(blocks.xmp, (std::vector<std::string>{packet}));
  EXPECT_FALSE(blocks.left_out);
  // A second one is too much, broken ones count, and others are still found.
  const std::string broken = PngChunk("zTXt", std::string("Title\0\0", 7) + Deflated(packet).substr(0, 9'000));
  const std::string last = PngChunk("caBX", "manifest");
  for (const std::string& first : {packed(packet), broken}) {
    const PictureBlocks cut = FindPictureBlocks(TestPng(first + packed(packet) + last));
    EXPECT_TRUE(cut.left_out);
    EXPECT_EQ(cut.xmp.size(), first == broken ? 0u : 1u);
    EXPECT_EQ(cut.manifests, (std::vector<std::string>{"manifest"}));
  }
  std::string many;
  for (int i = 0; i < 262'145; ++i) many += std::string("\0\0\0\4zTXta\0\0x----", 16);
  EXPECT_TRUE(FindPictureBlocks(TestPng(many)).left_out);
}

TEST(ReadPicture, NotesThatMetadataIsLeftOut) {
  std::string text("Title\0", 6);
  text.resize(17'000'000, 'x');
  const std::vector<std::string> note = {
      "what it says beside its pixels is longer than 16777216 bytes: reservations in the rest are not seen"};
  EXPECT_EQ(PartOf("a.png", TestPng(PngChunk("tEXt", text))).notes, note);
  std::string segments;
  for (uint64_t i = 1; i <= 300; ++i) {
    segments += JpegSegment(0xeb, "JP" + BigEndianBytes(1, 2) + BigEndianBytes(i, 4) + BigEndianBytes(17'000'000, 4) + "jumb" + std::string(60'000, 'x'));
  }
  EXPECT_EQ(PartOf("a.jpg", TestJpeg(segments)).notes, note);
}

TEST(ReadPicture, LeavesOutWhereItWasTakenAndWhoseCamera) {
  // The file's directory: description, orientation, EXIF's directory and that of the location behind it.
  const size_t exif_at = 8 + 2 + 4 * 12 + 4, location_at = exif_at + 2 + 12 + 4, text_at = location_at + 2 + 12 + 4;
  const std::string exif =
      TiffOf(TiffEntry(0x010e, 2, 9, text_at) + TiffEntry(0x0112, 3, 1, 6 << 16) + TiffEntry(0x8769, 4, 1, exif_at) +
                 TiffEntry(0x8825, 4, 1, location_at),
             BigEndianBytes(1, 2) + TiffEntry(0xa431, 2, 4, 0x31323300) + BigEndianBytes(0, 4) + BigEndianBytes(1, 2) +
                 TiffEntry(1, 2, 2, 0x4e000000) + BigEndianBytes(0, 4) + std::string("Pumpe 3.\0", 9));
  for (const std::string& file : {TestJpeg(JpegSegment(0xe1, std::string("Exif\0\0", 6) + exif), TestPicture(8, 6)),
                                  TestPng(PngChunk("eXIf", exif))}) {
    const Part part = PartOf("IMG_1.jpg", file);
    ExpectWellFormed(part);
    EXPECT_EQ(part.text, "Pumpe 3.\n");
    EXPECT_EQ(part.notes, (std::vector<std::string>{"location removed", "camera's owner or serial number removed"}));
    EXPECT_EQ(PixelsOf(part).width, 6u);
    EXPECT_EQ(PixelsOf(part).height, 8u);
    EXPECT_EQ(part.content.find("eXIf"), std::string::npos);
  }
}

TEST(ReadPicture, ReadsTheCaptionsOfPngAndIptc) {
  const Part png = PartOf("1.png", TestPng(PngChunk("tEXt", std::string("Title\0Gr\xf6\xdf" "e", 12)) +
                                           PngChunk("tEXt", std::string("Software\0x", 10)) +
                                           PngChunk("iTXt", std::string("Description\0\0\0de\0\0Eine große Pumpe", 36))));
  EXPECT_EQ(png.text, "Größe\nEine große Pumpe\n");
  EXPECT_EQ(png.spans[1].place.name, "de");
  const std::string records = std::string("\x1c\2\x05\0\5Pumpe", 10) + std::string("\x1c\2\x19\0\3" "eins", 8) +
                              std::string("\x1c\2\x19\0\4zwei", 9);
  const std::string resource = "8BIM\4\4" + std::string(2, '\0') + BigEndianBytes(records.size(), 4) + records;
  const Part jpeg = PartOf("1.jpg", TestJpeg(JpegSegment(0xed, std::string("Photoshop 3.0\0", 14) + resource)));
  EXPECT_EQ(jpeg.text.substr(0, 6), "Pumpe\n");
}

// {"entries": {"cawg.ai_training": {"use": "notAllowed"}}}
std::string MiningAssertion() {
  return "\xa1\x67" "entries\xa1\x70" "cawg.ai_training\xa1\x63" "use\x6a" "notAllowed";
}
// {"actions": [{"action": "c2pa.created", "digitalSourceType": ".../trainedAlgorithmicMedia"}]}
std::string ActionsAssertion() {
  return "\xa1\x67" "actions\x81\xa2\x66" "action\x6c" "c2pa.created\x71" "digitalSourceType\x77" "trainedAlgorithmicMedia";
}
std::string Manifest() {
  return JumbfSuperbox(
      "c2pa", JumbfSuperbox("urn:uuid:1", JumbfSuperbox("c2pa.assertions",
                                                       JumbfSuperbox("cawg.training-mining", JumbfBox("cbor", MiningAssertion())) +
                                                           JumbfSuperbox("c2pa.actions.v2", JumbfBox("cbor", ActionsAssertion())))));
}

TEST(ReadPicture, FindsContentCredentialsInEveryFormat) {
  const std::string manifest = Manifest();
  // In two segments, as long manifests are; the second repeats the box's head.
  const auto segment = [&](uint64_t number, std::string_view data) {
    return JpegSegment(0xeb, "JP" + BigEndianBytes(1, 2) + BigEndianBytes(number, 4) + std::string(data));
  };
  const size_t at = 8 + 2 + 9 * 12 + 4 + 1;
  const std::array<std::string, 4> files = {
      TestPng(PngChunk("caBX", manifest)),
      TestJpeg(segment(1, manifest.substr(0, 90)) + segment(2, manifest.substr(0, 8) + manifest.substr(90))),
      TestWebp("C2PA", manifest), TestTiff(TiffEntry(0xcd41, 7, manifest.size(), at), manifest)};
  for (const std::string& file : files) {
    const Part part = PartOf("a", file);
    EXPECT_EQ(part.opt_outs, (std::vector<OptOutMark>{{"c2pa", "cawg.ai_training", "notAllowed"}})) << part.media_type;
    EXPECT_EQ(part.notes, (std::vector<std::string>{std::string(kMadeByModelNote)})) << part.media_type;
    EXPECT_FALSE(part.content.empty()) << part.quarantine;
  }
}

TEST(ReadContentCredentials, JsonIsReadTooAndWhatIsBrokenSaysNothing) {
  Part part;
  ReadContentCredentials(JumbfSuperbox("c2pa.training-mining__1", JumbfBox("json", R"({"entries":{"c2pa.data_mining":{"use":"constrained",
"constraint_info":"ask"},"c2pa.ai_inference":{"use":"allowed"}},"x":[{"use":1}]})")), part);
  EXPECT_EQ(part.opt_outs, (std::vector<OptOutMark>{{"c2pa", "c2pa.data_mining", "constrained"},
                                                    {"c2pa", "c2pa.ai_inference", "allowed"}}));
  const std::string manifest = Manifest();
  for (size_t size = 0; size < manifest.size(); ++size) {
    std::string wrong = manifest;
    wrong[size] = static_cast<char>(wrong[size] ^ 0x41);
    Part other;
    ReadContentCredentials(manifest.substr(0, size), other);
    ReadContentCredentials(wrong, other);
    EXPECT_LE(other.opt_outs.size(), 2u);
  }
  Part endless;
  std::string deep;
  for (int i = 0; i < 1'000; ++i) deep = JumbfSuperbox("c2pa.actions", deep);
  ReadContentCredentials(deep, endless);
  ReadContentCredentials(JumbfSuperbox("c2pa.actions", JumbfBox("json", std::string(100'000, '['))), endless);
  EXPECT_EQ(endless, Part());
}

TEST(ReadCborTexts, IsBounded) {
  int texts = 0;
  const auto count = [&](std::string_view, std::string_view, std::string_view) { ++texts; };
  EXPECT_TRUE(ReadCborTexts(MiningAssertion(), count));
  EXPECT_TRUE(ReadCborTexts("\xbf\x61" "a\x9f\x61" "b\x61" "c\xff\x61" "d\xc1\x61" "e\xff", count));
  EXPECT_EQ(texts, 4);
  // Tags in front of everything, such as the one that says that CBOR follows.
  EXPECT_TRUE(ReadCborTexts("\xd9\xd9\xf7\xc1" + MiningAssertion(), count));
  EXPECT_EQ(texts, 5);
  EXPECT_FALSE(ReadCborTexts("\xd9\xd9\xf7", count));
  EXPECT_FALSE(ReadCborTexts("\x9f\xc1\xff", count));
  for (const std::string& wrong : {std::string(), std::string("\x9b\xff\xff\xff\xff\xff\xff\xff\xff", 9), std::string(1'000'000, '\x81'),
                                   std::string("\xff"), std::string("\x7f"), std::string("\x1c"), std::string("\x63" "ab")}) {
    EXPECT_FALSE(ReadCborTexts(wrong, count)) << wrong.size();
  }
}

TEST(ReadSvg, IsDrawnAndSaysWhatItSays) {
  const Part part = PartOf(
      "zeichnung/p-101.svg",
      R"(<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
xmlns:cc="http://creativecommons.org/ns#" xmlns:dc="http://purl.org/dc/elements/1.1/" viewBox="0 0 20 10" xml:lang="de"><title>Pumpe</title>
<desc>Eine rote Pumpe</desc><metadata><rdf:RDF><cc:Work><dc:title>Pumpe</dc:title><dc:subject><rdf:Bag><rdf:li>pump</rdf:li>
<rdf:li>red</rdf:li></rdf:Bag></dc:subject><cc:license rdf:resource="http://creativecommons.org/publicdomain/zero/1.0/"/></cc:Work>
</rdf:RDF></metadata><rect width="10" height="10" fill="#f00"/><text y="5">P1</text></svg>)");
  ExpectWellFormed(part);
  EXPECT_EQ(part.kind, PartKind::kPicture);
  EXPECT_EQ(part.text, "Pumpe\nEine rote Pumpe\npump, red\nP1\n");
  EXPECT_EQ(part.title, "Pumpe");
  EXPECT_EQ(part.spans[0].place.name, "de");
  EXPECT_EQ(part.licences, (std::vector<LicenceEvidence>{{"cc:license", "http://creativecommons.org/publicdomain/zero/1.0/"}}));
  const Picture picture = PixelsOf(part);
  EXPECT_EQ(picture.width, kDrawingSide);
  EXPECT_EQ(picture.height, kDrawingSide / 2);
  EXPECT_EQ(picture.rgb[0], 255);
  EXPECT_EQ(picture.rgb[1], 0);
  // Each title has the language of the element around it, and not of one that has ended.
  const Part languages = PartOf("x.svg", R"(<svg xmlns="http://www.w3.org/2000/svg" xml:lang="en"><g xml:lang="de"><title>eins</title></g>
<title>one</title><g><title lang="fr">un</title><rect width="9" height="9"/><title>two</title></g></svg>)");
  std::string codes;
  for (const Span& span : languages.spans) codes += span.place.name + ' ';
  EXPECT_EQ(codes, "de en fr en ");
  const Part empty = PartOf("x.svg", "<svg xmlns='http://www.w3.org/2000/svg'><metadata>x</metadata></svg>");
  EXPECT_NE(empty.quarantine.find("nothing is drawn"), std::string::npos) << empty.quarantine;
}

constexpr std::string_view kIcons = R"({"prefix": "noto", "info": {"name": "x", "author": {"name": "Werk AG"}, "license": {"title": "Apache",
"spdx": "Apache-2.0"}}, "icons": {"grinning-face": {"body": "<circle cx='8' cy='8' r='8' fill='#fc0'/>"},
"arrow-left": {"body": "<path d='M0 0h8v16H0z' fill='currentColor'/>"}, "none": {"body": ""}, "broken": {"body": "<path"}, "number": 7},
"aliases": {"smile": {"parent": "grinning-face"}, "arrow-right": {"parent": "arrow-left", "hFlip": true}},
"chars": {"1f448": "arrow-left"}, "width": 16, "height": 16})";

TEST(ReadIconSet, EachIconIsAPicture) {
  std::map<std::string, Part> parts;
  for (Part& part : PartsOf("json/noto.json", kIcons)) {
    ExpectWellFormed(part);
    EXPECT_EQ(part.media_type, "application/vnd.iconify+json");
    EXPECT_EQ(part.licences, (std::vector<LicenceEvidence>{{"SPDX-License-Identifier", "Apache-2.0"}, {"cc:attributionName", "Werk AG"}}));
    parts.emplace(part.inner_path, std::move(part));
  }
  ASSERT_EQ(parts.size(), 5u);
  EXPECT_EQ(parts["#grinning-face"].text, "grinning face\nsmile\ngrinsendes Gesicht\n");
  EXPECT_EQ(parts["#grinning-face"].spans[0].place.name, "en");
  EXPECT_EQ(parts["#grinning-face"].spans[2].place.name, "de");
  EXPECT_NE(parts["#arrow-left"].text.find("nach links weisender Zeigefinger"), std::string::npos) << parts["#arrow-left"].text;
  const Picture arrow = PixelsOf(parts["#arrow-left"]);
  EXPECT_EQ(arrow.width, kIconSide);
  EXPECT_EQ(arrow.rgb[0], 0);
  EXPECT_EQ(arrow.rgb[(kIconSide - 1) * 3], 255);
  for (const char* const wrong : {"#none", "#broken", "#number"}) EXPECT_NE(parts[wrong].quarantine, "") << wrong;
}

TEST(ReadIconSet, WhatIsNoSetIsJsonOrQuarantined) {
  EXPECT_EQ(PartOf("a.json", R"({"prefix": "Ein Text mit Worten", "text": "icons body"})").media_type, "application/json");
  const Part broken = PartOf("a.json", std::string(kIcons.substr(0, kIcons.size() - 3)));
  EXPECT_NE(broken.quarantine.find("expected a set of icons"), std::string::npos) << broken.quarantine;
  EXPECT_NE(PartOf("a.json", R"({"prefix": "x", "icons": {}, "body": 1})").quarantine, "");
}

}  // namespace
}  // namespace walchen::data
