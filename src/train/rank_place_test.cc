// SPDX-License-Identifier: Apache-2.0
#include "train/rank_place.h"

#include <map>

#include <gtest/gtest.h>

namespace walchen::train {
namespace {

using Environment = std::map<std::string, std::string>;

Result<RankPlace> PlaceIn(const Environment& environment) {
  return RankPlaceFrom([&](const char* name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    return found == environment.end() ? std::nullopt : std::optional(found->second);
  });
}

void ExpectErrorNames(const Environment& environment, std::string_view variable) {
  const auto place = PlaceIn(environment);
  ASSERT_FALSE(place) << variable;
  EXPECT_EQ(place.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_NE(place.error().message().find(variable), std::string::npos) << place.error().message();
}

TEST(RankPlace, IsAloneWhereNobodySaysAnything) {
  EXPECT_EQ(PlaceIn({}).value(), RankPlace{});
  EXPECT_EQ(PlaceIn({{"RANK", "0"}, {"WORLD_SIZE", "1"}}).value(), RankPlace{});
  // The shell of salloc, and a job in which srun has started nothing.
  EXPECT_EQ(PlaceIn({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "1"}, {"SLURM_JOB_ID", "7"}}).value(), RankPlace{});
  EXPECT_EQ(PlaceIn({{"SLURM_NTASKS", "8"}, {"SLURM_JOB_ID", "7"}, {"SLURM_JOB_NODELIST", "a[1-8]"}}).value(), RankPlace{});
  // A job's script, which sbatch starts on the first node.
  EXPECT_EQ(PlaceIn({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "8"}, {"SLURM_JOB_NODELIST", "a[1-8]"}}).value(), RankPlace{});
  EXPECT_EQ(PlaceIn({{"SLURM_PROCID", "0"}, {"SLURM_LOCALID", "0"}}).value(), RankPlace{});
}

TEST(RankPlace, IsReadFromTorchrun) {
  const Environment environment = {{"RANK", "5"}, {"WORLD_SIZE", "8"}, {"LOCAL_RANK", "1"}, {"LOCAL_WORLD_SIZE", "4"},
                                   {"MASTER_ADDR", "head"}, {"MASTER_PORT", "1234"}};
  EXPECT_EQ(PlaceIn(environment).value(), (RankPlace{.rank = 5, .world = 8, .local_rank = 1, .address = "head", .port = 1234}));
  Environment agent = environment;
  agent["TORCHELASTIC_USE_AGENT_STORE"] = "True";
  agent["TORCHELASTIC_RESTART_COUNT"] = "2";
  EXPECT_EQ(PlaceIn(agent).value().launchers_store, "walchen/2");
}

TEST(RankPlace, IsReadFromSlurm) {
  const Environment job = {{"SLURM_PROCID", "3"}, {"SLURM_STEP_NUM_TASKS", "4"}, {"SLURM_LOCALID", "1"}, {"SLURM_JOB_ID", "31007"},
                           {"SLURM_JOB_NODELIST", "node[03-05,9]"}};
  EXPECT_EQ(PlaceIn(job).value(), (RankPlace{.rank = 3, .world = 4, .local_rank = 1, .address = "node03", .port = 16'007}));
  // A step may take fewer tasks and other nodes than the job has.
  Environment step = job;
  step["SLURM_PROCID"] = "1";
  step["SLURM_STEP_NUM_TASKS"] = "2";
  step["SLURM_STEP_NODELIST"] = "node05,node09";
  EXPECT_EQ(PlaceIn(step).value(), (RankPlace{.rank = 1, .world = 2, .local_rank = 1, .address = "node05", .port = 16'007}));
  step["MASTER_ADDR"] = "10.0.0.1";
  EXPECT_EQ(PlaceIn(step).value().address, "10.0.0.1");
}

TEST(RankPlace, IsReadFromMpiAlsoInsideSlurm) {
  const Environment open_mpi = {{"OMPI_COMM_WORLD_RANK", "1"}, {"OMPI_COMM_WORLD_SIZE", "2"}, {"OMPI_COMM_WORLD_LOCAL_RANK", "1"},
                                {"OMPI_COMM_WORLD_LOCAL_SIZE", "2"}};
  EXPECT_EQ(PlaceIn(open_mpi).value(),
            (RankPlace{.rank = 1, .world = 2, .local_rank = 1, .address = "127.0.0.1", .port = 29'500}));
  const Environment mpich = {{"PMI_RANK", "1"}, {"PMI_SIZE", "4"}, {"MASTER_ADDR", "head"}};
  EXPECT_EQ(PlaceIn(mpich).value(), (RankPlace{.rank = 1, .world = 4, .local_rank = 0, .address = "head", .port = 29'500}));
  // mpirun has started one daemon a node by srun; its ranks inherit what Slurm said to that.
  Environment inside = mpich;
  inside.erase("MASTER_ADDR");
  inside.insert({{"SLURM_PROCID", "0"}, {"SLURM_STEP_NUM_TASKS", "1"}, {"SLURM_STEP_NODELIST", "b2"}, {"SLURM_JOB_NODELIST", "b[1-2]"}});
  EXPECT_EQ(PlaceIn(inside).value(), (RankPlace{.rank = 1, .world = 4, .local_rank = 0, .address = "b1", .port = 29'500}));
}

TEST(RankPlace, NamesTheVariableThatContradicts) {
  ExpectErrorNames({{"RANK", "2"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "a"}}, "RANK is 2");
  ExpectErrorNames({{"RANK", "-1"}, {"WORLD_SIZE", "2"}}, "RANK");
  ExpectErrorNames({{"RANK", "one"}, {"WORLD_SIZE", "2"}}, "\"one\"");
  ExpectErrorNames({{"RANK", ""}, {"WORLD_SIZE", "2"}}, "RANK");
  ExpectErrorNames({{"RANK", "1"}}, "WORLD_SIZE");
  ExpectErrorNames({{"WORLD_SIZE", "2"}}, "RANK");
  ExpectErrorNames({{"RANK", "1"}, {"WORLD_SIZE", "2"}}, "MASTER_ADDR");
  ExpectErrorNames({{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", ""}}, "MASTER_ADDR");
  ExpectErrorNames({{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "a"}, {"MASTER_PORT", "70000"}}, "MASTER_PORT");
  ExpectErrorNames({{"RANK", "1"}, {"WORLD_SIZE", "2"}, {"LOCAL_RANK", "2"}, {"MASTER_ADDR", "a"}}, "LOCAL_RANK");
  ExpectErrorNames({{"PMI_RANK", "1"}, {"PMI_SIZE", "2"}}, "MASTER_ADDR");
  ExpectErrorNames({{"SLURM_PROCID", "1"}, {"SLURM_STEP_NUM_TASKS", "2"}, {"SLURM_JOB_NODELIST", "a[1"}}, "SLURM_JOB_NODELIST");
}

TEST(FirstNode, FollowsSlurmsBrackets) {
  EXPECT_EQ(FirstNode("solo").value(), "solo");
  EXPECT_EQ(FirstNode("a,b").value(), "a");
  EXPECT_EQ(FirstNode("node[03-05,9]").value(), "node03");
  EXPECT_EQ(FirstNode("node[9,12],gpu1").value(), "node9");
  EXPECT_EQ(FirstNode("rack[1-2]node[04-05].site").value(), "rack1node04.site");
  for (const char* wrong : {"", ",a", "a[", "a[]", "a[-3]", "a]"}) EXPECT_FALSE(FirstNode(wrong)) << wrong;
}

}  // namespace
}  // namespace walchen::train
