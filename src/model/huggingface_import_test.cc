// SPDX-License-Identifier: Apache-2.0
//
// Golden folders and logits: scripts/golden/huggingface_folders.py.
#include "model/huggingface_import.h"

#include <cmath>

#include <nlohmann/json.hpp>

#include "base/faulty_files.h"
#include "formats/chat_template.h"
#include "formats/safetensors.h"
#include "formats/tokenizer.h"
#include "model/model_check.h"
#include "model/reference_backend.h"
#include "model/test_folder.h"
#include "model/test_model.h"

namespace walchen::model {
namespace {

using formats::GgufFile;
using nlohmann::json;
using tensor::DType;

const char* const kImportedMembers[] = {"llama3", "qwen3", "mixtral", "qwen2moe"};

class HuggingFaceImportTest : public testing::Test {
 protected:
  // A copy of a golden folder, to be spoiled.
  void Copy(const std::string& member) {
    std::filesystem::remove_all(source_);
    std::filesystem::copy(Golden("huggingface/" + member), source_);
  }
  void Change(const std::string& file, const std::function<void(json&)>& change) {
    json content = json::parse(ReadText(source_ / file));
    change(content);
    WriteText(source_ / file, content.dump());
  }
  Result<void> Import(const WeightMix* mix = nullptr) {
    return ImportHuggingFace(base::Files::Os(), {.folder = source_, .name = "test", .mix = mix}, output_, pool_);
  }
  std::unique_ptr<GgufFile> Open() { return std::move(GgufFile::Open(base::Files::Os(), output_).value()); }

  // The error names all words and leaves nothing behind.
  void ExpectError(ErrorCode code, const std::vector<std::string>& words) {
    const auto imported = Import();
    ASSERT_FALSE(imported);
    EXPECT_EQ(imported.error().code(), code) << imported.error().ToString();
    for (const std::string& word : words) {
      EXPECT_NE(imported.error().message().find(word), std::string::npos) << imported.error().message();
    }
    EXPECT_EQ(folder_.size(), 1u);
  }

  TestFolder folder_;
  base::Path source_ = folder_ / "model";
  base::Path output_ = folder_ / "model.gguf";
  base::ThreadPool pool_{2};
};

std::vector<float> LastLogits(const GgufFile& file, const std::vector<int32_t>& tokens) {
  const LlamaConfig config = ReadLlamaConfig(file).value();
  ReferenceBackend backend(ReferenceBackend::Numerics::kFloat);
  const auto weights = LoadLlama(backend, file, config).value();
  ReferenceBackend::Cache cache;
  const std::vector<float> logits = RunChunks(backend, config, weights, tokens, {tokens.size()}, cache);
  return {logits.end() - config.vocabulary, logits.end()};
}

TEST_F(HuggingFaceImportTest, GivesTheLogitsOfTransformers) {
  for (const std::string member : kImportedMembers) {
    SCOPED_TRACE(member);
    Copy(member);
    const auto imported = Import();
    ASSERT_TRUE(imported) << imported.error().ToString();
    const auto file = Open();
    const auto checked = CheckModel(*file);
    ASSERT_TRUE(checked) << checked.error().ToString();
    const json golden = json::parse(ReadText(Golden("huggingface/" + member + ".json")));
    const std::vector<float> logits = LastLogits(*file, golden["ids"]);
    const std::vector<float> expected = golden["logits"];
    ASSERT_EQ(logits.size(), expected.size());
    float largest = 0;
    for (const float logit : expected) largest = std::max(largest, std::fabs(logit));
    for (size_t i = 0; i < logits.size(); ++i) ASSERT_NEAR(logits[i], expected[i], 1e-3f * largest) << i;
  }
}

TEST_F(HuggingFaceImportTest, GivesTheTokenIdsOfTransformers) {
  for (const std::string member : kImportedMembers) {
    SCOPED_TRACE(member);
    Copy(member);
    ASSERT_TRUE(Import());
    const auto tokenizer = std::move(formats::Tokenizer::FromGguf(*Open()).value());
    const json golden = json::parse(ReadText(Golden("huggingface/" + member + ".json")));
    for (const auto& [text, ids] : golden["texts"].items()) {
      EXPECT_EQ(tokenizer->Encode(text, true), ids.get<std::vector<formats::TokenId>>()) << text;
    }
    EXPECT_EQ(tokenizer->adds_bos(), member == "llama3");
    EXPECT_EQ(tokenizer->Bytes(*tokenizer->bos()), "<|endoftext|>");
    EXPECT_EQ(tokenizer->Bytes(*tokenizer->eos()), "<|im_end|>");
  }
}

TEST_F(HuggingFaceImportTest, WritesWhatOtherReadersAskFor) {
  Copy("llama3");
  ASSERT_TRUE(Import());
  const auto file = Open();
  EXPECT_EQ(file->Text("general.architecture").value(), "llama");
  EXPECT_EQ(file->Text("general.name").value(), "test");
  EXPECT_EQ(file->Text("tokenizer.ggml.pre").value(), "llama-bpe");
  EXPECT_EQ(file->Int("general.file_type").value(), 32);  // BF16, as in the folder
  EXPECT_NE(file->Text("tokenizer.chat_template").value().find("<|im_start|>"), std::string::npos);
  EXPECT_EQ(file->FindTensor("blk.0.attn_q.weight")->type, DType::kBF16);
  EXPECT_EQ(file->FindTensor("blk.0.attn_norm.weight")->type, DType::kF32);
  EXPECT_NE(file->FindTensor("rope_freqs.weight"), nullptr);
  const auto tokens = file->Texts("tokenizer.ggml.tokens").value();
  ASSERT_EQ(tokens.size(), 280u);
  EXPECT_EQ(tokens[279], "[PAD279]");
  EXPECT_EQ(file->Ints("tokenizer.ggml.token_type").value()[279], 5);
}

TEST_F(HuggingFaceImportTest, ConvertsToOtherTypes) {
  Copy("qwen2moe");
  ASSERT_TRUE(Import(*FindWeightMix("Q8_0")));
  const auto file = Open();
  ASSERT_TRUE(CheckModel(*file));
  EXPECT_EQ(file->FindTensor("blk.0.attn_q.weight")->type, DType::kQ8_0);
  EXPECT_EQ(file->FindTensor("blk.0.ffn_down_exps.weight")->type, DType::kF16);  // 16 columns
  EXPECT_EQ(file->FindTensor("blk.0.ffn_gate_inp.weight")->type, DType::kF32);
  EXPECT_EQ(file->Int("general.file_type").value(), 7);
}

TEST_F(HuggingFaceImportTest, ReadsShardsWithAnIndex) {
  Copy("qwen3");
  ASSERT_TRUE(Import());
  const std::string whole = ReadText(output_);
  const auto weights = std::move(formats::SafetensorsFile::Open(base::Files::Os(), source_ / "model.safetensors").value());
  formats::SafetensorsWriter shards[2];
  json map;
  for (size_t i = 0; i < weights->tensors().size(); ++i) {
    const formats::SafetensorsEntry& entry = weights->tensors()[i];
    const std::string bytes(base::AsText(weights->Data(entry).value()));
    shards[i % 2].AddTensor(entry.name, *entry.type, entry.shape, [bytes]() -> Result<std::string> { return bytes; });
    map[entry.name] = fmt::format("model-{}.safetensors", i % 2);
  }
  for (size_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(shards[i].Write(base::Files::Os(), source_ / fmt::format("model-{}.safetensors", i)));
  }
  WriteText(source_ / "model.safetensors.index.json", json{{"weight_map", map}}.dump());
  std::filesystem::remove(source_ / "model.safetensors");
  ASSERT_TRUE(Import());
  EXPECT_TRUE(ReadText(output_) == whole);
}

TEST_F(HuggingFaceImportTest, NeverOpensAPickle) {
  Copy("llama3");
  std::filesystem::rename(source_ / "model.safetensors", source_ / "pytorch_model.bin");
  ExpectError(ErrorCode::kNotFound, {"model.safetensors", "pickle", "save_pretrained"});
}

TEST_F(HuggingFaceImportTest, NamesWhatIsMissing) {
  for (const auto& [file, word] : {std::pair{"config.json", "config.json"}, {"tokenizer.json", "tokenizer.json"},
                                   {"model.safetensors", "model.safetensors"}}) {
    Copy("llama3");
    std::filesystem::remove(source_ / file);
    ExpectError(ErrorCode::kNotFound, {word});
  }
  Copy("llama3");
  Change("config.json", [](json& config) { config.erase("hidden_size"); });
  ExpectError(ErrorCode::kNotFound, {"config.json", "hidden_size"});
  Change("config.json", [](json& config) { config["hidden_size"] = 48; });
  ExpectError(ErrorCode::kCorrupt, {"model.embed_tokens.weight", "[280, 48]", "[280, 32]"});
  Copy("llama3");
  Change("config.json", [](json& config) { config["num_hidden_layers"] = 2; });
  ExpectError(ErrorCode::kNotFound, {"model.layers.1."});
}

TEST_F(HuggingFaceImportTest, RefusesWhatItWouldComputeDifferently) {
  const std::pair<const char*, json> kChanges[] = {
      {"hidden_act", "gelu"},
      {"mlp_bias", true},
      {"attention_bias", true},
      {"partial_rotary_factor", 0.5},
      {"quantization_config", json::object()},
      {"architectures", json::array({"GPT2LMHeadModel"})},
      {"architectures", json::array()},
      {"num_attention_heads", 3},
      {"head_dim", 24},
      {"rms_norm_eps", -1},
      {"vocab_size", 1e300},
      {"num_hidden_layers", "two"},
      {"tie_word_embeddings", 1},
      {"rope_parameters", {{"rope_type", "yarn"}}},
      {"rope_parameters", 7},
  };
  for (const auto& [key, value] : kChanges) {
    SCOPED_TRACE(key);
    Copy("llama3");
    Change("config.json", [&](json& config) { config[key] = value; });
    const auto imported = Import();
    ASSERT_FALSE(imported);
    EXPECT_NE(imported.error().code(), ErrorCode::kIo);
    EXPECT_EQ(folder_.size(), 1u);
  }
  Copy("qwen2moe");
  Change("config.json", [](json& config) { config["norm_topk_prob"] = true; });
  ExpectError(ErrorCode::kUnsupported, {"norm_topk_prob"});
  Copy("qwen2moe");
  Change("config.json", [](json& config) { config["mlp_only_layers"] = {0}; });
  ExpectError(ErrorCode::kUnsupported, {"mlp_only_layers"});
}

TEST_F(HuggingFaceImportTest, RefusesTensorsItDoesNotKnow) {
  Copy("llama3");
  Change("config.json", [](json& config) { config["architectures"] = json::array({"Qwen3ForCausalLM"}); });
  ExpectError(ErrorCode::kNotFound, {"q_norm"});
  Copy("qwen3");
  Change("config.json", [](json& config) { config["architectures"] = json::array({"LlamaForCausalLM"}); });
  ExpectError(ErrorCode::kUnsupported, {"_norm.weight"});
}

TEST_F(HuggingFaceImportTest, RefusesTokenizersThatGgufHasNoNameFor) {
  Copy("llama3");
  Change("tokenizer.json", [](json& tokenizer) { tokenizer["model"]["ignore_merges"] = false; });
  ExpectError(ErrorCode::kUnsupported, {"tokenizer.json", "ignore_merges"});
  Copy("qwen3");
  Change("tokenizer.json", [](json& tokenizer) { tokenizer["pre_tokenizer"]["pretokenizers"][1]["add_prefix_space"] = true; });
  ExpectError(ErrorCode::kUnsupported, {"tokenizer.json"});
  Copy("qwen3");
  Change("tokenizer.json", [](json& tokenizer) { tokenizer["model"] = {{"type", "WordPiece"}, {"vocab", {{"a", 0}}}}; });
  ExpectError(ErrorCode::kUnsupported, {"tokenizer.json"});
  Copy("qwen3");
  Change("config.json", [](json& config) { config["vocab_size"] = 100; });
  ExpectError(ErrorCode::kCorrupt, {"model.embed_tokens.weight"});
}

TEST_F(HuggingFaceImportTest, LimitsTheContextToASlidingWindow) {
  Copy("llama3");
  Change("config.json", [](json& config) {
    config["architectures"] = json::array({"MistralForCausalLM"});
    config["sliding_window"] = 64;
  });
  ASSERT_TRUE(Import());
  EXPECT_EQ(ReadLlamaConfig(*Open())->context_tokens, 64);
}

TEST_F(HuggingFaceImportTest, ReadsTheFormsOfTransformers4) {
  Copy("llama3");
  ASSERT_TRUE(Import());
  const std::string modern = ReadText(output_);
  Change("config.json", [](json& config) {
    json rope = config["rope_parameters"];
    config.erase("rope_parameters");
    config["rope_theta"] = rope["rope_theta"];
    rope.erase("rope_theta");
    config["rope_scaling"] = rope;
  });
  // One merge in a text instead of a pair, the template in the configuration.
  Change("tokenizer.json", [](json& tokenizer) {
    for (json& merge : tokenizer["model"]["merges"]) {
      if (merge.is_array()) merge = merge[0].get<std::string>() + " " + merge[1].get<std::string>();
    }
  });
  const std::string source = ReadText(source_ / "chat_template.jinja");
  std::filesystem::remove(source_ / "chat_template.jinja");
  Change("tokenizer_config.json", [&](json& config) {
    config["chat_template"] = {{{"name", "tool_use"}, {"template", "x"}}, {{"name", "default"}, {"template", source}}};
  });
  ASSERT_TRUE(Import());
  EXPECT_TRUE(ReadText(output_) == modern);
}

TEST_F(HuggingFaceImportTest, SurvivesAnyByteOfConfigAndTokenizerBeingWrong) {
  for (const char* name : {"config.json", "tokenizer.json", "tokenizer_config.json"}) {
    Copy("qwen3");
    const std::string good = ReadText(source_ / name);
    for (size_t at = 0; at < good.size(); at += 1 + good.size() / 40) {
      std::string bad = good;
      bad[at] = '\x01';
      WriteText(source_ / name, bad);
      (void)Import();
      WriteText(source_ / name, good.substr(0, at));
      (void)Import();
    }
  }
  SUCCEED();  // no crash; what is read anyway is checked by the other tests
}

TEST_F(HuggingFaceImportTest, LeavesNothingWhereAnyCallFails) {
  Copy("llama3");
  base::FaultyFiles counting(base::Files::Os());
  const HuggingFaceImport import{.folder = source_, .name = "test", .mix = nullptr};
  ASSERT_TRUE(ImportHuggingFace(counting, import, output_, pool_));
  std::filesystem::remove(output_);
  for (int64_t call = 1; call < counting.calls(); ++call) {  // the last one only makes the rename durable
    base::FaultyFiles faulty(base::Files::Os(), {base::Fault::Kind::kFailOnce, call, ErrorCode::kResourceExhausted});
    if (ImportHuggingFace(faulty, import, output_, pool_)) std::filesystem::remove(output_);
    EXPECT_EQ(folder_.size(), 1u) << call;
  }
}

}  // namespace
}  // namespace walchen::model
