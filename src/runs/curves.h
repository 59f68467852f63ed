// SPDX-License-Identifier: Apache-2.0
//
// The curves of a run for a terminal: one panel for each loss, over the steps, in Unicode's Braille dots.
//
//   speech                                     9.21 at step 1, 2.31 at step 1,200
//     9.21 ┤⢣
//          │ ⢣░░
//     4.62 ┤  ⠑⢄░░░░░
//          │    ⠑⠤⢄⣀⡀░░░░░
//     2.31 ┤        ⠉⠉⠒⠒⠤⠤⠤⠤⠤
//          └1─────── 600 ── 1,200
//
// The line is smoothed; the shade behind it is the range of the single steps. The axis is logarithmic where a loss falls
// to less than a tenth: each panel says so.
#pragma once

#include <span>
#include <string>

#include "runs/run_log.h"

namespace walchen::runs {

// At most `rows` lines of at most `columns` characters; 20 by 5 if less is asked for. Records that were skipped, and
// losses that are not finite (or beyond 1e30), are left out. Losses that find no room are named in the last line. What is not printable in
// a name becomes "?".
std::string DrawCurves(std::span<const StepRecord> records, int columns, int rows);

}  // namespace walchen::runs
