// SPDX-License-Identifier: Apache-2.0
#include "ingress/form.hpp"

#include <algorithm>

#include "aldis/base/octets.hpp"

namespace aldis::ingress {

namespace {

void append_encoded(std::string& out, std::string_view text, std::string_view marks) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : text) {
    const bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (is_plain || marks.find(c) != std::string_view::npos) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += '%';
      out += kDigits[u8(c) >> 4];
      out += kDigits[u8(c) & 0xF];
    }
  }
}

int digit_of(char c) {
  if (c >= '0' && c <= '9') { return c - '0'; }
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

std::string decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    const int high = text[at] == '%' && at + 2 < text.size() ? digit_of(text[at + 1]) : -1;
    const int low = high >= 0 ? digit_of(text[at + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high << 4 | low);
      at += 2;
    } else {
      out += text[at] == '+' ? ' ' : text[at];
    }
  }
  return out;
}

}  // namespace

Fields fields_of(std::string_view form) {
  Fields fields;
  while (!form.empty()) {
    const auto pair = form.substr(0, form.find('&'));
    form.remove_prefix(std::min(form.size(), pair.size() + 1));
    if (pair.empty()) { continue; }
    const auto equals = pair.find('=');
    fields.emplace_back(decoded(pair.substr(0, equals)),
                        equals == pair.npos ? std::string{} : decoded(pair.substr(equals + 1)));
  }
  return fields;
}

const std::string* field(const Fields& fields, std::string_view name) {
  const auto at =
      std::find_if(fields.begin(), fields.end(), [&](const auto& one) { return one.first == name; });
  return at == fields.end() ? nullptr : &at->second;
}

std::string form_of(const Fields& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!out.empty()) { out += '&'; }
    append_encoded(out, name, "*-._");
    out += '=';
    append_encoded(out, value, "*-._");
  }
  return out;
}

std::string with_query(std::string_view url, const Fields& fields) {
  const bool has_query = url.find('?') != std::string_view::npos;
  const bool is_open = url.ends_with('?') || url.ends_with('&');
  return std::string{url} + (is_open ? "" : has_query ? "&" : "?") + form_of(fields);
}

void append_kannel_encoded(std::string& out, std::string_view text) {
  append_encoded(out, text, "-_.!~*'()");
}

}  // namespace aldis::ingress
