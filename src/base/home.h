// SPDX-License-Identifier: Apache-2.0
//
// The home: the folder that holds a user's models, caches, runs and databases; and how a model is named.
//
//   models/NAME.gguf          what --model NAME means
//   models/NAME.gguf.sha256   its digest when it was brought in ("<hex>  <file name>"), where that is known
//   cache/                    may be deleted at any time
//   runs/                     logs of servers; training runs that the page shows
//   ledger.db                 what data there are, whence, with what rights, and what became of them
//   data/shards/NAME/         what trainers read
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/files.h"
#include "base/status.h"

namespace walchen::base {

// The model that `make up` brings.
inline constexpr std::string_view kDefaultModel = "SmolLM2-135M-Instruct.Q4_1";

class Home {
 public:
  // `flag` if it is not empty, else $WALCHEN_HOME, else $XDG_DATA_HOME/walchen, else ~/.local/share/walchen.
  // The folder need not exist. Errors: kInvalidArgument when none of them is set.
  static Result<Home> Find(std::string_view flag);
  explicit Home(Path folder) : folder_(std::move(folder)) {}

  const Path& folder() const { return folder_; }
  Path models() const { return folder_ / "models"; }
  Path runs() const { return folder_ / "runs"; }
  Path ledger() const { return folder_ / "ledger.db"; }
  Path shards() const { return folder_ / "data" / "shards"; }

 private:
  Path folder_;
};

// Names of the models in the home, sorted; none if the folder does not exist.
Result<std::vector<std::string>> ModelNames(Files& files, const Home& home);

// The file that `model` means. A name: models/NAME.gguf, or the only one that begins with it (case is ignored); else a
// path to a file. Empty: the default model, or the only one there is.
// Errors: kNotFound (says how to get a model), kInvalidArgument (several fit: names them).
Result<Path> FindModel(Files& files, const Home& home, std::string_view model);

}  // namespace walchen::base
