// SPDX-License-Identifier: Apache-2.0
#include "data/place_map.h"

#include <algorithm>

#include "base/status.h"

namespace walchen::data {

void ChangeList::Add(size_t source, size_t source_size, size_t result_size) {
  size_t result = source;
  if (!changes_.empty()) {
    const Change& last = changes_.back();
    CHECK(source >= last.source + last.source_size, "change at {} after one that ends at {}", source,
          last.source + last.source_size);
    result = last.result + last.result_size + (source - last.source - last.source_size);
  }
  changes_.push_back({static_cast<uint32_t>(source), static_cast<uint32_t>(source_size), static_cast<uint32_t>(result),
                      static_cast<uint32_t>(result_size)});
}

size_t ChangeList::ToSource(size_t result) const {
  // The last change that begins at or before `result`; one that became nothing begins where the text behind it does.
  const auto after = std::upper_bound(changes_.begin(), changes_.end(), result,
                                      [](size_t place, const Change& change) { return place < change.result; });
  if (after == changes_.begin()) return result;
  const Change& change = *(after - 1);
  if (result < size_t{change.result} + change.result_size) return change.source;
  return size_t{change.source} + change.source_size + (result - change.result - change.result_size);
}

size_t ChangeList::ToResult(size_t source) const {
  const auto after = std::upper_bound(changes_.begin(), changes_.end(), source,
                                      [](size_t place, const Change& change) { return place < change.source; });
  if (after == changes_.begin()) return source;
  const Change& change = *(after - 1);
  if (source < size_t{change.source} + change.source_size) return change.result;
  return size_t{change.result} + change.result_size + (source - change.source - change.source_size);
}

void PlaceMap::Append(ChangeList pass) {
  if (!pass.empty()) passes_.push_back(std::move(pass));
}

size_t PlaceMap::ToSource(size_t result) const {
  for (auto pass = passes_.rbegin(); pass != passes_.rend(); ++pass) result = pass->ToSource(result);
  return result;
}

size_t PlaceMap::ToResult(size_t source) const {
  for (const ChangeList& pass : passes_) source = pass.ToResult(source);
  return source;
}

}  // namespace walchen::data
