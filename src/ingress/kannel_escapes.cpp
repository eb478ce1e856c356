// SPDX-License-Identifier: Apache-2.0
#include "ingress/kannel_escapes.hpp"

#include <algorithm>
#include <vector>

#include "ingress/callback_styles.hpp"
#include "ingress/form.hpp"

namespace aldis::ingress {

namespace {

std::vector<std::string_view> words_of_text(std::string_view text) {
  constexpr std::string_view kSpace = " \t\n\v\f\r";
  std::vector<std::string_view> words;
  for (auto at = text.find_first_not_of(kSpace); at != std::string_view::npos;
       at = text.find_first_not_of(kSpace, at)) {
    const auto end = std::min(text.find_first_of(kSpace, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

int digit_of(char c) {
  const auto at = std::string_view{"0123456789abcdefABCDEF"}.find(c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at < 16 ? at : at - 6);
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? digit_of(text[i + 1]) : -1;
    const int low = high < 0 ? -1 : digit_of(text[i + 2]);
    out += low < 0 ? text[i] == '+' ? ' ' : text[i] : static_cast<char>(high << 4 | low);
    if (low >= 0) { i += 2; }
  }
  return out;
}

// The value of `name` in "?group?name=value&name=value&?other?...", decoded.
std::string meta_value(std::string_view meta, std::string_view group, std::string_view name) {
  const std::string head = '?' + std::string{group} + '?';
  const auto begin = meta.find(head);
  if (begin == std::string_view::npos) { return {}; }
  std::string_view pairs = meta.substr(begin + head.size());
  pairs = pairs.substr(0, pairs.find('?'));
  while (!pairs.empty()) {
    const auto end = std::min(pairs.find('&'), pairs.size());
    const std::string_view pair = pairs.substr(0, end);
    const auto equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
      return decoded(pair.substr(equals + 1));
    }
    pairs.remove_prefix(std::min(end + 1, pairs.size()));
  }
  return {};
}

class Expansion {
 public:
  explicit Expansion(const KannelFields& fields) : fields_(fields), words_(words_of_text(fields.text)) {}

  std::string of(std::string_view pattern) {
    while (!pattern.empty()) {
      const auto percent = std::min(pattern.find('%'), pattern.size());
      out_ += pattern.substr(0, percent);
      pattern.remove_prefix(percent);
      if (pattern.size() < 2) {
        out_ += pattern;
        break;
      }
      pattern.remove_prefix(pattern[1] == '#' ? meta(pattern) : one(pattern[1]));
    }
    return std::move(out_);
  }

 private:
  void encoded(std::string_view text) { append_kannel_encoded(out_, text); }
  void number(std::int64_t value) { out_ += std::to_string(value); }

  // "00" in front of an international number is a plus.
  void international(std::string_view digits) {
    if (digits.starts_with("00")) {
      out_ += "%2B";
      digits.remove_prefix(2);
    }
    encoded(digits);
  }

  void rest(std::size_t from) {
    for (std::size_t i = from; i < words_.size(); ++i) {
      if (i > from) { out_ += '+'; }
      encoded(words_[i]);
    }
  }

  void plain_word() {
    if (next_ >= words_.size()) { return; }
    for (const char c : words_[next_]) { out_ += c == '*' ? '~' : c; }
    ++next_;
  }

  // "%#group#name#": the octets it takes. Cut short it is lost, and with one # three more octets are.
  std::size_t meta(std::string_view pattern) {
    const auto middle = pattern.find('#', 2);
    if (middle == std::string_view::npos) { return 2; }
    const auto end = pattern.find('#', middle + 1);
    if (end == std::string_view::npos) { return std::min(middle + 4, pattern.size()); }
    const auto name = pattern.substr(middle + 1, end - middle - 1);
    encoded(meta_value(fields_.meta, pattern.substr(2, middle - 2), name));
    return end + 1;
  }

  std::size_t one(char escape) {
    switch (escape) {
      case 'd': number(fields_.type); break;
      case 'A': encoded(fields_.text); break;
      case 'b': encoded(fields_.raw); break;
      case 'k': encoded(words_.empty() ? "" : words_.front()); break;
      case 's':
        if (next_ < words_.size()) { encoded(words_[next_++]); }
        break;
      case 'S': plain_word(); break;
      case 'r': rest(next_); break;
      case 'a': rest(0); break;
      case 'p': encoded(fields_.sender); break;
      case 'P': encoded(fields_.receiver); break;
      case 'q': international(fields_.sender); break;
      case 'Q': international(fields_.receiver); break;
      case 'i': encoded(fields_.smsc); break;
      case 'I': encoded(fields_.id); break;
      case 'F': encoded(fields_.foreign_id); break;
      case 't': out_ += written(fields_.at, "%Y-%m-%d+%H:%M:%S"); break;
      case 'T': number(std::chrono::floor<seconds>(fields_.at).time_since_epoch().count()); break;
      default: return rare(escape);
    }
    return 2;
  }

  std::size_t rare(char escape) {
    switch (escape) {
      case 'n': encoded(fields_.login); break;
      case 'o': encoded(fields_.account); break;
      case 'R': encoded(fields_.dlr_url); break;
      case 'D': encoded(fields_.meta); break;
      case 'c': number(fields_.coding); break;
      case 'm': number(fields_.mclass); break;
      case 'M': number(fields_.mwi); break;
      case 'C': out_ += fields_.coding == 2 ? "UTF-16BE" : fields_.coding == 1 ? "8-BIT" : "UTF-8"; break;
      case 'O': out_ += fields_.coding == 2 ? "08" : fields_.coding == 1 ? "04" : "00"; break;
      case 'u': encoded(fields_.udh); break;
      case 'B':
      case 'v':
      case 'V':
      case 'f': break;  // unset in reports
      case '%': out_ += '%'; break;
      default: (out_ += '%') += escape;
    }
    return 2;
  }

  const KannelFields& fields_;
  std::vector<std::string_view> words_;
  std::size_t next_ = 1;
  std::string out_;
};

}  // namespace

std::string kannel_expanded(std::string_view pattern, const KannelFields& fields) {
  return Expansion{fields}.of(pattern);
}

}  // namespace aldis::ingress
