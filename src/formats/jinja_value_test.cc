// SPDX-License-Identifier: Apache-2.0
#include "formats/jinja_value.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "formats/jinja_format.h"
#include "formats/jinja_print.h"
#include "formats/jinja_runtime.h"

namespace walchen::formats::jinja {
namespace {

class JinjaValue : public ::testing::Test {
 protected:
  Value Text(std::string_view text) { return runtime_.BorrowedText(text); }
  Value Tuple(std::vector<Value> items) { return *runtime_.Sequence(std::move(items), SequenceType::kTuple); }

  Runtime runtime_{base::Clock::Os()};
};

TEST_F(JinjaValue, NumbersCompareExactlyAcrossTypes) {
  const int64_t big = (int64_t{1} << 53) + 1;
  EXPECT_GT(CompareNumbers(Value::Int(big), Value::Float(0x1p53)), 0);
  EXPECT_LT(CompareNumbers(Value::Int(INT64_MAX), Value::Float(0x1p63)), 0);
  EXPECT_EQ(CompareNumbers(Value::Int(INT64_MIN), Value::Float(-0x1p63)), 0);
  EXPECT_EQ(CompareNumbers(Value::Bool(true), Value::Float(1.0)), 0);
  EXPECT_LT(CompareNumbers(Value::Int(1), Value::Float(1.5)), 0);
  EXPECT_GT(CompareNumbers(Value::Int(-1), Value::Float(-1.5)), 0);
  EXPECT_LT(CompareNumbers(Value::Int(0), Value::Float(std::numeric_limits<double>::infinity())), 0);
}

TEST_F(JinjaValue, ADictFindsEqualKeysWhateverTheirType) {
  DictObject dict;
  dict.Set(Value::Int(1), Text("one"));
  dict.Set(Value::Float(1.0), Text("uno"));
  dict.Set(Text("1"), Text("text"));
  dict.Set(Tuple({Value::Int(1), Text("a")}), Text("pair"));
  EXPECT_EQ(dict.entries.size(), 3u);
  EXPECT_EQ(dict.Find(Value::Bool(true))->string().bytes(), "uno");
  EXPECT_EQ(dict.Find("1")->string().bytes(), "text");
  EXPECT_EQ(dict.Find(Tuple({Value::Float(1), Text("a")}))->string().bytes(), "pair");
  EXPECT_EQ(dict.Find(Value::None()), nullptr);
}

TEST_F(JinjaValue, ALargeDictKeepsTheOrderOfInsertion) {
  DictObject dict;
  for (int i = 0; i < 100; ++i) dict.Set(Value::Int((i * 37) % 100), Value::Int(i));
  dict.Set(Value::Int(37), Value::Int(-1));
  ASSERT_EQ(dict.entries.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(dict.entries[static_cast<size_t>(i)].first.integer(), (i * 37) % 100);
  EXPECT_EQ(dict.Find(Value::Int(37))->integer(), -1);
  EXPECT_EQ(dict.Find(Value::Int(74))->integer(), 2);
}

TEST_F(JinjaValue, OnlyConstantThingsAreKeys) {
  EXPECT_TRUE(IsHashable(Value::None()) && IsHashable(Text("a")) && IsHashable(Tuple({Tuple({Value::Int(1)})})));
  EXPECT_FALSE(IsHashable(*runtime_.Sequence({})));
  EXPECT_FALSE(IsHashable(Tuple({*runtime_.Sequence({})})));
  EXPECT_FALSE(IsHashable(Value(&runtime_.Make<DictObject>())));
}

TEST_F(JinjaValue, ASumOfTextsIsWrittenOutWhenSomebodyLooks) {
  const std::string a(300, 'a');
  Value sum = Text(a);
  for (int i = 0; i < 1'000; ++i) sum = *runtime_.Join(sum.string(), Text("b").string());
  EXPECT_EQ(sum.string().size(), 1'300u);
  EXPECT_EQ(sum.string().bytes(), a + std::string(1'000, 'b'));
  EXPECT_EQ(sum.string().length(), 1'300u);
}

TEST_F(JinjaValue, EmptyThingsAreFalse) {
  for (const Value& value : {Value::None(), Value::Bool(false), Value::Int(0), Value::Float(0), Text(""), Tuple({}),
                             runtime_.Undefined("x"), Value(&runtime_.Make<DictObject>())}) {
    EXPECT_FALSE(IsTrue(value)) << value.TypeName();
  }
  for (const Value& value : {Value::Bool(true), Value::Int(-1), Value::Float(0.1), Text(" "), Tuple({Value::None()}),
                             *runtime_.Sequence({}, SequenceType::kIterator)}) {
    EXPECT_TRUE(IsTrue(value)) << value.TypeName();
  }
}

TEST_F(JinjaValue, FloatsPrintWithTheFewestDigits) {
  EXPECT_EQ(FloatText(0.1), "0.1");
  EXPECT_EQ(FloatText(1.0), "1.0");
  EXPECT_EQ(FloatText(-0.0), "-0.0");
  EXPECT_EQ(FloatText(1e15), "1000000000000000.0");
  EXPECT_EQ(FloatText(1e16), "1e+16");
  EXPECT_EQ(FloatText(123456789012345678.0), "1.2345678901234568e+17");
  EXPECT_EQ(FloatText(0.0001), "0.0001");
  EXPECT_EQ(FloatText(0.00001234), "1.234e-05");
  EXPECT_EQ(FloatText(5e-324), "5e-324");
  EXPECT_EQ(FloatText(1.7976931348623157e308), "1.7976931348623157e+308");
  EXPECT_EQ(FloatText(std::nan("")), "nan");
  EXPECT_EQ(FloatText(-std::numeric_limits<double>::infinity()), "-inf");
}

TEST_F(JinjaValue, DatesPrintInEnglish) {
  // 12:33:47 UTC on a Thursday; asked for what is the same in every time zone from -12 to +11 hours.
  const int64_t noon = 1'732'192'427;
  EXPECT_EQ(*FormatTime(noon, "%Y-%m-%d|%d %b %Y|%B %-d, %y|%A %a %j|%F %D %x|%%|%e"),
            "2024-11-21|21 Nov 2024|November 21, 24|Thursday Thu 326|2024-11-21 11/21/24 11/21/24|%|21");
  EXPECT_EQ(FormatTime(noon, "%M:%S")->substr(3), "47");
  EXPECT_EQ(FormatTime(noon, "%Q").error().code(), ErrorCode::kUnsupported);
  EXPECT_EQ(*FormatTime(noon, "100%"), "100%");
}

TEST_F(JinjaValue, SpendingMoreThanThereIsFails) {
  EXPECT_TRUE(runtime_.Spend(1'000));
  EXPECT_EQ(runtime_.Spend(UINT64_MAX).error().code(), ErrorCode::kResourceExhausted);
  EXPECT_EQ(runtime_.Spend().error().code(), ErrorCode::kResourceExhausted);
}

TEST_F(JinjaValue, ArgumentsAreBoundAsPythonBindsThem) {
  const Arguments arguments = {{Value::Int(1)}, {{"c", Value::Int(3)}}};
  const auto bound = Parameters::Bind("f", arguments, {"a", "b", "c"}, 1);
  ASSERT_TRUE(bound);
  EXPECT_EQ((*bound)[0].integer(), 1);
  EXPECT_FALSE(bound->Has(1));
  EXPECT_EQ(bound->Int(2, 0).value(), 3);
  EXPECT_EQ(bound->Int(1, 7).value(), 7);
  EXPECT_FALSE(bound->String(0));
  EXPECT_EQ(Parameters::Bind("f", arguments, {"a", "b"}).error().message(), "f has no argument 'c'");
  EXPECT_EQ(Parameters::Bind("f", arguments, {"c"}).error().message(), "f got argument 'c' twice");
  EXPECT_EQ(Parameters::Bind("f", {}, {"a"}, 1).error().message(), "f needs the argument 'a'");
  EXPECT_EQ(Parameters::Bind("f", {{Value::None()}, {}}, {}).error().message(),
            "f takes at most 0 arguments, 1 were given");
}

}  // namespace
}  // namespace walchen::formats::jinja
