// SPDX-License-Identifier: Apache-2.0
#include "serve/training_runs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/limits.h"
#include "base/test_folder.h"
#include "runs/run_folder.h"
#include "serve/json_text.h"

namespace walchen::serve {
namespace {

class TrainingRunsTest : public testing::Test {
 protected:
  TrainingRunsTest() {
    runs::Recipe recipe;
    recipe.name = "example";
    recipe.text.base = "a-model";
    recipe.data.push_back({.name = "text",
                           .text_template = "{text}",
                           .source = {.kind = runs::DataSource::Kind::kJsonl, .place = "a.jsonl"},
                           .sequences = 1,
                           .tiers = {},
                           .options = {}});
    recipe.budget = {.kind = runs::Budget::Kind::kSteps, .amount = 10};
    EXPECT_TRUE(runs::RunFolder::Create(files_, folder_ / "first run", recipe));
    Append(1, 3);
  }
  void Append(int64_t first, int64_t last) {
    auto log = runs::RunLog::Open(files_, runs::LogPath(folder_ / "first run"), first - 1);
    ASSERT_TRUE(log);
    for (int64_t step = first; step <= last; ++step) {
      ASSERT_TRUE(log->Append({.step = step,
                               .loss = {{"speech", 1.0 / 3}, {"text", step == 2 ? std::nan("") : 0.5}},
                               .loss_by_tau = {{"speech", {1, 2, 3, 4}}},
                               .tokens = step * 100,
                               .seconds = 1.5,
                               .tokens_per_s = 66.666666666,
                               .grad_norm = 2,
                               .rate = 1}));
    }
  }
  Response Ask(std::string name, std::string query = "") {
    Request request;
    request.parameters = {std::move(name)};
    request.query = std::move(query);
    return shown_.Curves(request);
  }
  static Json Parse(const Response& response) { return Json::parse(response.body, nullptr, false); }

  base::Files& files_ = base::Files::Os();
  base::TestFolder folder_;
  TrainingRuns shown_{files_, folder_.path()};
};

TEST_F(TrainingRunsTest, ListsTheRuns) {
  const Json list = Parse(shown_.List());
  ASSERT_EQ(list["data"].size(), 1u) << list.dump();
  Json run = list["data"][0];
  EXPECT_TRUE(run["logged_at"].is_number_integer());
  run.erase("logged_at");
  EXPECT_EQ(run.dump(), R"({"name":"first run","recipe":"example","running":false,"step":3,"last_step":10,)"
                        R"("loss":{"speech":0.333333,"text":0.5}})");
  EXPECT_EQ(list["left_out"], 0);
}

TEST_F(TrainingRunsTest, GivesTheCurvesOfARun) {
  const Json run = Parse(Ask("first run"));
  EXPECT_EQ(run["step"], 3);
  EXPECT_EQ(run["tokens"], 300);
  EXPECT_EQ(run["seconds"], 1.5);
  EXPECT_EQ(run["stride"], 1);
  EXPECT_EQ(run["more"], false);
  EXPECT_TRUE(run["energy_j"].is_null());
  EXPECT_EQ(run["points"].dump(),
            R"({"step":[1,2,3],"tokens_per_s":[66.6667,66.6667,66.6667],"grad_norm":[2.0,2.0,2.0],"rate":[1.0,1.0,1.0],)"
            R"("loss":{"speech":[0.333333,0.333333,0.333333],"text":[0.5,null,0.5]},)"
            R"("loss_by_tau":{"speech":[[1.0,1.0,1.0],[2.0,2.0,2.0],[3.0,3.0,3.0],[4.0,4.0,4.0]]}})");
}

TEST_F(TrainingRunsTest, GivesWhatWasAddedSince) {
  const Json before = Parse(Ask("first run"));
  Append(4, 5);
  const Json added = Parse(Ask("first run", fmt::format("after={}", before["after"].get<int>())));
  EXPECT_EQ(added["points"]["step"].dump(), "[3,4,5]");
  EXPECT_EQ(added["points"]["loss"]["speech"].size(), 3u);
  EXPECT_EQ(added["step"], 5);
}

TEST_F(TrainingRunsTest, SaysWhatIsWrongWithARequest) {
  for (const char* name : {"nothing", "..", "../first run", "", "%2e%2e"}) {
    const Response response = Ask(name);
    EXPECT_EQ(response.status, 404) << name;
    EXPECT_EQ(Parse(response)["error"]["code"], "run_not_found") << name;
  }
  for (const char* query : {"after=", "after=-1", "after=1.5", "after=x", "after=99999999999999999999"}) {
    const Response response = Ask("first run", query);
    EXPECT_EQ(response.status, 400) << query;
    EXPECT_EQ(Parse(response)["error"]["param"], "after") << query;
  }
}

TEST_F(TrainingRunsTest, WithoutAFolderThereAreNone) {
  TrainingRuns none(files_, "");
  EXPECT_EQ(Parse(none.List())["data"].size(), 0u);
  Request request;
  request.parameters = {"first run"};
  EXPECT_EQ(none.Curves(request).status, 404);
}

TEST_F(TrainingRunsTest, RunsThatWereForgottenAreReadAgain) {
  const std::string recipe = *files_.Read(folder_ / "first run/recipe.toml", 1 << 16);
  EXPECT_EQ(Parse(Ask("first run"))["step"], 3);
  for (int64_t i = 0; i < base::kRunsMaxFollowed; ++i) {
    const std::string name = fmt::format("other {}", i);
    ASSERT_TRUE(files_.MakeFolders(folder_ / name));
    ASSERT_TRUE(base::ReplaceFile(files_, folder_ / (name + "/recipe.toml"), recipe));
    EXPECT_EQ(Parse(Ask(name))["step"], 0) << name;
  }
  EXPECT_EQ(Parse(Ask("first run"))["points"]["step"].dump(), "[1,2,3]");
}

}  // namespace
}  // namespace walchen::serve
