// SPDX-License-Identifier: Apache-2.0
#include "serve/http.h"

#include "serve/router.h"

namespace walchen::serve {
namespace {

TEST(Http, DecodesPercentSigns) {
  EXPECT_EQ(PercentDecode("/a%20b%C3%bc+"), "/a b\xc3\xbc+");
  EXPECT_EQ(PercentDecode("100%"), std::nullopt);
  EXPECT_EQ(PercentDecode("%4"), std::nullopt);
  EXPECT_EQ(PercentDecode("%zz"), std::nullopt);
  EXPECT_EQ(PercentDecode("%00"), std::nullopt);
}

TEST(Http, FindsAValueInTheQuery) {
  Request request;
  request.query = "a=1&token=x%3Dy&token=later&empty=&bare";
  EXPECT_EQ(request.QueryValue("token"), "x=y");
  EXPECT_EQ(request.QueryValue("a"), "1");
  EXPECT_EQ(request.QueryValue("empty"), "");
  EXPECT_EQ(request.QueryValue("bare"), std::nullopt);
  EXPECT_EQ(request.QueryValue("oken"), std::nullopt);
}

TEST(Http, FindsHeadersWithoutCase) {
  Request request;
  request.headers = {{"Host", "a"}, {"HOST", "b"}};
  EXPECT_EQ(request.Find("host"), "a");
  EXPECT_EQ(request.Count("hOsT"), 2);
  EXPECT_EQ(request.Find("origin"), "");
}

TEST(Http, WritesAHeadWithItsLength) {
  Response response;
  response.status = 404;
  response.headers = {{"X-Test", "1"}};
  response.body = "12345";
  EXPECT_EQ(SerializeHead(response, Framing::kLength, true),
            "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 5\r\nX-Test: 1\r\n"
            "Connection: keep-alive\r\n\r\n");
  EXPECT_EQ(SerializeChunk("0123456789abcdef"), "10\r\n0123456789abcdef\r\n");
}

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    router_.Add({"GET", "/", Access::kOpen, nullptr});
    router_.Add({"GET", "/v1/models", Access::kToken, nullptr});
    router_.Add({"GET", "/v1/models/{name}", Access::kToken, nullptr});
    router_.Add({"DELETE", "/v1/models/{name}", Access::kToken, nullptr});
    router_.Add({"POST", "/v1/files/{id}/content/{part}", Access::kToken, nullptr});
  }
  std::string Pattern(std::string_view method, std::string_view path) {
    match_ = router_.Find(method, path);
    return match_.route ? match_.route->pattern : "none";
  }
  Router router_;
  Router::Match match_;
};

TEST_F(RouterTest, FindsFixedPathsAndParameters) {
  EXPECT_EQ(Pattern("GET", "/"), "/");
  EXPECT_EQ(Pattern("GET", "/v1/models"), "/v1/models");
  EXPECT_EQ(Pattern("DELETE", "/v1/models/abc"), "/v1/models/{name}");
  EXPECT_EQ(match_.parameters, (std::vector<std::string>{"abc"}));
  EXPECT_EQ(Pattern("POST", "/v1/files/7/content/x.y"), "/v1/files/{id}/content/{part}");
  EXPECT_EQ(match_.parameters, (std::vector<std::string>{"7", "x.y"}));
}

TEST_F(RouterTest, RefusesWhatOnlyLooksAlike) {
  for (const char* path : {"", "//", "/v1", "/v1/", "/v1/models/", "/v1/models/a/b", "/V1/models", "/v1/models?"}) {
    EXPECT_EQ(Pattern("GET", path), "none") << path;
    EXPECT_EQ(match_.allowed, "") << path;
  }
}

TEST_F(RouterTest, NamesTheMethodsThatAPathHas) {
  EXPECT_EQ(Pattern("POST", "/v1/models/a"), "none");
  EXPECT_EQ(match_.allowed, "GET, HEAD, DELETE");
  EXPECT_EQ(Pattern("HEAD", "/v1/models"), "/v1/models");
  EXPECT_EQ(Pattern("OPTIONS", "/v1/models"), "none");
}

}  // namespace
}  // namespace walchen::serve
