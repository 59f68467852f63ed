// SPDX-License-Identifier: Apache-2.0
#include "data/extract_html.h"

#include <gtest/gtest.h>

#include "data/test_extract.h"

namespace walchen::data {
namespace {

Part Page(std::string_view html) {
  Part part = HtmlPart(html).value();
  return part;
}

TEST(ReadHtml, TakesTheMainTextWithoutWhatIsAroundIt) {
  const Part part =
      Page(R"(<!DOCTYPE html><html lang="de"><head><title> Die Pumpe </title><script>var x = "no";</script></head>
<body><nav>Start Kontakt</nav><header>Kopf</header><main><h1>Die   Pumpe</h1><p>Sie f&ouml;rdert
  <b>Wasser</b>.</p><ul><li>eins</li><li>zwei</li></ul><aside>Werbung</aside></main><footer>Fu&szlig;</footer></body></html>)");
  EXPECT_EQ(part.text, "Die Pumpe\n\nSie fördert Wasser.\n\neins\nzwei");
  EXPECT_EQ(part.title, "Die Pumpe");
  EXPECT_EQ(part.language, "de");
}

TEST(ReadHtml, WithoutAMainElementEverythingCounts) {
  EXPECT_EQ(Page("<p>eins<p>zwei").text, "eins\n\nzwei");
  EXPECT_EQ(Page("<main></main><p>draussen").text, "draussen");
  EXPECT_EQ(Page("a<br>b<hr>c").text, "a\nb\n\nc");
}

TEST(ReadHtml, CellsAreApartByTabsAndPreformattedTextStays) {
  EXPECT_EQ(Page("<table><tr><th>Name</th><th>Wert</th></tr><tr><td>p</td><td>1,5</td></tr><tr><td></td><td>2</td></"
                 "tr></table>")
                .text,
            "Name\tWert\np\t1,5\n\t2");
  EXPECT_EQ(Page("<p>x</p><pre>if a:\n  b  c\n</pre>").text, "x\n\nif a:\n  b  c\n");
}

TEST(ReadHtml, EveryBlockKnowsItsBytes) {
  const std::string html = "<body><p>Erster Satz.</p>\n<div>Zweiter <i>Satz</i>.</div></body>";
  const Part part = Page(html);
  ASSERT_EQ(part.spans.size(), 2u);
  EXPECT_EQ(SpanText(part, 0), "Erster Satz.");
  EXPECT_EQ(html.substr(part.spans[0].place.first, part.spans[0].place.last - part.spans[0].place.first),
            "Erster Satz.");
  EXPECT_EQ(SpanText(part, 1), "Zweiter Satz.");
  EXPECT_EQ(html.substr(part.spans[1].place.first, part.spans[1].place.last - part.spans[1].place.first),
            "Zweiter <i>Satz</i>.");
}

TEST(ReadHtml, FindsCaptionsLicencesAndOptOuts) {
  const Part part = Page(
      R"(<head><meta name="TDM-Reservation" content="1"><meta name="tdm-policy" content="https://example.org/p.json">
<meta name="robots" content="index, noai, noimageai"><link rel="license" href="https://creativecommons.org/licenses/by/4.0/">
<meta name="dcterms.rights" content="CC BY"></head><body><img src="a.png" alt="Ein Ventil"><figure><img src="b.png">
<figcaption>Bild 2: <b>Rohr</b></figcaption></figure>x</body>)");
  EXPECT_EQ(part.captions, (std::vector<Caption>{{"a.png", "Ein Ventil"}, {"b.png", "Bild 2: Rohr"}}));
  EXPECT_EQ(part.opt_outs, (std::vector<OptOutMark>{{"tdmrep", "tdm-reservation", "1"},
                                                    {"tdmrep", "tdm-policy", "https://example.org/p.json"},
                                                    {"noai", "robots", "index, noai, noimageai"}}));
  EXPECT_EQ(part.licences,
            (std::vector<LicenceEvidence>{{"rel=license", "https://creativecommons.org/licenses/by/4.0/"},
                                          {"meta dcterms.rights", "CC BY"}}));
}

TEST(ReadHtml, ReadsThePagesOwnEncoding) {
  EXPECT_EQ(Page("<meta charset=\"iso-8859-1\"><p>Gr\xFC\xDF" "e").text, "Grüße");
  EXPECT_EQ(Page("<meta http-equiv=Content-Type content='text/html; charset=iso-8859-2'><p>\xB1").text, "ą");
}

TEST(ReadHtml, AnythingIsHtmlInTheEnd) {
  for (const std::string_view html :
       {"<", "</", "<p", "<!--", "<table><td><table>", "&#x110000;&#xD800;", "<svg><title>x</svg>"}) {
    const auto part = HtmlPart(html);
    ASSERT_TRUE(part) << html;
  }
  EXPECT_FALSE(HtmlPart(std::string_view("<p>\0\0\0", 6)));
}

}  // namespace
}  // namespace walchen::data
