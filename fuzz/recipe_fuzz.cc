// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a recipe: an error that names the text, or a recipe that is the same when it is written and read again.
#include "runs/recipe.h"

#include "base/status.h"

using namespace walchen;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto recipe = runs::ReadRecipe({reinterpret_cast<const char*>(data), size}, "recipe.toml");
  if (!recipe) {
    CHECK(recipe.error().message().starts_with("recipe.toml"), "{}", recipe.error().message());
    return 0;
  }
  const std::string written = runs::WriteRecipe(*recipe);
  const auto again = runs::ReadRecipe(written, "written");
  CHECK(again.has_value(), "{}\n{}", again.error().message(), written);
  CHECK(*again == *recipe && runs::WriteRecipe(*again) == written, "{}", written);
  return 0;
}
