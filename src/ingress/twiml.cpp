// SPDX-License-Identifier: Apache-2.0
#include "ingress/twiml.hpp"

#include <charconv>
#include <optional>

namespace aldis::ingress {

namespace {

constexpr std::size_t kDepthMax = 16;
constexpr std::string_view kSpace = " \t\r\n";

void append_utf8(std::string& out, std::uint32_t c) {
  const auto put = [&out](std::uint32_t octet) { out += static_cast<char>(octet); };
  if (c < 0x80) { return put(c); }
  if (c < 0x800) {
    put(0xC0 | c >> 6);
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
  }
  put(0x80 | (c & 0x3F));
}

// "amp", "#38", "#x26". False: no such character.
bool append_entity(std::string& out, std::string_view name) {
  if (name == "amp") { return out += '&', true; }
  if (name == "lt") { return out += '<', true; }
  if (name == "gt") { return out += '>', true; }
  if (name == "quot") { return out += '"', true; }
  if (name == "apos") { return out += '\'', true; }
  if (!name.starts_with('#')) { return false; }
  name.remove_prefix(1);
  const bool is_hex = name.starts_with('x');
  if (is_hex) { name.remove_prefix(1); }
  std::uint32_t c = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), c, is_hex ? 16 : 10);
  const bool is_character = c != 0 && c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF);
  if (error != std::errc{} || end != name.data() + name.size() || !is_character) { return false; }
  append_utf8(out, c);
  return true;
}

bool append_text(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const auto amp = std::min(text.find('&'), text.size());
    out += text.substr(0, amp);
    text.remove_prefix(amp);
    if (text.empty()) { break; }
    const auto end = text.find(';');
    if (end == std::string_view::npos || !append_entity(out, text.substr(1, end - 1))) { return false; }
    text.remove_prefix(end + 1);
  }
  return true;
}

// Reads elements one after the other; every step says whether all is well so far.
class Reader {
 public:
  explicit Reader(std::string_view xml) : rest_(xml) {}

  bool document() {
    while (!rest_.empty()) {
      if (!rest_.starts_with('<')) {
        const auto text = rest_.substr(0, rest_.find('<'));
        rest_.remove_prefix(text.size());
        if (!take_text(text)) { return false; }
      } else if (!markup()) {
        return false;
      }
    }
    return open_.empty() && has_root_;
  }
  std::vector<CallbackReply> replies{};

 private:
  bool skip(std::string_view begin, std::string_view end) {
    const auto at = rest_.find(end, begin.size());
    if (at == std::string_view::npos) { return false; }
    rest_.remove_prefix(at + end.size());
    return true;
  }

  bool markup() {
    if (rest_.starts_with("<?")) { return skip("<?", "?>"); }
    if (rest_.starts_with("<!--")) { return skip("<!--", "-->"); }
    if (rest_.starts_with("<![CDATA[")) {
      const auto text = rest_.substr(9, rest_.find("]]>") - 9);
      if (!skip("<![CDATA[", "]]>")) { return false; }
      if (auto* const into = target()) { *into += text; }
      return true;
    }
    if (rest_.starts_with("<!")) { return false; }
    const auto end = rest_.find('>');
    if (end == std::string_view::npos) { return false; }
    std::string_view tag = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    if (tag.starts_with('/')) { return close(tag.substr(1)); }
    const bool is_empty = tag.ends_with('/');
    if (is_empty) { tag.remove_suffix(1); }
    return open(tag) && (!is_empty || close(open_.back()));
  }

  bool open(std::string_view tag) {
    const auto name = tag.substr(0, tag.find_first_of(kSpace));
    if (name.empty() || open_.size() >= kDepthMax || (open_.empty() && has_root_)) { return false; }
    if (open_.empty()) {
      has_root_ = true;
      if (name != "Response") { return false; }
    }
    const bool is_message = open_.size() == 1 && name == "Message";
    if (is_message) { message_ = CallbackReply{}; }
    has_body_ = has_body_ && !is_message;
    if (message_ && open_.size() == 2 && name == "Body") {
      has_body_ = true;
      message_->text.clear();
    }
    open_.push_back(name);
    return attributes(tag.substr(name.size()), is_message);
  }

  bool attributes(std::string_view text, bool is_message) {
    for (;;) {
      text.remove_prefix(std::min(text.find_first_not_of(kSpace), text.size()));
      if (text.empty()) { return true; }
      const auto equals = text.find('=');
      if (equals == std::string_view::npos || equals + 1 >= text.size()) { return false; }
      const auto name = text.substr(0, text.find_first_of(" \t\r\n="));
      const char quote = text[equals + 1];
      const auto end = text.find(quote, equals + 2);
      if ((quote != '"' && quote != '\'') || end == std::string_view::npos) { return false; }
      std::string value;
      if (!append_text(value, text.substr(equals + 2, end - equals - 2))) { return false; }
      if (is_message && name == "to") { message_->to = value; }
      if (is_message && name == "from") { message_->from = value; }
      text.remove_prefix(end + 1);
    }
  }

  bool close(std::string_view name) {
    name = name.substr(0, name.find_last_not_of(kSpace) + 1);
    if (open_.empty() || open_.back() != name) { return false; }
    open_.pop_back();
    if (open_.size() == 1 && message_) {
      const bool has_text = message_->text.find_first_not_of(kSpace) != std::string::npos;
      if (has_text && replies.size() < kRepliesMax) { replies.push_back(std::move(*message_)); }
      message_.reset();
      has_body_ = false;
    }
    return true;
  }

  // Where text goes that stands here: into the message itself, or into its Body.
  std::string* target() {
    if (!message_) { return nullptr; }
    const bool in_body = open_.size() == 3 && open_.back() == "Body";
    const bool in_message = open_.size() == 2 && !has_body_;
    return in_body || in_message ? &message_->text : nullptr;
  }

  bool take_text(std::string_view text) {
    std::string nowhere;
    auto* const into = target();
    if (open_.empty() && text.find_first_not_of(kSpace) != std::string_view::npos) { return false; }
    return append_text(into != nullptr ? *into : nowhere, text);
  }

  std::string_view rest_;
  std::vector<std::string_view> open_;
  std::optional<CallbackReply> message_;
  bool has_body_ = false;
  bool has_root_ = false;
};

}  // namespace

std::vector<CallbackReply> replies_of_twiml(std::string_view xml) {
  Reader reader{xml};
  if (!reader.document()) { return {}; }
  return std::move(reader.replies);
}

}  // namespace aldis::ingress
