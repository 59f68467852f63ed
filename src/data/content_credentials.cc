// SPDX-License-Identifier: Apache-2.0
#include "data/content_credentials.h"

#include <algorithm>
#include <array>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/limits.h"
#include "data/picture_bytes.h"

namespace walchen::data {
namespace {

constexpr size_t kBoxMaxDepth = 16;
constexpr size_t kLabelMaxBytes = 256;

// A CBOR array or map that is being read.
struct Container {
  uint64_t left = 0;  // items; of a map keys and values
  bool is_endless = false;
  bool is_map = false;
  bool at_key = false;
  std::string_view key;
};

class CborReader {
 public:
  using Take = std::function<void(std::string_view, std::string_view, std::string_view)>;
  CborReader(std::string_view bytes, const Take& take) : bytes_(bytes), take_(take) {}

  bool Read() {
    do {
      if (!ReadItem()) return false;
      while (!open_.empty() && !open_.back().is_endless && open_.back().left == 0) open_.pop_back();
    } while (!open_.empty());
    return true;
  }

 private:
  enum Major { kUnsigned, kNegative, kBytes, kText, kArray, kMap, kTag, kSimple };

  struct Head {
    int major = 0;
    bool is_endless = false;
    uint64_t value = 0;
  };

  bool ReadHead(Head& head) {
    if (at_ >= bytes_.size()) return false;
    const auto byte = static_cast<uint8_t>(bytes_[at_++]);
    head = {byte >> 5, (byte & 31) == 31, byte & 31U};
    if (head.value >= 24 && head.value <= 27) {
      const size_t size = size_t{1} << (head.value - 24);
      if (size > bytes_.size() - at_) return false;
      head.value = BigEndian(bytes_, at_, size);
      at_ += size;
      return true;
    }
    return head.value < 24 || head.is_endless;
  }

  bool ReadItem() {
    Head head;
    if (!ReadHead(head)) return false;
    if (head.major == kSimple && head.is_endless) return EndEndless();
    // Tags say something of the item behind them.
    while (head.major == kTag) {
      if (head.is_endless || !ReadHead(head) || (head.major == kSimple && head.is_endless)) return false;
    }
    if (head.major == kArray || head.major == kMap) return Open(head.major == kMap, head.value, head.is_endless);
    std::string_view text;
    if (head.major == kBytes || head.major == kText) {
      if (head.is_endless || head.value > bytes_.size() - at_) return false;  // C2PA writes definite lengths only
      text = bytes_.substr(at_, head.value);
      at_ += head.value;
    }
    Scalar(head.major == kText, text);
    return true;
  }

  bool EndEndless() {
    if (open_.empty() || !open_.back().is_endless) return false;
    open_.pop_back();
    return true;
  }

  bool Open(bool is_map, uint64_t count, bool is_endless) {
    // Each item takes a byte at least.
    if (open_.size() >= kCborMaxDepth || (!is_endless && count > bytes_.size() - at_)) return false;
    Count();
    Container& opened = open_.emplace_back();
    opened.left = is_map ? count * 2 : count;
    opened.is_endless = is_endless;
    opened.is_map = opened.at_key = is_map;
    return true;
  }

  // The container around has one item less to come.
  void Count() {
    if (open_.empty()) return;
    Container& around = open_.back();
    around.left -= !around.is_endless;
    around.at_key = around.is_map && !around.at_key;
  }

  void Scalar(bool is_text, std::string_view text) {
    if (!open_.empty() && open_.back().at_key) {
      open_.back().key = is_text ? text : std::string_view();
    } else if (is_text) {
      std::array<std::string_view, 2> keys;
      size_t found = 0;
      for (size_t i = open_.size(); i > 0 && found < keys.size(); --i) {
        if (open_[i - 1].is_map) keys[found++] = open_[i - 1].key;
      }
      take_(keys[1], keys[0], text);
    }
    Count();
  }

  std::string_view bytes_;
  size_t at_ = 0;
  const Take& take_;
  std::vector<Container> open_;
};

// The same for JSON, whose parser does not recurse; depth is bounded for it too.
void ReadJsonTexts(std::string_view text, const CborReader::Take& take) {
  std::vector<std::string> keys;
  const auto see = [&](int depth, nlohmann::json::parse_event_t event, nlohmann::json& value) {
    if (depth > static_cast<int>(kCborMaxDepth)) return false;
    const auto level = static_cast<size_t>(depth);
    if (event == nlohmann::json::parse_event_t::key) {
      keys.resize(level);
      keys.back() = value.get_ref<const std::string&>();
    }
    if (event == nlohmann::json::parse_event_t::value && value.is_string()) {
      std::array<std::string_view, 2> inner;
      size_t found = 0;
      for (size_t i = std::min(keys.size(), level); i > 0 && found < inner.size(); --i) {
        if (!keys[i - 1].empty()) inner[found++] = keys[i - 1];
      }
      take(inner[1], inner[0], value.get_ref<const std::string&>());
    }
    if (event == nlohmann::json::parse_event_t::object_end || event == nlohmann::json::parse_event_t::array_end) {
      keys.resize(std::min(keys.size(), level));
    }
    return true;
  };
  const nlohmann::json seen = nlohmann::json::parse(text, see, /*allow_exceptions=*/false);
}

void ReadAssertion(std::string_view label, bool is_json, std::string_view content, Part& part) {
  const bool is_mining = label.starts_with("c2pa.training-mining") || label.starts_with("cawg.training-mining");
  if (!is_mining && !label.starts_with("c2pa.actions") && !label.starts_with("stds.iptc")) return;
  const auto take = [&](std::string_view outer, std::string_view key, std::string_view text) {
    if (is_mining && key == "use" && outer.size() <= kLabelMaxBytes && text.size() <= kLabelMaxBytes) {
      OptOutMark mark{"c2pa", std::string(outer), std::string(text)};
      if (std::ranges::find(part.opt_outs, mark) == part.opt_outs.end()) part.opt_outs.push_back(std::move(mark));
    }
    // Also compositeWithTrainedAlgorithmicMedia.
    if (!is_mining && text.find("rainedAlgorithmicMedia") != std::string_view::npos) NoteMadeByModel(part);
  };
  if (is_json) {
    ReadJsonTexts(content, take);
  } else {
    ReadCborTexts(content, take);
  }
}

}  // namespace

void NoteMadeByModel(Part& part) {
  if (std::ranges::find(part.notes, kMadeByModelNote) == part.notes.end()) part.notes.emplace_back(kMadeByModelNote);
}

bool ReadCborTexts(std::string_view cbor, const std::function<void(std::string_view, std::string_view, std::string_view)>& take) {
  return CborReader(cbor, take).Read();
}

void ReadContentCredentials(std::string_view jumbf, Part& part) {
  struct Box {
    uint64_t end = 0;
    std::string_view label;
  };
  std::vector<Box> open = {{jumbf.size(), ""}};
  for (uint64_t at = 0; at + 8 <= jumbf.size();) {
    while (open.size() > 1 && at >= open.back().end) open.pop_back();
    const std::string_view type = jumbf.substr(at + 4, 4);
    uint64_t size = BigEndian(jumbf, at, 4), head = 8;
    if (size == 1) size = BigEndian(jumbf, at + 8, 8), head = 16;
    if (size == 0) size = open.back().end - at;
    if (size < head || at > open.back().end || size > open.back().end - at) return;
    const std::string_view content = jumbf.substr(std::min<uint64_t>(at + head, jumbf.size()), size - head);
    if (type == "jumb") {
      if (open.size() >= kBoxMaxDepth) return;
      open.push_back({at + size, ""});
      at += head;
      continue;
    }
    // A description: what kind of box it is, flags of which the second announces a label.
    if (type == "jumd" && content.size() > 17 && (content[16] & 2) != 0) {
      open.back().label = content.substr(17, content.find('\0', 17) - 17);
    }
    if (type == "cbor" || type == "json") ReadAssertion(open.back().label, type == "json", content, part);
    at += size;
  }
}

}  // namespace walchen::data
