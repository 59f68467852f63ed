// SPDX-License-Identifier: Apache-2.0
//
// Model files that are well-formed and say something impossible, through the whole engine.
#include <cmath>
#include <limits>

#include "hostile_model.h"

namespace walchen {
namespace {

using formats::GgufArray;
using formats::GgufValue;
using infer::MakeTinyModel;
using infer::TinyModel;
using infer::TinyOptions;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();

using Texts = std::vector<std::string>;
using Ints = std::vector<int64_t>;

struct Change {
  std::string key;
  GgufValue value;
  std::string names = {};  // what the error has to name; empty: the key
};

class ModelValuesTest : public HostileModel {
 protected:
  // Each change alone is refused.
  void ExpectAllRefused(const TinyOptions& options, const std::vector<Change>& changes) {
    const TinyModel model = MakeTinyModel(options);
    for (size_t i = 0; i < changes.size(); ++i) {
      TinyModel changed = model;
      changed.Set(changes[i].key, changes[i].value);
      const std::string what = fmt::format("{}: change {} of {}", options.family, i, changes[i].key);
      ExpectRefused(SurviveModel(changed, what), changes[i].names.empty() ? changes[i].key : changes[i].names, what);
    }
  }
  // Whatever comes of it is fine, but a crash.
  void ExpectAllSurvived(const TinyOptions& options, const std::vector<Change>& changes) {
    const TinyModel model = MakeTinyModel(options);
    for (size_t i = 0; i < changes.size(); ++i) {
      TinyModel changed = model;
      changed.Set(changes[i].key, changes[i].value);
      (void)SurviveModel(changed, fmt::format("{}: change {} of {}", options.family, i, changes[i].key));
    }
  }
};

std::vector<Change> ForEach(const std::string& key, const std::vector<GgufValue>& values,
                            const std::string& names = "") {
  std::vector<Change> changes;
  for (const GgufValue& value : values) changes.push_back({key, value, names});
  return changes;
}

// No count of anything.
const std::vector<GgufValue> kNoCounts = {int64_t{0},  int64_t{-1}, int64_t{std::numeric_limits<int32_t>::min()},
                                          int64_t{2'147'483'648}, std::numeric_limits<int64_t>::max(),
                                          std::numeric_limits<int64_t>::min(), std::numeric_limits<uint64_t>::max(),
                                          "four", 4.0, true, GgufArray(Ints{4})};

TEST_F(ModelValuesTest, RefusesCountsThatAreNone) {
  for (const char* key :
       {"llama.block_count", "llama.embedding_length", "llama.feed_forward_length", "llama.context_length",
        "llama.attention.head_count", "llama.attention.head_count_kv", "llama.attention.key_length",
        "llama.attention.value_length", "llama.rope.dimension_count"}) {
    ExpectAllRefused({}, ForEach(key, kNoCounts));
  }
}

TEST_F(ModelValuesTest, RefusesCountsThatContradictTheTensors) {
  ExpectAllRefused({}, ForEach("llama.block_count", {int64_t{3}, int64_t{1'024}}, "blk.2."));
  ExpectAllRefused({}, {{"llama.block_count", int64_t{1'000'000'000}}});
  ExpectAllRefused({}, ForEach("llama.embedding_length", {int64_t{1}, int64_t{63}, int64_t{128}, int64_t{131'072}},
                               "token_embd.weight"));
  ExpectAllRefused({}, ForEach("llama.feed_forward_length", {int64_t{1}, int64_t{127}, int64_t{131'072}},
                               "ffn_gate.weight"));
  ExpectAllRefused({}, ForEach("llama.attention.head_count", {int64_t{2}, int64_t{8}, int64_t{1'024}}, "attn_q.weight"));
  ExpectAllRefused({}, ForEach("llama.attention.head_count_kv", {int64_t{1}, int64_t{4}}, "attn_k.weight"));
  ExpectAllRefused({}, ForEach("llama.attention.head_count_kv", {int64_t{3}, int64_t{8}, int64_t{1'024}}));
  ExpectAllRefused({}, ForEach("llama.attention.key_length", {int64_t{1}, int64_t{15}, int64_t{17}, int64_t{131'072}}));
  ExpectAllRefused({}, ForEach("llama.attention.key_length", {int64_t{32}, int64_t{512}}, "attn_q.weight"));
  ExpectAllRefused({}, {{"general.architecture", "qwen9"}, {"general.architecture", int64_t{1}},
                        {"general.architecture", "qwen2", "qwen2.block_count"}, {"general.architecture", ""},
                        {"general.architecture", GgufArray(Texts{"llama"})}});
}

TEST_F(ModelValuesTest, RefusesNumbersThatAreNone) {
  const std::vector<GgufValue> numbers = {0.0, -0.0, -1.0, kNan, kInfinity, -kInfinity, 1e300, 1e-300, "1", int64_t{1}};
  ExpectAllRefused({}, ForEach("llama.rope.freq_base", numbers));
  ExpectAllRefused({}, ForEach("llama.attention.layer_norm_rms_epsilon", numbers));
  TinyModel model = MakeTinyModel();
  model.Set("llama.rope.scaling.type", "linear");
  for (const GgufValue& value : numbers) {
    model.Set("llama.rope.scaling.factor", value);
    ExpectRefused(SurviveModel(model, "scaling"), "llama.rope.scaling.factor", "linear scaling");
  }
  ExpectAllRefused({}, {{"llama.rope.scaling.type", "yarn"}, {"llama.rope.scaling.type", int64_t{1}}});
  // Numbers, if odd ones.
  ExpectAllSurvived({}, ForEach("llama.rope.freq_base", {1e-29, 1e-10, 0.5, 1.0, 1e29}));
  ExpectAllSurvived({}, ForEach("llama.attention.layer_norm_rms_epsilon", {1e-29, 1.0, 1e29}));
}

TEST_F(ModelValuesTest, SurvivesContextsOfEveryLength) {
  for (const int64_t tokens : {1, 2, 5, 63, 64, 65, 1'048'576}) {
    ExpectAllSurvived({}, {{"llama.context_length", tokens}});
  }
}

TEST_F(ModelValuesTest, RefusesExpertsThatContradictThemselves) {
  const TinyOptions moe = {.family = "qwen3moe", .experts = 4};
  ExpectAllRefused(moe, ForEach("qwen3moe.expert_used_count", kNoCounts));
  ExpectAllRefused(moe, ForEach("qwen3moe.expert_used_count", {int64_t{5}, int64_t{1'024}}));
  ExpectAllRefused(moe, ForEach("qwen3moe.expert_count",
                                {int64_t{-1}, int64_t{1'025}, std::numeric_limits<int64_t>::max(), "x"}));
  ExpectAllRefused(moe, ForEach("qwen3moe.expert_count", {int64_t{2}, int64_t{8}, int64_t{1'024}},
                                "ffn_gate_inp.weight"));
  ExpectAllRefused(moe, {{"qwen3moe.expert_count", int64_t{1}, "expert_used_count"},
                         {"qwen3moe.expert_count", int64_t{0}, "ffn_gate.weight"}});
  ExpectAllRefused(moe, ForEach("qwen3moe.expert_feed_forward_length", {int64_t{1}, int64_t{64}, int64_t{131'072}},
                                "ffn_gate_exps.weight"));
  ExpectAllRefused({.family = "qwen2moe", .experts = 4},
                   ForEach("qwen2moe.expert_shared_feed_forward_length", {int64_t{1}, int64_t{131'072}},
                           "ffn_gate_shexp.weight"));
  ExpectAllRefused({}, {{"llama.expert_count", int64_t{4}, "expert_used_count"}});
}

TEST_F(ModelValuesTest, RefusesTokenizersThatContradictThemselves) {
  const Texts two = {"a", "b"};
  ExpectAllRefused({}, ForEach("tokenizer.ggml.tokens", {"a", int64_t{1}, GgufArray(Ints{1, 2})}));
  ExpectAllRefused({}, {{"tokenizer.ggml.tokens", GgufArray(two), "tokenizer.ggml.token_type"},
                        {"tokenizer.ggml.tokens", GgufArray(Texts(1'000, "a")), "tokenizer.ggml.token_type"}});
  ExpectAllRefused({}, ForEach("tokenizer.ggml.token_type",
                               {"a", int64_t{1}, GgufArray(Ints{1}), GgufArray(Ints{}), GgufArray(two)}));
  ExpectAllRefused({}, ForEach("tokenizer.ggml.merges", {"a b", GgufArray(Ints{1}), GgufArray(Texts{"t"}), GgufArray(Texts{""}),
                                                         GgufArray(Texts{" "}), GgufArray(Texts{"t nobody"}),
                                                         GgufArray(Texts{"nobody knows"}), GgufArray(Texts{"t  h"})},
                               "merges"));
  for (const char* key : {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.bos_token_id", "tokenizer.ggml.eot_token_id"}) {
    ExpectAllRefused({}, ForEach(key, {int64_t{infer::kTinyVocabulary}, int64_t{-2}, int64_t{1} << 40,
                                       std::numeric_limits<uint64_t>::max(), "two", 2.0}));
  }
  ExpectAllRefused({}, ForEach("tokenizer.ggml.model", {"", "gpt5", int64_t{2}}));
  ExpectAllRefused({}, ForEach("tokenizer.ggml.pre", {"", "nobody", int64_t{2}}));
  ExpectAllRefused({}, {{"tokenizer.ggml.add_bos_token", int64_t{1}}});
  for (const char* kind : {"llama", "t5"}) {
    TinyModel model = MakeTinyModel();
    model.Set("tokenizer.ggml.model", kind);
    ExpectRefused(SurviveModel(model, kind), "tokenizer.ggml.scores", "no scores");
    const std::vector<double> no_numbers(infer::kTinyVocabulary, kNan);
    for (const GgufValue& scores : std::vector<GgufValue>{"a", GgufArray(std::vector<double>{1}), GgufArray(no_numbers)}) {
      model.Set("tokenizer.ggml.scores", scores);
      ExpectRefused(SurviveModel(model, kind), "tokenizer.ggml.scores", "bad scores");
    }
    model.Set("tokenizer.ggml.scores", GgufArray(std::vector<double>(infer::kTinyVocabulary, 0.0)));
    (void)SurviveModel(model, fmt::format("{} with scores", kind));
    model.Set("tokenizer.ggml.unknown_token_id", int64_t{1} << 33);
    ExpectRefused(SurviveModel(model, kind), "tokenizer.ggml.unknown_token_id", "unknown");
  }
}

TEST_F(ModelValuesTest, SurvivesStrangeTokens) {
  const auto tokens = [](const std::string& token) { return GgufArray(Texts(infer::kTinyVocabulary, token)); };
  for (const std::string& token : {std::string(), std::string("a"), std::string(" "), std::string(1, '\0'),
                                   std::string("\xFF\xFE"), std::string(1'000, 'a'), std::string("\u2581")}) {
    for (const char* kind : {"gpt2", "llama", "t5", "bert"}) {
      TinyModel model = MakeTinyModel();
      model.Set("tokenizer.ggml.model", kind);
      model.Set("tokenizer.ggml.tokens", tokens(token));
      model.Set("tokenizer.ggml.scores", GgufArray(std::vector<double>(infer::kTinyVocabulary, -1e30)));
      model.Set("tokenizer.ggml.merges", GgufArray(Texts{}));
      (void)SurviveModel(model, fmt::format("{}: all tokens are {}", kind, base::Quoted(token)));
      model.Set("tokenizer.ggml.token_type", GgufArray(Ints(infer::kTinyVocabulary, 3)));
      (void)SurviveModel(model, fmt::format("{}: all special tokens are {}", kind, base::Quoted(token)));
    }
  }
  TinyModel model = MakeTinyModel();
  model.Set("tokenizer.ggml.tokens", GgufArray(Texts{}));
  model.Set("tokenizer.ggml.token_type", GgufArray(Ints{}));
  model.Set("tokenizer.ggml.merges", GgufArray(Texts{}));
  model.Remove("tokenizer.ggml.eos_token_id");
  ExpectRefused(SurviveModel(model, "no tokens at all"), "", "no tokens at all");
  model.Set("tokenizer.ggml.tokens", GgufArray(Texts(2'000, "x")));
  model.Remove("tokenizer.ggml.token_type");
  ExpectRefused(SurviveModel(model, "more tokens than rows"), "token_embd.weight", "more tokens than rows");
  for (const int64_t type : {int64_t{0}, int64_t{-1}, int64_t{7}, std::numeric_limits<int64_t>::max()}) {
    ExpectAllSurvived({}, {{"tokenizer.ggml.token_type", GgufArray(Ints(infer::kTinyVocabulary, type))}});
  }
}

TEST_F(ModelValuesTest, RefusesTemplatesThatAreBrokenOrEndless) {
  const std::string key = "tokenizer.chat_template";
  const std::string open_brackets = "{{" + std::string(100'000, '(') + "}}";
  ExpectAllRefused({}, ForEach(key, {int64_t{1}, GgufArray(Texts{"a"}), "{% for message in messages %}", "{{"}));
  ExpectAllRefused({}, {{key, "{{ raise_exception('this model wants no users') }}", "this model wants no users"}});
  const std::vector<GgufValue> broken = {"{% if %}", "{% end %}", "{{ messages[0]['nobody']['knows'] }}", "{{ 1 // 0 }}",
                                         "{{ nobody() }}", open_brackets, std::string(2'000'000, 'a')};
  const std::vector<GgufValue> endless = {
      "{% for i in range(1000000000) %}x{% endfor %}",
      "{{ 'a' * 1000000000000 }}",
      "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
      "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
      "{{ 9 ** 9 ** 9 }}",
      "{% set ns = namespace(x='a') %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}",
      "{{ range(1000000000) | list }}",
      "{{ '%1000000000d' % 1 }}",
      "{{ 'a'.center(1000000000000) }}"};
  ExpectAllRefused({}, ForEach(key, broken, "chat template"));
  ExpectAllRefused({}, ForEach(key, endless, "chat template"));
}

TEST_F(ModelValuesTest, SurvivesStrangeTemplates) {
  const std::vector<GgufValue> strange = {"", "{# nothing #}", "\xFF\xFE", "{{ messages }}", std::string(1, '\0'),
                                          "{{ bos_token * 1000 }}", "<|im_start|>", std::string(100'000, '('),
                                          "{{ " + std::string(100'000, '-') + "1 }}"};
  ExpectAllSurvived({}, ForEach("tokenizer.chat_template", strange));
}

}  // namespace
}  // namespace walchen
