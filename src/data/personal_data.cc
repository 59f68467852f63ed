// SPDX-License-Identifier: Apache-2.0
#include "data/personal_data.h"

#include "data/person_names.h"
#include "data/personal_numbers.h"
#include "data/postal_addresses.h"

namespace walchen::data {

std::vector<Finding> FindPersonalData(std::string_view text, std::span<const Word> words) {
  std::vector<Finding> findings;
  FindNumbers(text, findings);
  FindAddresses(text, findings);
  FindPersonNames(text, words, findings);
  return WithoutOverlaps(std::move(findings));
}

}  // namespace walchen::data
