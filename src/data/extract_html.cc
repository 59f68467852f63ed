// SPDX-License-Identifier: Apache-2.0
#include "data/extract_html.h"

#include <gumbo.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "data/extract_charset.h"
#include "data/extract_licence.h"
#include "data/extract_readers.h"

namespace walchen::data {
namespace {

enum class Role { kInline, kLine, kParagraph, kCell, kSkipped };

constexpr std::array kSkippedTags = {GUMBO_TAG_SCRIPT, GUMBO_TAG_STYLE,  GUMBO_TAG_NOSCRIPT, GUMBO_TAG_TEMPLATE,
                                     GUMBO_TAG_IFRAME, GUMBO_TAG_OBJECT, GUMBO_TAG_SVG,      GUMBO_TAG_NAV,
                                     GUMBO_TAG_FOOTER, GUMBO_TAG_ASIDE,  GUMBO_TAG_BUTTON,   GUMBO_TAG_SELECT,
                                     GUMBO_TAG_HEAD,   GUMBO_TAG_TEXTAREA};
constexpr std::array kParagraphTags = {GUMBO_TAG_P,  GUMBO_TAG_H1, GUMBO_TAG_H2,    GUMBO_TAG_H3,     GUMBO_TAG_H4,
                                       GUMBO_TAG_H5, GUMBO_TAG_H6, GUMBO_TAG_UL,    GUMBO_TAG_OL,     GUMBO_TAG_DL,
                                       GUMBO_TAG_HR, GUMBO_TAG_PRE, GUMBO_TAG_TABLE, GUMBO_TAG_FIGURE,
                                       GUMBO_TAG_SECTION, GUMBO_TAG_ARTICLE, GUMBO_TAG_BLOCKQUOTE};
constexpr std::array kLineTags = {GUMBO_TAG_BR,      GUMBO_TAG_DIV,    GUMBO_TAG_LI,      GUMBO_TAG_TR,
                                  GUMBO_TAG_DT,      GUMBO_TAG_DD,     GUMBO_TAG_HEADER,  GUMBO_TAG_MAIN,
                                  GUMBO_TAG_CAPTION, GUMBO_TAG_BODY,   GUMBO_TAG_ADDRESS, GUMBO_TAG_FIGCAPTION,
                                  GUMBO_TAG_DETAILS, GUMBO_TAG_FORM,   GUMBO_TAG_SUMMARY, GUMBO_TAG_FIELDSET,
                                  GUMBO_TAG_THEAD,   GUMBO_TAG_TBODY,  GUMBO_TAG_TFOOT,   GUMBO_TAG_OPTION};

Role RoleOf(GumboTag tag) {
  const auto is_in = [&](const auto& tags) { return std::ranges::find(tags, tag) != tags.end(); };
  if (tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH) return Role::kCell;
  if (is_in(kSkippedTags)) return Role::kSkipped;
  if (is_in(kParagraphTags)) return Role::kParagraph;
  return is_in(kLineTags) ? Role::kLine : Role::kInline;
}

std::string_view AttributeOf(const GumboNode& node, const char* name) {
  const GumboAttribute* attribute = gumbo_get_attribute(&node.v.element.attributes, name);
  return attribute ? std::string_view(attribute->value) : std::string_view();
}

bool IsElement(const GumboNode& node) { return node.type == GUMBO_NODE_ELEMENT || node.type == GUMBO_NODE_TEMPLATE; }

bool IsText(const GumboNode& node) {
  return node.type == GUMBO_NODE_TEXT || node.type == GUMBO_NODE_CDATA || node.type == GUMBO_NODE_WHITESPACE;
}

bool IsSkipped(const GumboNode& node) {
  return RoleOf(node.v.element.tag) == Role::kSkipped || AttributeOf(node, "role") == "navigation" ||
         AttributeOf(node, "aria-hidden") == "true" || gumbo_get_attribute(&node.v.element.attributes, "hidden");
}

// enter(node) for every node below `root` and itself, in order; it says whether to go into an element. leave(node)
// follows.
template <class Enter, class Leave>
void Walk(const GumboNode* root, const Enter& enter, const Leave& leave) {
  struct Step {
    const GumboNode* node;
    unsigned next;
  };
  std::vector<Step> path;
  if (enter(*root) && IsElement(*root)) path.push_back({root, 0});
  while (!path.empty()) {
    Step& step = path.back();
    const GumboVector& children = step.node->v.element.children;
    if (step.next == children.length) {
      leave(*step.node);
      path.pop_back();
      continue;
    }
    const auto* child = static_cast<const GumboNode*>(children.data[step.next++]);
    if (enter(*child) && IsElement(*child)) path.push_back({child, 0});
  }
}

// Turns nodes into text and remembers where each block stands in the page.
class TextOfPage {
 public:
  TextOfPage(const DecodedText& page, Part& part) : page_(page), part_(part) {}

  bool Enter(const GumboNode& node) {
    if (IsText(node)) return Add(node), false;
    if (!IsElement(node) || IsSkipped(node)) return false;
    pre_depth_ += node.v.element.tag == GUMBO_TAG_PRE;
    Separate(RoleOf(node.v.element.tag), true);
    return true;
  }

  void Leave(const GumboNode& node) {
    pre_depth_ -= node.v.element.tag == GUMBO_TAG_PRE;
    Separate(RoleOf(node.v.element.tag), false);
  }

  void Finish() { EndBlock(); }

 private:
  void Separate(Role role, bool entering) {
    if (role == Role::kInline) return;
    if (role == Role::kCell) {
      if (!entering) ++tabs_;
      space_ = false;
      return;
    }
    EndBlock();
    line_ends_ = std::max(line_ends_, role == Role::kParagraph ? 2 : 1);
  }

  void EndBlock() {
    if (block_) part_.spans.push_back({block_->begin, part_.text.size(), page_.PlaceOf(block_->first, block_->last)});
    block_.reset();
    space_ = false;
    tabs_ = 0;
  }

  void Add(const GumboNode& node) {
    const GumboText& text = node.v.text;
    // Text that the parser moved out of a table has no place of its own.
    const auto offset = static_cast<uint64_t>(text.original_text.data - page_.text.data());
    const uint64_t at = std::min<uint64_t>(offset, page_.text.size());
    const std::string_view value = text.text;
    const bool blank = value.find_first_not_of(" \t\r\n\f") == std::string_view::npos;
    if (blank && pre_depth_ == 0) {
      space_ = block_.has_value();
      return;
    }
    if (!block_) Begin(at);
    block_->first = std::min(block_->first, at);
    block_->last = std::max(block_->last, std::min<uint64_t>(at + text.original_text.length, page_.text.size()));
    if (pre_depth_ > 0) {
      part_.text += value;
    } else {
      AddCollapsed(value);
    }
  }

  void Begin(uint64_t at) {
    if (!part_.text.empty()) {
      while (part_.text.ends_with('\n') && line_ends_ > 0) --line_ends_;
      part_.text.append(static_cast<size_t>(line_ends_), '\n');
    }
    line_ends_ = 0;
    block_ = Block{part_.text.size(), at, at};
  }

  void AddCollapsed(std::string_view value) {
    part_.text.append(static_cast<size_t>(std::exchange(tabs_, 0)), '\t');
    for (const char c : value) {
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f') {
        space_ = true;
        continue;
      }
      if (space_ && part_.text.size() > block_->begin && !part_.text.ends_with('\t')) part_.text += ' ';
      space_ = false;
      part_.text += c;
    }
  }

  struct Block {
    uint64_t begin, first, last;  // where it begins in the text; its bytes in the page
  };
  const DecodedText& page_;
  Part& part_;
  std::optional<Block> block_;
  int pre_depth_ = 0;
  int line_ends_ = 0;
  bool space_ = false;
  int tabs_ = 0;  // cells that ended since the last text
};

// Where the main text is: the element that says so, else the only article, else everything.
const GumboNode* MainElement(const GumboNode* root) {
  const GumboNode* main = nullptr;
  const GumboNode* article = nullptr;
  int articles = 0;
  Walk(
      root,
      [&](const GumboNode& node) {
        if (!IsElement(node)) return false;
        const bool is_main = node.v.element.tag == GUMBO_TAG_MAIN || AttributeOf(node, "role") == "main";
        if (is_main && !main) main = &node;
        if (node.v.element.tag == GUMBO_TAG_ARTICLE && ++articles == 1) article = &node;
        return true;
      },
      [](const GumboNode&) {});
  return main ? main : articles == 1 ? article : root;
}

std::string TextBelow(const GumboNode& element) {
  std::string text;
  Walk(
      &element,
      [&](const GumboNode& node) {
        if (IsText(node)) text += node.v.text.text;
        return IsElement(node);
      },
      [](const GumboNode&) {});
  return std::string(Trimmed(text));
}

void ReadMeta(const GumboNode& node, Part& part) {
  std::string_view name = AttributeOf(node, "name");
  if (name.empty()) name = AttributeOf(node, "property");
  if (name.empty()) name = AttributeOf(node, "http-equiv");
  const std::string lower = Lowered(name);
  const std::string_view content = AttributeOf(node, "content");
  FindOptOut(lower, content, part);
  static constexpr std::array<std::string_view, 8> kLicences = {
      "license", "licence", "dc.rights", "dcterms.license", "dcterms.rights", "dc.license", "copyright", "rights"};
  if (std::ranges::find(kLicences, lower) != kLicences.end()) AddLicence(part, "meta " + lower, content);
  if ((lower == "content-language" || lower == "dc.language") && part.language.empty()) {
    part.language = Trimmed(content);
  }
}

// What elements say about the page beside its text.
void ReadFacts(const GumboNode& node, Part& part) {
  const GumboTag tag = node.v.element.tag;
  if (tag == GUMBO_TAG_TITLE && part.title.empty() && node.parent && node.parent->v.element.tag == GUMBO_TAG_HEAD) {
    part.title = TextBelow(node);
  }
  if (tag == GUMBO_TAG_HTML) {
    part.language = AttributeOf(node, "lang");
    if (part.language.empty()) part.language = AttributeOf(node, "xml:lang");
  }
  if (tag == GUMBO_TAG_META) ReadMeta(node, part);
  const bool is_link = tag == GUMBO_TAG_LINK || tag == GUMBO_TAG_A;
  if (is_link && AttributeOf(node, "rel") == "license") AddLicence(part, "rel=license", AttributeOf(node, "href"));
  if (tag == GUMBO_TAG_IMG && !Trimmed(AttributeOf(node, "alt")).empty()) {
    part.captions.push_back({std::string(AttributeOf(node, "src")), std::string(Trimmed(AttributeOf(node, "alt")))});
  }
}

// The caption of a figure belongs to the picture in it.
void ReadFigure(const GumboNode& figure, Part& part) {
  std::string image, text;
  Walk(
      &figure,
      [&](const GumboNode& node) {
        if (!IsElement(node)) return false;
        if (node.v.element.tag == GUMBO_TAG_IMG && image.empty()) image = AttributeOf(node, "src");
        if (node.v.element.tag == GUMBO_TAG_FIGCAPTION && text.empty()) text = TextBelow(node);
        return true;
      },
      [](const GumboNode&) {});
  if (!image.empty() && !text.empty()) part.captions.push_back({image, text});
}

// The encoding that the page names in its beginning.
std::string_view DeclaredCharset(std::string_view bytes) {
  const std::string_view head = bytes.substr(0, 2'048);
  const size_t at = head.find("charset=");
  if (at == std::string_view::npos) return {};
  const size_t begin = head.find_first_not_of("\"' ", at + 8);
  if (begin == std::string_view::npos) return {};
  const size_t end = head.find_first_of("\"' ;/>\r\n", begin);
  return end == std::string_view::npos ? std::string_view() : head.substr(begin, std::min<size_t>(end - begin, 40));
}

}  // namespace

Result<Part> HtmlPart(std::string_view bytes, std::string_view charset) {
  if (!LooksLikeText(bytes)) return Fail(ErrorCode::kCorrupt, "expected HTML, found bytes that no text has");
  TRY_ASSIGN(const DecodedText page, DecodeText(bytes, charset.empty() ? DeclaredCharset(bytes) : charset));
  const auto destroy = [](GumboOutput* output) { gumbo_destroy_output(&kGumboDefaultOptions, output); };
  const std::unique_ptr<GumboOutput, decltype(destroy)> parsed(
      gumbo_parse_with_options(&kGumboDefaultOptions, page.text.data(), page.text.size()), destroy);
  Part part;
  Walk(
      parsed->root,
      [&](const GumboNode& node) {
        if (!IsElement(node)) return false;
        ReadFacts(node, part);
        if (node.v.element.tag == GUMBO_TAG_FIGURE) ReadFigure(node, part);
        return true;
      },
      [](const GumboNode&) {});
  for (const GumboNode* from : {MainElement(parsed->root), static_cast<const GumboNode*>(parsed->root)}) {
    TextOfPage text(page, part);
    Walk(
        from, [&](const GumboNode& node) { return text.Enter(node); },
        [&](const GumboNode& node) { text.Leave(node); });
    text.Finish();
    if (!part.text.empty()) break;  // an empty main element says nothing
  }
  return part;
}

Result<void> ReadHtml(const Source& source, Extraction& extraction) {
  TRY_ASSIGN(Part part, HtmlPart(source.bytes));
  return extraction.Give(source, std::move(part));
}

}  // namespace walchen::data
