// SPDX-License-Identifier: Apache-2.0
//
// Tables of numbers as the content of a part, and back.
#pragma once

#include <initializer_list>
#include <vector>

#include "data/extract.h"
#include "data/number_table.h"

namespace walchen::data {

// Makes the tables that have columns a part's content: a signal where one of them has a time axis, else a table. Their
// notes become the part's. Nothing happens where none has columns. Columns and times that cannot be kept are left out with a
// note.
void AddTables(std::vector<NumberTable> tables, Part& part);
// A list in braces would copy every number.
void AddTables(std::initializer_list<NumberTable> tables, Part& part) = delete;

// The tables of a part; none where it is a text or a picture. Errors: as ParseTables.
Result<std::vector<NumberTable>> TablesOf(const Part& part);

}  // namespace walchen::data
