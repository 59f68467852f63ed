// SPDX-License-Identifier: Apache-2.0
//
// The operations of model/backend.h on numbers small enough to follow by hand.
#include "model/reference_backend.h"

#include <cmath>
#include <list>

namespace walchen::model {
namespace {

using Numerics = ReferenceBackend::Numerics;
using tensor::KvType;

// Keeps the bytes that matrices point to.
class ReferenceOperations : public testing::TestWithParam<Numerics> {
 protected:
  ReferenceBackend::Matrix Matrix(int64_t columns, const std::vector<std::vector<float>>& parts) {
    std::vector<MatrixPart> list;
    for (const std::vector<float>& values : parts) {
      values_.push_back(values);
      list.push_back({.name = "test", .type = tensor::DType::kF32,
                      .rows = static_cast<int64_t>(values.size()) / columns, .columns = columns,
                      .data = std::as_bytes(std::span(values_.back())), .row_order = {}});
    }
    return backend_.LoadMatrix(list).value();
  }
  static ReferenceBackend::Tensor Rows(int64_t columns, std::vector<float> values) {
    return {.rows = static_cast<int64_t>(values.size()) / columns, .columns = columns, .values = std::move(values)};
  }
  static void ExpectNear(const std::vector<float>& values, const std::vector<float>& expected) {
    ASSERT_EQ(values.size(), expected.size());
    for (size_t i = 0; i < values.size(); ++i) EXPECT_NEAR(values[i], expected[i], 1e-4) << i;
  }

  ReferenceBackend backend_{GetParam()};

 private:
  std::list<std::vector<float>> values_;
};
INSTANTIATE_TEST_SUITE_P(Numerics, ReferenceOperations, testing::Values(Numerics::kFloat, Numerics::kExact),
                         [](const auto& info) { return info.param == Numerics::kFloat ? "Float" : "Exact"; });

TEST_P(ReferenceOperations, EmbedTakesRowsOfTheTable) {
  const auto table = Matrix(2, {{1, 2, 3, 4, 5, 6}});
  const std::vector<int32_t> tokens = {2, 0, 2};
  const auto x = backend_.Embed(table, tokens);
  EXPECT_EQ(x.rows, 3);
  EXPECT_EQ(x.values, (std::vector<float>{5, 6, 1, 2, 5, 6}));
}

TEST_P(ReferenceOperations, NormLinearNormalisesThenMultipliesThenAddsTheBias) {
  const auto w = Matrix(2, {{1, 0, 1, 1}, {0, 2}});
  // The root of the mean square of (3, 4) is sqrt(12.5).
  const auto y = backend_.NormLinear(Rows(2, {3, 4}), {1, 2}, 0.0f, w, {10, 20, 30});
  const float a = 3 / std::sqrt(12.5f), b = 2 * 4 / std::sqrt(12.5f);
  EXPECT_EQ(y.columns, 3);
  ExpectNear(y.values, {10 + a, 20 + a + b, 30 + 2 * b});
  ExpectNear(backend_.NormLinear(Rows(2, {3, 4}), {1, 2}, 0.0f, w, {}).values, {a, a + b, 2 * b});
}

TEST_P(ReferenceOperations, LinearAddAddsToTheResidual) {
  const auto w = Matrix(3, {{1, 1, 1, 0, 0, 1}});
  const auto y = backend_.LinearAdd(Rows(3, {1, 2, 3, 4, 5, 6}), w, Rows(2, {100, 200, 300, 400}));
  EXPECT_EQ(y.values, (std::vector<float>{106, 203, 315, 406}));
}

TEST_P(ReferenceOperations, RowsPicksInAnyOrder) {
  const std::vector<int32_t> rows = {1, 1, 0};
  EXPECT_EQ(backend_.Rows(Rows(2, {1, 2, 3, 4}), rows).values, (std::vector<float>{3, 4, 3, 4, 1, 2}));
}

float Silu(float x) { return x / (1 + std::exp(-x)); }

TEST_P(ReferenceOperations, MlpAddGatesTheUpProjection) {
  // Norm of (1, 1) is (1, 1). Gate rows over up rows.
  const MlpWeights<ReferenceBackend::Matrix> mlp = {.gate_up = Matrix(2, {{1, 1, 2, 0}, {3, 0, 0, 5}}), .down = Matrix(2, {{1, 0, 1, 1}})};
  const auto y = backend_.MlpAdd(Rows(2, {1, 1}), {1, 1}, 0.0f, mlp);
  const float h = Silu(2) * 3, k = Silu(2) * 5;
  ExpectNear(y.values, {1 + h, 1 + h + k});
}

// Expert i answers (i + 1) * silu(1) in both columns.
TEST_P(ReferenceOperations, ExpertsAddWeighsTheChosenAndTheShared) {
  ExpertWeights<ReferenceBackend::Matrix> experts = {.router = Matrix(2, {{1, 0, 3, 0, 2, 0}}), .experts = {}, .used = 2, .shared = {},
                                            .shared_gate = Matrix(2, {{1, 1}})};
  const auto expert = [&](float factor) {
    return MlpWeights<ReferenceBackend::Matrix>{.gate_up = Matrix(2, {{1, 0}, {factor, 0}}), .down = Matrix(1, {{1, 1}})};
  };
  for (const float factor : {1.0f, 2.0f, 3.0f}) experts.experts.push_back(expert(factor));
  experts.shared = expert(10);
  const float weight = 1 / (1 + std::exp(-1.0f));  // of expert 1 against expert 2: scores 3 and 2
  const float chosen = Silu(1) * (weight * 2 + (1 - weight) * 3);
  ExpectNear(backend_.ExpertsAdd(Rows(2, {1, 1}), {1, 1}, 0.0f, experts).values, {1 + chosen, 1 + chosen});

  experts.normalise = false;
  const float total = 1 + std::exp(-1.0f) + std::exp(-2.0f);
  const float of_all = Silu(1) * (2 + 3 * std::exp(-1.0f)) / total;
  ExpectNear(backend_.ExpertsAdd(Rows(2, {1, 1}), {1, 1}, 0.0f, experts).values, {1 + of_all, 1 + of_all});

  experts.has_shared = true;
  const float shared = Silu(1) * 10 / (1 + std::exp(-2.0f));
  ExpectNear(backend_.ExpertsAdd(Rows(2, {1, 1}), {1, 1}, 0.0f, experts).values, {1 + of_all + shared, 1 + of_all + shared});
}

constexpr AttentionShape kShape = {.heads = 2, .kv_heads = 1, .head_size = 16, .norm_epsilon = 0};

// q of both heads, then k, then v: each head begins with the number given, the rest is 0.
std::vector<float> QkvRow(float q0, float q1, float k, float v) {
  std::vector<float> row(64);
  row[0] = q0;
  row[16] = q1;
  row[32] = k;
  row[48] = v;
  return row;
}

TEST_P(ReferenceOperations, AttendSeesItsOwnPositionAndAllBefore) {
  ReferenceBackend::Cache cache;
  const std::vector<float> no_rotation(8, 0.0f);
  std::vector<float> qkv = QkvRow(4, 0, 1, 10);
  const std::vector<float> second = QkvRow(4, 0, -1, 20);
  qkv.insert(qkv.end(), second.begin(), second.end());
  Placement<ReferenceBackend::Cache> at;
  at.segments.push_back({.first_row = 0, .rows = 2, .first_position = 0, .cache = &cache});
  backend_.SetPositions(at, no_rotation);
  const auto y = backend_.Attend(Rows(64, qkv), kShape, {}, {}, 0, at);
  ASSERT_EQ(y.columns, 32);
  EXPECT_NEAR(y.row(0)[0], 10, 1e-4) << "only itself";
  EXPECT_NEAR(y.row(0)[16], 10, 1e-4);
  const float first_weight = 1 / (1 + std::exp(-2.0f));  // scores 4 * 1 / 4 and 4 * -1 / 4
  EXPECT_NEAR(y.row(1)[0], 10 * first_weight + 20 * (1 - first_weight), 1e-3);
  EXPECT_NEAR(y.row(1)[16], 15, 1e-3) << "the second head's query is 0: all keys alike";
}

TEST_P(ReferenceOperations, AttendKeepsSequencesAndLayersApart) {
  ReferenceBackend::Cache first, second;
  const std::vector<float> no_rotation(8, 0.0f);
  for (const auto& [cache, value] : {std::pair(&first, 10.0f), std::pair(&second, 20.0f)}) {
    for (const int layer : {0, 1}) {
      Placement<ReferenceBackend::Cache> at;
      at.segments.push_back({.first_row = 0, .rows = 1, .first_position = 0, .cache = cache});
      backend_.SetPositions(at, no_rotation);
      const float v = value + static_cast<float>(layer);
      EXPECT_NEAR(backend_.Attend(Rows(64, QkvRow(1, 1, 1, v)), kShape, {}, {}, layer, at).row(0)[0], v, 1e-3);
    }
  }
  Placement<ReferenceBackend::Cache> both;
  both.segments.push_back({.first_row = 0, .rows = 1, .first_position = 1, .cache = &first});
  both.segments.push_back({.first_row = 1, .rows = 1, .first_position = 1, .cache = &second});
  backend_.SetPositions(both, no_rotation);
  std::vector<float> qkv = QkvRow(0, 0, 0, 0);
  qkv.resize(128);
  const auto y = backend_.Attend(Rows(64, qkv), kShape, {}, {}, 1, both);
  EXPECT_NEAR(y.row(0)[0], 5.5, 1e-3);
  EXPECT_NEAR(y.row(1)[0], 10.5, 1e-3);
}

// Equal keys and queries meet at the angle frequency * distance.
TEST_P(ReferenceOperations, AttendTurnsByTheDistanceOfPositions) {
  std::vector<float> frequencies(8, 0.0f);
  frequencies[0] = 0.5f;
  ReferenceBackend::Cache cache;
  Placement<ReferenceBackend::Cache> at;
  at.segments.push_back({.first_row = 0, .rows = 3, .first_position = 0, .cache = &cache});
  backend_.SetPositions(at, frequencies);
  std::vector<float> qkv;
  double expected = 0, total = 0;
  for (int position = 0; position < 3; ++position) {
    const auto value = static_cast<float>(10 * position);
    const std::vector<float> row = QkvRow(8, 0, 4, value);
    qkv.insert(qkv.end(), row.begin(), row.end());
    const double weight = std::exp(8 * 4 / 4 * std::cos(0.5 * (2 - position)));
    expected += weight * value;
    total += weight;
  }
  EXPECT_NEAR(backend_.Attend(Rows(64, qkv), kShape, {}, {}, 0, at).row(2)[0], expected / total, 0.02);
}

TEST_P(ReferenceOperations, AttendNormalisesHeadsBeforeTheyTurn) {
  ReferenceBackend::Cache cache;
  const std::vector<float> no_rotation(8, 0.0f);
  Placement<ReferenceBackend::Cache> at;
  at.segments.push_back({.first_row = 0, .rows = 2, .first_position = 0, .cache = &cache});
  backend_.SetPositions(at, no_rotation);
  std::vector<float> qkv = QkvRow(0.001f, 7, 55, 10);  // as head norms make them, q and k are (4, 0, 0, ...)
  const std::vector<float> second = QkvRow(0.002f, 9, -3, 20);
  qkv.insert(qkv.end(), second.begin(), second.end());
  std::vector<float> gain(16, 1.0f);
  const auto y = backend_.Attend(Rows(64, qkv), kShape, gain, gain, 0, at);
  const float weight = 1 / (1 + std::exp(-8.0f));  // scores 4 * 4 / 4 and -4
  EXPECT_NEAR(y.row(1)[0], 10 * weight + 20 * (1 - weight), 2e-3);
  EXPECT_NEAR(y.row(1)[16], y.row(1)[0], 2e-3);
}

// Queries of 0 weigh everything they see alike.
float MeanOfValues(const ReferenceBackend::Tensor& y, int64_t row) { return y.row(row)[0]; }

std::vector<float> RowsOfValues(const std::vector<float>& values) {
  std::vector<float> rows;
  for (const float value : values) {
    const std::vector<float> row = QkvRow(0, 0, 1, value);
    rows.insert(rows.end(), row.begin(), row.end());
  }
  return rows;
}

TEST_P(ReferenceOperations, AttendSeesAllOfASegmentThatIsNotCausal) {
  ReferenceBackend::Cache cache;
  Placement<ReferenceBackend::Cache> at;
  at.segments.push_back({.first_row = 0, .rows = 2, .first_position = 0, .cache = &cache});
  at.segments.push_back({.first_row = 2, .rows = 2, .first_position = 2, .cache = &cache, .causal = false});
  backend_.SetPositions(at, std::vector<float>(8, 0.0f));
  const auto y = backend_.Attend(Rows(64, RowsOfValues({10, 20, 30, 80})), kShape, {}, {}, 0, at);
  EXPECT_NEAR(MeanOfValues(y, 0), 10, 1e-4) << "text sees nothing that comes after it";
  EXPECT_NEAR(MeanOfValues(y, 1), 15, 1e-4);
  EXPECT_NEAR(MeanOfValues(y, 2), 35, 1e-4) << "what comes before it and all of its own segment";
  EXPECT_NEAR(MeanOfValues(y, 3), 35, 1e-4);
}

// A sense of three tokens that only layer 0 has: at layer 1 the text goes on behind the text.
TEST_P(ReferenceOperations, AttendTakesTheSlotsOfItsLayer) {
  ReferenceBackend::Cache cache;
  const std::vector<float> no_rotation(8, 0.0f);
  Placement<ReferenceBackend::Cache> text, sense, more;
  text.segments.push_back({.first_row = 0, .rows = 1, .first_position = 0, .cache = &cache});
  sense.segments.push_back({.first_row = 0, .rows = 3, .first_position = 1, .cache = &cache, .causal = false});
  const std::vector<int64_t> slots = {4, 1};
  more.segments.push_back({.first_row = 0, .rows = 2, .first_position = 9, .cache = &cache, .first_slot_of_layer = slots});
  for (const int layer : {0, 1}) {
    backend_.SetPositions(text, no_rotation);
    backend_.Attend(Rows(64, RowsOfValues({10})), kShape, {}, {}, layer, text);
  }
  backend_.SetPositions(sense, no_rotation);
  backend_.Attend(Rows(64, RowsOfValues({20, 30, 40})), kShape, {}, {}, 0, sense);
  backend_.SetPositions(more, no_rotation);
  const auto first = backend_.Attend(Rows(64, RowsOfValues({50, 90})), kShape, {}, {}, 0, more);
  EXPECT_NEAR(MeanOfValues(first, 0), 30, 1e-3);
  EXPECT_NEAR(MeanOfValues(first, 1), 40, 1e-3);
  const auto second = backend_.Attend(Rows(64, RowsOfValues({50, 90})), kShape, {}, {}, 1, more);
  EXPECT_NEAR(MeanOfValues(second, 0), 30, 1e-3);
  EXPECT_NEAR(MeanOfValues(second, 1), 50, 1e-3);
  EXPECT_EQ(cache.layers[0].values.heads.size(), 6u * 16);
  EXPECT_EQ(cache.layers[1].values.heads.size(), 3u * 16);
}

// One pair at a time carries the query and the key; the three axes have different distances.
TEST_P(ReferenceOperations, AttendTurnsPairsByTimeRowAndColumn) {
  const std::vector<std::array<int32_t, 3>> positions = {{2, 7, 1}, {4, 8, 6}};
  const double distances[] = {2, 1, 5};                  // time, row, column
  const size_t axis_of_pair[] = {0, 1, 0, 2, 0, 1, 0, 2};
  for (size_t pair = 0; pair < 8; ++pair) {
    ReferenceBackend::Cache cache;
    Placement<ReferenceBackend::Cache> at;
    at.segments.push_back({.first_row = 0, .rows = 2, .first_position = 0, .cache = &cache, .positions = positions});
    backend_.SetPositions(at, std::vector<float>(8, 0.3f));
    std::vector<float> qkv(128);
    for (const size_t row : {0, 64}) {
      qkv[row + pair] = 4;       // the first head's query
      qkv[row + 32 + pair] = 4;  // the key
      qkv[row + 48] = row == 0 ? 10.0f : 20.0f;
    }
    const double far = std::exp(4 * 4 / 4 * std::cos(0.3 * distances[axis_of_pair[pair]])), near = std::exp(4 * 4 / 4);
    const auto y = backend_.Attend(Rows(64, qkv), kShape, {}, {}, 0, at);
    EXPECT_NEAR(y.row(1)[0], (far * 10 + near * 20) / (far + near), 0.02) << "pair " << pair;
  }
}

TEST(ReferenceBackend, RoundsKeysAndValuesOnlyInTheExactForm) {
  const float third = 1.0f / 3;
  Placement<ReferenceBackend::Cache> at;
  for (const KvType kv_type : tensor::kKvTypes) {
    for (const Numerics numerics : {Numerics::kFloat, Numerics::kExact}) {
      ReferenceBackend backend(numerics, kv_type);
      ReferenceBackend::Cache cache;
      at.segments = {{.first_row = 0, .rows = 1, .first_position = 0, .cache = &cache}};
      backend.SetPositions(at, std::vector<float>(8, 0.0f));
      ReferenceBackend::Tensor qkv{.rows = 1, .columns = 64, .values = QkvRow(1, 1, third, third)};
      qkv.values[49] = third / 3;
      backend.Attend(std::move(qkv), kShape, {}, {}, 0, at);
      const ReferenceBackend::Stored& values = cache.layers[0].values;
      if (numerics == Numerics::kFloat || kv_type == KvType::kF32) {
        EXPECT_EQ(values.heads[0], third);
        EXPECT_TRUE(values.scales.empty());
      } else if (kv_type == KvType::kInt8) {
        EXPECT_EQ(values.heads[0], 127.0f);
        EXPECT_EQ(values.heads[1], 42.0f);
        EXPECT_EQ(values.scales[0], third / 127.0f);
      } else {
        EXPECT_EQ(values.heads[0], 0x1.554p-2f) << "the half next to 1/3";
        EXPECT_TRUE(values.scales.empty());
      }
    }
  }
}

}  // namespace
}  // namespace walchen::model
