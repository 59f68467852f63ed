// SPDX-License-Identifier: Apache-2.0
#include "runs/recipe.h"

#include <gtest/gtest.h>

#include "base/limits.h"

namespace walchen::runs {
namespace {

constexpr std::string_view kSmall = R"(name = "small"
[text]
base = "SmolLM2-135M-Instruct"
[[data]]
name = "speech"
template = "{audio}"
source = "folder:speech"
sequences = 16
[budget]
minutes = 60
)";

constexpr std::string_view kFull = R"(name = "full"
seed = 7
threads = 4
precision = "bfloat16"
recompute_activations = true

[text]
layers = 8
d_model = 256
heads = 8
kv_heads = 2
head_size = 64
d_ff = 1024
vocabulary = 32_000
tokenizer = "own.gguf"
context_tokens = 2048
rope_theta = 1e6

[[sense]]
name = "audio"
d_model = 128
heads = 4
d_ff = 512
stride = 2
train = false
from = "runs/listener"

[[sense]]
name = "left-camera"
modality = "vision"

[[data]]
name = "speech"
template = "\"{audio}\"\n\tsays: {text} \\ ü"
source = "generator:tones"
sequences = 16
tiers = ["A", "C"]
[data.options]
channels = 4
noise = 0.5
whole = 2.0
"a b" = "x"
loud = true

[[data]]
name = "text"
template = "{text}"
source = "jsonl:data/text.jsonl"
sequences = 1

[optimiser]
muon_rate = 0.01
muon_momentum = 0.9
adam_rate = 1e-3
embedding_rate = 0.02
beta1 = 0.9
beta2 = 0.99
epsilon = 1e-8
weight_decay = 0
clip_norm = 0.5
ema = 0
accumulate = 4

[schedule]
kind = "cosine"
warmup_steps = 100
decay_share = 0.2
final_share = 0.1

[budget]
tokens = 2_000_000_000

[checkpoint]
every = 50
keep = 3
keep_every = 1000

[guard]
window = 64
sigma = 6.5
rewind_after = 3
)";

Recipe Read(std::string_view toml) {
  auto recipe = ReadRecipe(toml, "recipe.toml");
  EXPECT_TRUE(recipe) << recipe.error().ToString();
  return recipe ? *recipe : Recipe();
}

// kSmall with a part replaced.
std::string With(std::string_view part, std::string_view other) {
  std::string toml(kSmall);
  const size_t at = toml.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return toml.replace(at, part.size(), other);
}

void ExpectRefused(std::string_view toml, const std::vector<std::string>& words) {
  const auto recipe = ReadRecipe(toml, "recipe.toml");
  ASSERT_FALSE(recipe) << toml;
  EXPECT_EQ(recipe.error().code(), ErrorCode::kInvalidArgument);
  for (const std::string& word : words) {
    EXPECT_NE(recipe.error().message().find(word), std::string::npos) << word << " in: " << recipe.error().message();
  }
}

TEST(Recipe, HasTheDefaultsOfItsHeader) {
  const Recipe recipe = Read(kSmall);
  Recipe expected;
  expected.name = "small";
  expected.text.base = "SmolLM2-135M-Instruct";
  expected.data = {{.name = "speech",
                    .text_template = "{audio}",
                    .source = {.kind = DataSource::Kind::kFolder, .place = "speech"},
                    .sequences = 16,
                    .tiers = {},
                    .options = {}}};
  expected.budget = {.kind = Budget::Kind::kMinutes, .amount = 60};
  EXPECT_TRUE(recipe == expected) << WriteRecipe(recipe) << WriteRecipe(expected);
  EXPECT_EQ(recipe.seed, 1);
  EXPECT_EQ(recipe.optimiser.epsilon, 1e-10);
  EXPECT_EQ(recipe.text.train, TextTraining::kFrozen);
}

TEST(Recipe, ReadsEveryKey) {
  const Recipe recipe = Read(kFull);
  EXPECT_EQ(recipe.seed, 7);
  EXPECT_EQ(recipe.threads, 4);
  EXPECT_EQ(recipe.precision, Precision::kBfloat16);
  EXPECT_TRUE(recipe.recompute_activations);
  EXPECT_TRUE(recipe.text.from_scratch());
  EXPECT_EQ(recipe.text.train, TextTraining::kFull);
  EXPECT_EQ(recipe.text.layers, 8);
  EXPECT_EQ(recipe.text.kv_heads, 2);
  EXPECT_EQ(recipe.text.head_size, 64);
  EXPECT_EQ(recipe.text.vocabulary, 32'000);
  EXPECT_EQ(recipe.text.tokenizer, "own.gguf");
  EXPECT_EQ(recipe.text.rope_theta, 1e6);
  ASSERT_EQ(recipe.senses.size(), 2u);
  EXPECT_EQ(recipe.senses[0].modality, "audio");
  EXPECT_EQ(recipe.senses[0].from, "runs/listener");
  EXPECT_FALSE(recipe.senses[0].train);
  EXPECT_EQ(recipe.senses[1].modality, "vision");
  EXPECT_EQ(recipe.senses[1].d_model, 192);
  ASSERT_EQ(recipe.data.size(), 2u);
  EXPECT_EQ(recipe.data[0].text_template, "\"{audio}\"\n\tsays: {text} \\ ü");
  EXPECT_EQ(recipe.data[0].source, (DataSource{DataSource::Kind::kGenerator, "tones"}));
  EXPECT_EQ(recipe.data[0].tiers, "AC");
  EXPECT_EQ(recipe.data[0].options.values().size(), 5u);
  EXPECT_EQ(recipe.data[1].source, (DataSource{DataSource::Kind::kJsonl, "data/text.jsonl"}));
  EXPECT_EQ(recipe.optimiser.accumulate, 4);
  EXPECT_EQ(recipe.optimiser.weight_decay, 0);
  EXPECT_EQ(recipe.schedule.kind, Schedule::Kind::kCosine);
  EXPECT_EQ(recipe.schedule.warmup_steps, 100);
  EXPECT_EQ(recipe.budget, (Budget{Budget::Kind::kTokens, 2e9}));
  EXPECT_EQ(recipe.checkpoint.keep_every, 1000);
  EXPECT_EQ(recipe.guard.sigma, 6.5);
}

TEST(Recipe, WrittenAndReadAgainIsTheSame) {
  for (const std::string& toml :
       {std::string(kSmall), std::string(kFull), With("minutes = 60", "flop = 1.5e21"), With("minutes = 60", "steps = 10"),
        With("Instruct\"\n", "Instruct\"\ntrain = \"lora\"\nlora_rank = 8\n"),
        With("Instruct\"\n", "Instruct\"\ntrain = \"full\"\n"), With("{audio}", "\\u0001\\u007F\\\"\\\\")}) {
    const Recipe recipe = Read(toml);
    const std::string written = WriteRecipe(recipe);
    EXPECT_TRUE(Read(written) == recipe) << written;
    EXPECT_EQ(WriteRecipe(Read(written)), written);
  }
}

TEST(Recipe, ResolvesTheShapeOfAModelFromScratch) {
  const Recipe recipe = Read(With("base = \"SmolLM2-135M-Instruct\"",
                                  "layers = 2\nd_model = 64\nheads = 4\nd_ff = 128\nvocabulary = 256\ncontext_tokens = 128"));
  EXPECT_EQ(recipe.text.kv_heads, 4);
  EXPECT_EQ(recipe.text.head_size, 16);
  EXPECT_EQ(recipe.text.rope_theta, 10'000);
  EXPECT_NE(WriteRecipe(recipe).find("head_size = 16"), std::string::npos);
}

TEST(Recipe, GuessesWhatAnUnknownKeyWasMeantToBe) {
  ExpectRefused(With("sequences", "sequenzes"),
                {"recipe.toml:8: [[data]]: unknown key \"sequenzes\"; did you mean sequences?"});
  ExpectRefused(With("[budget]", "[bugdet]"), {"recipe.toml:9:", "unknown key \"bugdet\"", "did you mean budget?"});
  ExpectRefused(With("base =", "bse ="), {"recipe.toml:3: [text]: unknown key \"bse\"; did you mean base?"});
  ExpectRefused(With("[budget]", "[zzzzzzzz]\n[budget]"), {"unknown key \"zzzzzzzz\"; known are name, seed"});
  ExpectRefused(With("[budget]", "[optimiser]\nmoun_rate = 1\n[budget]"), {"did you mean muon_rate?"});
}

TEST(Recipe, SaysWhatWasExpectedAndFoundAndWhere) {
  ExpectRefused(With("sequences = 16", "sequences = \"many\""),
                {"recipe.toml:8: [[data]] sequences: expected a whole number from 1 to 1048576, found \"many\""});
  ExpectRefused(With("sequences = 16", "sequences = 0"), {"sequences: expected a whole number from 1", "found 0"});
  ExpectRefused(With("sequences = 16", "sequences = 1.5"), {"found 1.5"});
  ExpectRefused(With("sequences = 16", "sequences = 2000-01-01"), {"found a date or time"});
  ExpectRefused(With("sequences = 16\n", ""), {"recipe.toml:4: [[data]] sequences: expected a value", "found nothing"});
  ExpectRefused(With("folder:speech", "speech"), {"source: expected \"generator:NAME\"", "found \"speech\""});
  ExpectRefused(With("folder:speech", "folder:"), {"found \"folder:\""});
  ExpectRefused(With("minutes = 60", "minutes = 0"), {"recipe.toml:10: [budget] minutes: expected a number above 0"});
  ExpectRefused(With("minutes = 60", "minutes = nan"), {"found nan"});
  ExpectRefused(With("name = \"small\"", "name = \"a/b\""), {"recipe.toml:1: name: expected at most 64 letters"});
  ExpectRefused(With("name = \"small\"", "name = 3"), {"name: expected a text", "found 3"});
  ExpectRefused(With("name = \"small\"\n", ""), {"recipe.toml:1: name: expected a value"});
  ExpectRefused(With("\"{audio}\"", "[1]"), {"template: expected a text", "found an array"});
  ExpectRefused(With("[text]", "[[text]]"), {"text: expected a table [text], found an array"});
  ExpectRefused(With("[[data]]", "[data]"), {"data: expected tables that begin with [[data]], found a table"});
  ExpectRefused(With("sequences = 16", "sequences = 16\ntiers = [\"A\", \"E\"]"),
                {"tiers: expected an array of some of"});
  ExpectRefused(With("sequences = 16", "sequences = 16\ntiers = [\"A\", \"A\"]"), {"each once"});
  ExpectRefused(With("sequences = 16", "sequences = 16\ntiers = [1]"),
                {"tiers: expected an array of texts, found 1 in it"});
  ExpectRefused(With("sequences = 16", "sequences = 16\noptions = {a = [1]}"), {"[options] a: expected a finite number"});
  ExpectRefused(With("sequences = 16", "sequences = 16\noptions = {a = inf}"), {"a: expected a finite number"});
  ExpectRefused(With("sequences = 16", "sequences = 16\noptions = 3"), {"options: expected a table [options], found 3"});
  ExpectRefused(With("[budget]", "[optimiser]\nbeta1 = 1\n[budget]"),
                {"beta1: expected a number from 0, below 1, found 1"});
  ExpectRefused(With("[budget]", "[schedule]\nkind = \"linear\"\n[budget]"),
                {"kind: expected one of \"warmup-stable-decay\", \"cosine\", found \"linear\""});
}

TEST(Recipe, WantsOneBudgetAndSomethingToLearnFrom) {
  ExpectRefused(With("[budget]\nminutes = 60\n", ""), {"expected one of steps, tokens, flop and minutes", "found none"});
  ExpectRefused(With("minutes = 60", "minutes = 60\nsteps = 5"), {"recipe.toml:9: [budget]: expected one of", "found 2"});
  ExpectRefused("name = \"a\"\n[text]\nbase = \"b\"\n[budget]\nsteps = 1\n", {"at least one [[data]]"});
  ExpectRefused(With("[text]\nbase = \"SmolLM2-135M-Instruct\"\n", ""), {"expected a table [text]"});
  const std::string data = "[[data]]\nname = \"speech\"\ntemplate = \"x\"\nsource = \"generator:x\"\nsequences = 1\n";
  ExpectRefused(std::string(kSmall) + data, {"recipe.toml:12: [[data]] name: expected another name", "found \"speech\""});
  const std::string sense = "[[sense]]\nname = \"audio\"\n";
  ExpectRefused(std::string(kSmall) + sense + sense, {"recipe.toml:14: [[sense]] name: expected another name"});
}

TEST(Recipe, HasABaseOrAShape) {
  const auto text = [](std::string_view keys) { return With("base = \"SmolLM2-135M-Instruct\"", keys); };
  const std::string shape = "d_model = 64\nheads = 4\nd_ff = 128\nvocabulary = 256\ncontext_tokens = 128\n";
  ExpectRefused(text(shape), {"recipe.toml:2: [text] layers: expected a value"});
  ExpectRefused(text("layers = 2\nbase = \"x\""), {"recipe.toml:3: [text] layers: expected it only without `base`"});
  ExpectRefused(text("base = \"\""), {"base: expected a text that is not empty"});
  ExpectRefused(text("base = \"x\"\nlora_rank = 8"), {"lora_rank: expected it only beside train = \"lora\", found 8"});
  ExpectRefused(text("base = \"x\"\ntrain = \"some\""), {"train: expected one of \"frozen\", \"lora\", \"full\""});
  ExpectRefused(text("layers = 2\ntrain = \"full\"\n" + shape), {"train: expected it only beside `base`"});
  ExpectRefused(text("layers = 2\nkv_heads = 3\n" + shape), {"kv_heads: expected a divisor of heads, which is 4"});
  ExpectRefused(text("layers = 2\nhead_size = 15\n" + shape), {"head_size: expected an even number"});
  ExpectRefused(text("layers = 2\nd_model = 66\nheads = 4\nd_ff = 128\nvocabulary = 256\ncontext_tokens = 128\n"),
                {"heads: expected a divisor of d_model, which is 66"});
  const Recipe own_size = Read(
      text("layers = 2\nd_model = 66\nheads = 4\nhead_size = 8\nd_ff = 9\nvocabulary = 256\ncontext_tokens = 1\n"));
  EXPECT_EQ(own_size.text.head_size, 8);
}

TEST(Recipe, ThatIsNoTomlIsAnErrorWithItsLine) {
  ExpectRefused("name = \"a\"\nseed = = 3\n", {"recipe.toml:2: expected TOML:"});
  ExpectRefused("name = \"a\"\nname = \"b\"\n", {"recipe.toml:2: expected TOML:"});
  ExpectRefused("name = \"\xff\"\n", {"recipe.toml:1: expected TOML:"});
  ExpectRefused("name = \"a", {"recipe.toml:1: expected TOML:"});
  const auto large = ReadRecipe(std::string(static_cast<size_t>(base::kRecipeMaxBytes) + 1, '\n'), "recipe.toml");
  EXPECT_EQ(large.error().code(), ErrorCode::kTooLarge);
}

TEST(Recipe, NestedDeeperThanAnyRecipeIsRefusedWhateverItIsMadeOf) {
  std::string dots = "a", tables;
  for (int i = 0; i < 30'000; ++i) dots += ".a";
  EXPECT_EQ(ReadRecipe(dots + " = 1", "r").error().code(), ErrorCode::kTooLarge);
  EXPECT_EQ(ReadRecipe("[" + dots + "]", "r").error().code(), ErrorCode::kTooLarge);
  EXPECT_EQ(ReadRecipe("x = {" + dots + " = 1}", "r").error().code(), ErrorCode::kTooLarge);
  EXPECT_EQ(ReadRecipe("\n# \"\nx = '\"'\n" + dots + " = 1", "r").error().message().substr(0, 4), "r:4:");
  // Texts that end in more quotes than open them must not hide the dots behind them.
  EXPECT_EQ(ReadRecipe("x = {a = \"\"\"b\"\"\"\"\", " + dots + " = 1}", "r").error().code(), ErrorCode::kTooLarge);
  EXPECT_EQ(ReadRecipe("x = {a = '''b'''', " + dots + " = 1}", "r").error().code(), ErrorCode::kTooLarge);
  EXPECT_EQ(ReadRecipe("x = {a = \"\\\"\", " + dots + " = 1}", "r").error().code(), ErrorCode::kTooLarge);
  for (const char* open : {"[", "{a="}) {
    std::string nested = "x = ";
    for (int i = 0; i < 10'000; ++i) nested += open;
    ExpectRefused(nested, {"r", "expected TOML"});
  }
  // Dots in texts and numbers are none of names.
  const Recipe recipe = Read(With("{audio}", "a.b.c.d.e.f.g.h.i.j.k.l.m.n"));
  EXPECT_EQ(recipe.data[0].text_template.size(), 27u);
}

}  // namespace
}  // namespace walchen::runs
