// SPDX-License-Identifier: Apache-2.0
//
// GET /walchen/runs and GET /walchen/runs/{name}: training runs and their curves, for the page. docs/api.md has the fields.
//
// Of the runs that were asked for last, what was read of their logs is kept, so that a page that asks every other second
// costs what was added meanwhile.
#pragma once

#include <list>
#include <memory>
#include <mutex>

#include "runs/run_curves.h"
#include "serve/http.h"

namespace walchen::serve {

// Thread-safe. Calls read files, so they are for worker threads.
class TrainingRuns {
 public:
  // `folder` holds the runs; empty: there are none.
  TrainingRuns(base::Files& files, base::Path folder) : files_(files), folder_(std::move(folder)) {}

  Response List();
  // The request has the run's name as its parameter, and in its query perhaps `after`.
  Response Curves(const Request& request);

 private:
  struct Followed {
    Followed(base::Files& files, const base::Path& run);
    const base::Path run;
    std::mutex mutex;
    runs::RunCurves curves;
  };
  std::shared_ptr<Followed> Follow(const base::Path& run);

  base::Files& files_;
  const base::Path folder_;
  std::mutex mutex_;
  std::list<std::shared_ptr<Followed>> followed_;  // the one asked for last first
};

}  // namespace walchen::serve
