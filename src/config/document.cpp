// SPDX-License-Identifier: Apache-2.0
#include "config/document.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <cstring>
#include <istream>
#include <streambuf>
#include <unordered_map>

namespace aldis::config {

namespace {

struct Refused {  // thrown where reading on makes no sense
  Mark mark;
  std::string detail;
};

Fault syntax(std::string detail) { return {Code::kSyntax, std::move(detail), {}}; }

// A view as a stream: yaml-cpp wants one, and a copy of 16 MiB is not needed.
class ViewBuffer final : public std::streambuf {
 public:
  explicit ViewBuffer(const std::string& text) {
    char* start = const_cast<char*>(text.data());  // never written: streambuf has no const get area
    setg(start, start, start + text.size());
  }
};

// --- before YAML -------------------------------------------------------------------------------------------

// Octets of the UTF-8 character at text[i], 0 = invalid (overlong forms, surrogates and > U+10FFFF included).
std::size_t utf8_length(std::string_view text, std::size_t i) {
  const auto at = [&](std::size_t k) { return static_cast<unsigned char>(text[i + k]); };
  const auto tail = [&](std::size_t n) {
    for (std::size_t k = 1; k < n; ++k) {
      if (i + k >= text.size() || (at(k) & 0xC0) != 0x80) { return false; }
    }
    return true;
  };
  const unsigned char first = at(0);
  if (first < 0x80) { return 1; }
  if (first >= 0xC2 && first <= 0xDF) { return tail(2) ? 2 : 0; }
  if (first >= 0xE0 && first <= 0xEF) {
    const bool fits = tail(3) && !(first == 0xE0 && at(1) < 0xA0) && !(first == 0xED && at(1) > 0x9F);
    return fits ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool fits = tail(4) && !(first == 0xF0 && at(1) < 0x90) && !(first == 0xF4 && at(1) > 0x8F);
    return fits ? 4 : 0;
  }
  return 0;
}

void check_octets(std::string_view text, std::uint32_t source) {
  if (text.size() > kFileOctetsMax) { throw Refused{{source, 0, 0}, "larger than 16 MiB"}; }
  if (text.starts_with("\xEF\xBB\xBF")) {
    throw Refused{{source, 1, 0}, "starts with a byte order mark; save it without"};
  }
  Mark mark{source, 1, 0};
  bool indenting = true;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '\n') {
      ++mark.line;
      mark.octet = 0;
      indenting = true;
      ++i;
      continue;
    }
    if (c == '\t' && indenting) { throw Refused{mark, "a tab in the indentation; use spaces"}; }
    if (c != ' ') { indenting = false; }
    const std::size_t length = utf8_length(text, i);
    if (length == 0) { throw Refused{mark, "not valid UTF-8"}; }
    if ((c < 0x20 && c != '\t' && c != '\r') || c == 0x7F) {
      throw Refused{mark, fmt::format("a control character (0x{:02X})", c)};
    }
    i += length;
    mark.octet += static_cast<std::uint32_t>(length);
  }
}

// --- YAML events into nodes --------------------------------------------------------------------------------

class Builder final : public YAML::EventHandler {
 public:
  Builder(const Sources& sources, std::uint32_t source, Report& report)
      : sources_(sources), source_(source), report_(report) {}

  [[nodiscard]] Node take() { return std::move(root_); }
  [[nodiscard]] bool has_refused() const { return has_refused_; }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) { throw Refused{place(mark), "a second document; one file is one document"}; }
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    refuse_anchor(mark, anchor);
    Node node;
    node.mark = place(mark);
    add(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    refuse(mark, "an alias (*); repetition is what defaults and profiles are for");
    Node node;
    node.mark = place(mark);
    add(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    refuse_properties(mark, tag, anchor);
    Node node;
    node.kind = Node::Kind::kScalar;
    node.mark = place(mark);
    node.quoted = tag != "?";
    node.text = value;
    add(std::move(node));
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::kList);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::kMap);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node node;
    std::optional<Entry> key;
  };

  [[nodiscard]] Mark place(const YAML::Mark& mark) const {
    if (mark.line < 0) { return {source_, 0, 0}; }
    return {source_, static_cast<std::uint32_t>(mark.line) + 1, static_cast<std::uint32_t>(mark.column)};
  }

  void refuse(const YAML::Mark& mark, std::string detail) {
    has_refused_ = true;
    report_.add(place(mark), {}, syntax(std::move(detail)));
  }

  void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != 0) { refuse(mark, "an anchor (&); repetition is what defaults and profiles are for"); }
  }

  void refuse_properties(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    refuse_anchor(mark, anchor);
    // A quoted scalar carries "!" by itself; a tag that was written stands in the text.
    const std::string& text = sources_.text(source_);
    const std::size_t at = sources_.offset(place(mark));
    if ((tag != "?" && tag != "!") || (at < text.size() && text[at] == '!')) {
      refuse(mark, "a tag (!); write the value plainly");
    }
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
    refuse_properties(mark, tag, anchor);
    if (stack_.size() >= kDepthMax) {
      throw Refused{place(mark), fmt::format("nested deeper than {} levels", kDepthMax)};
    }
    if (!stack_.empty() && stack_.back().node.is_map() && !stack_.back().key) {
      throw Refused{place(mark), "a key that is not a plain word"};
    }
    Frame frame;
    frame.node.kind = kind;
    frame.node.mark = place(mark);
    stack_.push_back(std::move(frame));
  }

  void close() {
    Node node = std::move(stack_.back().node);
    stack_.pop_back();
    add(std::move(node));
  }

  void add(Node&& node) {
    if (++nodes_ > kNodesMax) { throw Refused{node.mark, fmt::format("more than {} values", kNodesMax)}; }
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = stack_.back();
    if (frame.node.is_list()) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.key) {
      take_key(frame, std::move(node));
    } else {
      // YAML places an empty value at the next token; the key is where the reader looks for it.
      if (node.kind == Node::Kind::kNull) { node.mark = frame.key->mark; }
      frame.key->value = std::move(node);
      frame.node.entries.push_back(std::move(*frame.key));
      frame.key.reset();
    }
  }

  void take_key(Frame& frame, Node&& node) {
    if (!node.is_scalar()) { throw Refused{node.mark, "a key that is not a plain word"}; }
    if (node.text == "<<" && !node.quoted) {
      has_refused_ = true;
      report_.add(node.mark, {},
                  syntax("a merge key (<<); repetition is what defaults and profiles are for"));
    }
    frame.key = Entry{std::move(node.text), node.quoted, node.mark, {}};
  }

  const Sources& sources_;
  std::uint32_t source_;
  Report& report_;
  Node root_;
  std::vector<Frame> stack_;
  std::size_t nodes_ = 0;
  int documents_ = 0;
  bool has_refused_ = false;
};

// --- keys given twice --------------------------------------------------------------------------------------

std::string place_text(const Sources& sources, Mark mark) {
  return fmt::format("{}:{}:{}", sources.name(mark.source), mark.line, sources.column(mark));
}

// yaml-cpp keeps duplicates silently; the first stands, the others are told and dropped.
void drop_duplicates(Node& node, const Path& path, const Sources& sources, Report& report) {
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    drop_duplicates(node.items[i], Path::item(path, node.items[i], i, true), sources, report);
  }
  std::unordered_map<std::string_view, Mark> first;
  std::vector<bool> again(node.entries.size(), false);
  bool any = false;
  for (std::size_t i = 0; i < node.entries.size(); ++i) {
    auto& entry = node.entries[i];
    const auto [known, fresh] = first.emplace(entry.key, entry.mark);
    if (!fresh) {
      report.add(entry.mark, path.text_with(entry.key),
                 {Code::kDuplicate, "given twice; first at " + place_text(sources, known->second), {}});
      again[i] = any = true;
    }
    drop_duplicates(entry.value, Path(path, entry.key), sources, report);
  }
  if (!any) { return; }
  std::vector<Entry> kept;
  for (std::size_t i = 0; i < node.entries.size(); ++i) {
    if (!again[i]) { kept.push_back(std::move(node.entries[i])); }
  }
  node.entries = std::move(kept);
}

}  // namespace

std::optional<Node> parse_document(const Sources& sources, std::uint32_t source, Report& report) {
  const std::string& text = sources.text(source);
  Builder builder(sources, source, report);
  try {
    check_octets(text, source);
    ViewBuffer buffer(text);
    std::istream stream(&buffer);
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {}
  } catch (const Refused& refused) {
    report.add(refused.mark, {}, syntax(refused.detail));
    return std::nullopt;
  } catch (const YAML::ParserException& error) {
    const bool placed = error.mark.line >= 0;
    const Mark mark{source, placed ? static_cast<std::uint32_t>(error.mark.line) + 1 : 0,
                    placed ? static_cast<std::uint32_t>(error.mark.column) : 0};
    // Its messages may quote the text (an anchor's name), and the text may be a secret's.
    const bool quotes_text = std::strncmp(error.msg.c_str(), "the referenced anchor", 21) == 0;
    report.add(mark, {},
               syntax(quotes_text ? "an alias (*); repetition is what defaults and profiles are for"
                                  : "not YAML: " + error.msg));
    return std::nullopt;
  } catch (const YAML::Exception&) {
    report.add({source, 0, 0}, {}, syntax("not YAML"));
    return std::nullopt;
  }
  if (builder.has_refused()) { return std::nullopt; }
  Node root = builder.take();
  if (root.kind == Node::Kind::kNull) {
    root.kind = Node::Kind::kMap;
    root.mark = {source, 1, 0};
  }
  drop_duplicates(root, Path(), sources, report);
  return root;
}

}  // namespace aldis::config
