// SPDX-License-Identifier: Apache-2.0
#include "ingress/form.hpp"

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

}  // namespace

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
