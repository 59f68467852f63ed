// SPDX-License-Identifier: Apache-2.0
//
// Secrets that stand in texts and source code: private keys, access tokens of known shapes, passwords in assignments.
//
// Shapes are those that the issuers publish: PEM blocks of private keys; AWS access key ids (AKIA, ASIA), GitHub (ghp_, gho_,
// ghu_, ghs_, ghr_, github_pat_), GitLab (glpat-), Slack (xoxb- and so on), Stripe (sk_live_, rk_live_), Google (AIza), JSON
// Web Tokens, npm (npm_). A value behind password, secret, token, api key and ":" or "=" counts when it looks drawn at
// random: at least 12 characters of two kinds and 3 bits of entropy per character, and no placeholder.
//
// Linear; pure, thread-safe.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "data/finding.h"
#include "data/words.h"

namespace walchen::data {

inline constexpr int kSecretsVersion = 1;

// `words` are SplitWords(text).
void FindSecrets(std::string_view text, std::span<const Word> words, std::vector<Finding>& findings);

}  // namespace walchen::data
