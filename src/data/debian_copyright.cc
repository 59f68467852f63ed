// SPDX-License-Identifier: Apache-2.0
#include "data/debian_copyright.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "data/extract_licence.h"
#include "data/extraction.h"
#include "data/glob.h"
#include "data/text_lines.h"

namespace walchen::data {
namespace {

constexpr std::string_view kFormatName = "copyright-format/1.0";
// Every installed file is held against every pattern, outside of any sandbox. The longest files (of browsers and kernels) have some
// thousand patterns of under 200 bytes; a path has at most 4,096.
constexpr size_t kMaxPatterns = 20'000;
constexpr size_t kPatternMaxBytes = 4'096;
constexpr size_t kPatternsMaxBytes = 1'048'576;

std::string_view TakeStanzaLine(std::string_view& text) {
  std::string_view line = TakeLine(text);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

// The fields of one paragraph that matter, in the words of the file.
struct Paragraph {
  bool has_files = false;
  std::string files, format, licence;
  int64_t line = 0;
};

// Paragraphs of "Field: value" lines, continued by lines that begin with a blank, divided by blank lines. Lines with # are
// comments.
class ParagraphReader {
 public:
  explicit ParagraphReader(std::string_view text) : rest_(text) {}

  std::optional<Paragraph> Next() {
    Paragraph paragraph;
    std::string field;
    bool any = false;
    while (!rest_.empty()) {
      const std::string_view line = TakeStanzaLine(rest_);
      ++line_;
      if (line.starts_with('#')) continue;
      if (Trimmed(line).empty()) {
        if (any) break;
        continue;
      }
      if (!any) paragraph.line = line_;
      any = true;
      TakeField(line, field, paragraph);
    }
    return any ? std::optional(paragraph) : std::nullopt;
  }

 private:
  static void TakeField(std::string_view line, std::string& field, Paragraph& paragraph) {
    const bool continues = IsBlank(line[0]);
    if (!continues) {
      const size_t colon = line.find(':');
      field = colon == std::string_view::npos ? "" : Lowered(Trimmed(line.substr(0, colon)));
      line = colon == std::string_view::npos ? "" : line.substr(colon + 1);
    }
    const std::string_view value = Trimmed(line);
    if (field == "files") {
      paragraph.has_files = true;
      paragraph.files += fmt::format(" {}", value);
    } else if (field == "format") {
      paragraph.format += value;
    } else if (field == "license" && !continues) {
      paragraph.licence = value;  // the lines behind it are the licence's text
    }
  }

  std::string_view rest_;
  int64_t line_ = 0;
};

std::vector<std::string> WordsIn(std::string_view text) {
  std::vector<std::string> words;
  while (true) {
    const size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return words;
    const size_t end = std::min(text.find_first_of(" \t", begin), text.size());
    words.emplace_back(text.substr(begin, end - begin));
    text.remove_prefix(end);
  }
}

// "a/b/c", "b/c", "c".
std::vector<std::string_view> EndsOf(std::string_view path) {
  std::vector<std::string_view> ends;
  while (!path.empty()) {
    ends.push_back(path);
    const size_t slash = path.find('/');
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  return ends;
}

bool HasWildcard(std::string_view text) { return text.find_first_of("*?\\") != std::string_view::npos; }

std::string_view NameIn(std::string_view path) { return path.substr(path.find_last_of('/') + 1); }

std::string_view WithoutGz(std::string_view name) {
  if (name.ends_with(".gz")) name.remove_suffix(3);
  return name;
}

// A pattern without its first folders, or one that ends in the file's name.
bool FitsLoosely(std::string_view pattern, const std::vector<std::string_view>& ends) {
  const std::string_view name = NameIn(pattern);
  if (!HasWildcard(name) && WithoutGz(name) == WithoutGz(ends.back())) return true;
  for (const std::string_view rest : EndsOf(pattern)) {
    const size_t slash = rest.find('/');
    // A folder must be left that says something.
    if (slash == std::string_view::npos) break;
    if (HasWildcard(rest.substr(0, slash))) continue;
    if (std::ranges::any_of(ends, [&](std::string_view end) { return GlobFits(rest, end); })) return true;
  }
  return false;
}

// Where a file that is made or renamed on the way may come from.
std::vector<std::string> OriginsOf(std::string_view installed) {
  std::vector<std::string> origins;
  const std::string_view name = NameIn(installed);
  const std::string language = LanguageBefore(installed, "/LC_MESSAGES/");
  if (!language.empty()) {
    const std::string_view domain = name.substr(0, name.rfind('.'));
    origins.push_back(fmt::format("po/{}.po", language));
    origins.push_back(fmt::format("{}/po/{}.po", domain, language));
    origins.push_back(fmt::format("po/{}/{}.po", domain, language));
  }
  const std::string_view plain = WithoutGz(name);
  const bool is_of_debian = installed.starts_with("usr/share/man/") || plain.find(".Debian") != std::string_view::npos ||
                            plain == "copyright" || installed.starts_with("usr/share/doc-base/");
  if (is_of_debian) origins.push_back(fmt::format("debian/{}", plain));
  return origins;
}

}  // namespace

std::optional<DebianCopyright> ParseDebianCopyright(std::string_view text) {
  ParagraphReader paragraphs(text);
  const auto header = paragraphs.Next();
  if (!header || header->format.find(kFormatName) == std::string::npos) return std::nullopt;
  DebianCopyright copyright;
  size_t patterns = 0, bytes = 0;
  while (const auto paragraph = paragraphs.Next()) {
    if (!paragraph->has_files) continue;
    copyright.stanzas.push_back({WordsIn(paragraph->files), paragraph->licence, paragraph->line});
    for (const std::string& pattern : copyright.stanzas.back().patterns) {
      if (++patterns > kMaxPatterns || pattern.size() > kPatternMaxBytes) return std::nullopt;
      bytes += pattern.size();
    }
    if (bytes > kPatternsMaxBytes) return std::nullopt;
  }
  if (copyright.stanzas.empty()) return std::nullopt;
  return copyright;
}

const CopyrightStanza* StanzaOf(const DebianCopyright& copyright, std::string_view source_path) {
  for (auto stanza = copyright.stanzas.rbegin(); stanza != copyright.stanzas.rend(); ++stanza) {
    const auto fits = [&](const std::string& pattern) { return GlobFits(pattern, source_path); };
    if (std::ranges::any_of(stanza->patterns, fits)) return &*stanza;
  }
  return nullptr;
}

std::vector<const CopyrightStanza*> StanzasOfInstalled(const DebianCopyright& copyright, std::string_view installed_path) {
  std::set<const CopyrightStanza*> found;
  const std::vector<std::string_view> ends = EndsOf(installed_path);
  for (const std::string_view end : ends) found.insert(StanzaOf(copyright, end));
  for (const std::string& origin : OriginsOf(installed_path)) found.insert(StanzaOf(copyright, origin));
  for (const CopyrightStanza& stanza : copyright.stanzas) {
    const auto fits = [&](const std::string& pattern) { return FitsLoosely(pattern, ends); };
    if (!ends.empty() && std::ranges::any_of(stanza.patterns, fits)) found.insert(&stanza);
  }
  found.erase(nullptr);
  std::vector<const CopyrightStanza*> stanzas;
  for (const CopyrightStanza& stanza : copyright.stanzas) {
    if (found.empty() || found.contains(&stanza)) stanzas.push_back(&stanza);
  }
  return stanzas;
}

}  // namespace walchen::data
