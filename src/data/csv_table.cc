// SPDX-License-Identifier: Apache-2.0
#include "data/csv_table.h"

#include <algorithm>
#include <array>
#include <map>

#include "data/cell_table.h"
#include "data/number_text.h"

namespace walchen::data {
namespace {

constexpr size_t kSampledBytes = 65'536;
// Where several fit: a comma may be a decimal sign, the others hardly stand in cells.
constexpr std::array kDelimiters = {'\t', ';', '|', ','};

struct Field {
  std::string_view raw;      // without the quotes around it
  bool has_quotes = false;   // within: doubled ones, or something behind the closing one
};

// Reads records front to back.
class CsvReader {
 public:
  CsvReader(std::string_view text, char delimiter, bool quotes) : text_(text), delimiter_(delimiter), quotes_(quotes) {}

  bool at_end() const { return at_ >= text_.size(); }
  // A quote was never closed: everything behind it was one field.
  bool unclosed() const { return unclosed_; }
  // In the last record something stood between a closing quote and the separator: it may be another one's quote.
  bool odd_quotes() const { return odd_quotes_; }
  // What is left of the line that comes next.
  std::string_view Line() const { return text_.substr(at_, LineEnd() - at_); }
  void SkipLine() {
    at_ = LineEnd();
    TakeLineEnd();
  }

  void Next(std::vector<Field>& fields) {
    fields.clear();
    odd_quotes_ = false;
    do {
      fields.push_back(TakeField());
    } while (TakeDelimiter());
    TakeLineEnd();
  }

 private:
  bool IsDelimiter(char c) const { return delimiter_ != '\0' && c == delimiter_; }
  size_t LineEnd() const { return std::min(text_.find_first_of("\r\n", at_), text_.size()); }
  bool TakeDelimiter() {
    if (at_ >= text_.size() || !IsDelimiter(text_[at_])) return false;
    ++at_;
    return true;
  }
  void TakeLineEnd() {
    const std::string_view rest = text_.substr(std::min(at_, text_.size()), 2);
    at_ += rest == "\r\n" ? 2 : rest.starts_with('\r') || rest.starts_with('\n') ? 1 : 0;
  }
  size_t FieldEnd(size_t from) const {
    while (from < text_.size() && !IsDelimiter(text_[from]) && text_[from] != '\n' && text_[from] != '\r') ++from;
    return from;
  }

  Field TakeField() {
    const size_t begin = at_;
    size_t open = begin;
    while (open < text_.size() && text_[open] == ' ') ++open;
    if (!quotes_ || open >= text_.size() || text_[open] != '"') {
      at_ = FieldEnd(begin);
      return {text_.substr(begin, at_ - begin), false};
    }
    Field field;
    size_t end = text_.find('"', open + 1);
    while (end != std::string_view::npos && end + 1 < text_.size() && text_[end + 1] == '"') {
      field.has_quotes = true;
      end = text_.find('"', end + 2);
    }
    if (end == std::string_view::npos) unclosed_ = true, end = text_.size();
    const size_t behind = std::min(end + 1, text_.size());
    at_ = FieldEnd(behind);
    if (!WithoutSpaces(text_.substr(behind, at_ - behind)).empty()) odd_quotes_ = field.has_quotes = true, end = at_;
    field.raw = text_.substr(open + 1, end - open - 1);
    return field;
  }

  std::string_view text_;
  char delimiter_;
  bool quotes_;
  size_t at_ = 0;
  bool unclosed_ = false;
  bool odd_quotes_ = false;
};

// "#" alone heads a column of numbers, "#NV" is a missing value.
bool IsComment(std::string_view line, char delimiter) {
  line = WithoutSpaces(line);
  if (!line.starts_with('#') && !line.starts_with('%') && !line.starts_with("//")) return false;
  const std::string_view first = WithoutSpaces(line.substr(0, line.find(delimiter)));
  return first != "#" && first != "%" && !MeansMissing(first);
}

std::string_view WithoutCommentSign(std::string_view line) {
  line = WithoutSpaces(line);
  const size_t begin = line.find_first_not_of("#%/");
  return begin == std::string_view::npos ? std::string_view() : line.substr(begin);
}

// How well a separator fits: which share of the records has the most frequent number of fields.
struct Fit {
  double share = 0;
  uint64_t fields = 0;
  bool first_is_one = false;  // the first record is one field
};

Fit FitOf(std::string_view sample, char delimiter) {
  CsvReader reader(sample, delimiter, true);
  std::map<uint64_t, uint64_t> counts;
  std::vector<Field> fields;
  Fit fit;
  uint64_t records = 0;
  while (!reader.at_end()) {
    if (WithoutSpaces(reader.Line()).empty() || IsComment(reader.Line(), delimiter)) {
      reader.SkipLine();
      continue;
    }
    reader.Next(fields);
    if (records++ == 0) fit.first_is_one = fields.size() == 1;
    if (!reader.odd_quotes()) ++counts[fields.size()];
  }
  counts.erase(1);
  for (const auto& [count, times] : counts) {
    const double share = static_cast<double>(times) / static_cast<double>(records);
    if (share > fit.share) fit.share = share, fit.fields = count;
  }
  return fit;
}

char FindDelimiter(std::string_view sample) {
  std::array<double, kDelimiters.size()> shares = {};
  for (size_t i = 0; i < kDelimiters.size(); ++i) {
    const Fit fit = FitOf(sample, kDelimiters[i]);
    // One head above numbers with decimal commas.
    const bool is_decimal = kDelimiters[i] == ',' && fit.first_is_one && fit.fields == 2;
    if (!is_decimal) shares[i] = fit.share;
  }
  // Below the first it only happens to stand in a text, below the second in the cells of another one.
  const double least = std::max(0.25, 0.8 * *std::ranges::max_element(shares));
  const auto found = static_cast<size_t>(std::ranges::find_if(shares, [&](double share) { return share > least; }) - shares.begin());
  return found < kDelimiters.size() ? kDelimiters[found] : '\0';
}

// A cell of a field, without the doubling of quotes.
Cell CellOf(const Field& field, CellGrid& grid) {
  if (!field.has_quotes) return {WithoutSpaces(field.raw)};
  std::string text;
  bool open = true;
  for (size_t i = 0; i < field.raw.size(); ++i) {
    const bool quote = open && field.raw[i] == '"';
    const bool doubled = quote && field.raw.substr(i + 1).starts_with('"');
    if (quote && !doubled) open = false;  // what stands behind is taken as it is
    else text += field.raw[i];
    i += doubled;
  }
  return {WithoutSpaces(grid.Keep(std::move(text)))};
}

Result<void> AddRecord(std::span<const Field> fields, uint64_t row, CellGrid& grid) {
  for (uint64_t column = 0; column < fields.size(); ++column) {
    TRY(grid.Add(row, column, CellOf(fields[column], grid)));
  }
  return {};
}

// As ReadCells; `unclosed` where a quote had no end, so that the rest is one cell.
Result<CellGrid> ReadCellsOnce(std::string_view utf8, const CsvDialect& dialect, bool& unclosed) {
  CellGrid grid;
  CsvReader reader(utf8.substr(std::min(dialect.begin, utf8.size())), dialect.delimiter, dialect.quotes);
  std::vector<Field> fields;
  std::string_view comment;  // the last one in front of the rows
  uint64_t row = 0;
  while (!reader.at_end()) {
    const std::string_view line = reader.Line();
    if (WithoutSpaces(line).empty() || IsComment(line, dialect.delimiter)) {
      if (row == 0 && !WithoutSpaces(line).empty()) comment = WithoutCommentSign(line);
      reader.SkipLine();
      continue;
    }
    reader.Next(fields);
    if (row == 0 && !comment.empty()) {
      std::vector<Field> heads;
      CsvReader(comment, dialect.delimiter, dialect.quotes).Next(heads);
      if (heads.size() == fields.size() && heads.size() > 1) TRY(AddRecord(heads, row++, grid));
    }
    TRY(AddRecord(fields, row++, grid));
  }
  unclosed = reader.unclosed();
  return grid;
}

}  // namespace

CsvDialect FindDialect(std::string_view utf8) {
  CsvDialect dialect;
  if (utf8.substr(0, 4) == "sep=" && utf8.size() > 5 && (utf8[5] == '\r' || utf8[5] == '\n')) {
    dialect.delimiter = utf8[4];
    dialect.begin = utf8.substr(5).starts_with("\r\n") ? 7 : 6;
  } else {
    std::string_view sample = utf8.substr(0, kSampledBytes);
    // The last line may be cut; where it is the only one there is no better.
    const size_t line_end = sample.find_last_of("\r\n");
    if (sample.size() < utf8.size() && line_end != std::string_view::npos) sample = sample.substr(0, line_end + 1);
    dialect.delimiter = FindDelimiter(sample);
  }
  return dialect;
}

Result<CellGrid> ReadCells(std::string_view utf8, const CsvDialect& dialect) {
  bool unclosed = false;
  auto grid = ReadCellsOnce(utf8, dialect, unclosed);
  if (!unclosed) return grid;
  return ReadCellsOnce(utf8, {dialect.delimiter, false, dialect.begin}, unclosed);
}

Result<NumberTable> ReadCsvTable(std::string_view utf8) {
  TRY_ASSIGN(const CellGrid grid, ReadCells(utf8, FindDialect(utf8)));
  return TableOf(grid, "");
}

}  // namespace walchen::data
