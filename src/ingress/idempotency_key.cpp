// SPDX-License-Identifier: Apache-2.0
#include "ingress/idempotency_key.hpp"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <vector>

#include "aldis/base/octets.hpp"
#include "aldis/core/events.hpp"

namespace aldis::ingress {

namespace json = boost::json;

namespace {

void append_canonical(std::string& out, const json::value& value) {
  if (const auto* object = value.if_object()) {
    std::vector<const json::key_value_pair*> members;
    for (const auto& member : *object) { members.push_back(&member); }
    std::sort(members.begin(), members.end(),
              [](const auto* a, const auto* b) { return a->key() < b->key(); });
    out += '{';
    for (const auto* member : members) {
      out.append(json::serialize(json::value(member->key()))) += ':';
      append_canonical(out, member->value());
      out += ',';
    }
    out += '}';
  } else if (const auto* array = value.if_array()) {
    out += '[';
    for (const auto& item : *array) {
      append_canonical(out, item);
      out += ',';
    }
    out += ']';
  } else {
    out.append(json::serialize(value));
  }
}

}  // namespace

Result<std::string, api::Problem> read_idempotency_key(std::string_view header) {
  if (header.size() >= 2 && header.front() == '"' && header.back() == '"') {
    header = header.substr(1, header.size() - 2);
    if (header.empty()) { header = "\""; }  // to be refused: it is there, and empty
  }
  const bool visible = std::all_of(header.begin(), header.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  if (!visible || header.find('"') != header.npos || header.size() > kIdempotencyKeyMax) {
    return api::Problem{api::Code::kInvalidField,
                        "Idempotency-Key: 1 to 255 visible ASCII characters are wanted, bare or in quotes"};
  }
  return std::string{header};
}

std::uint64_t request_print(const ports::Digests& digests, std::string_view method, std::string_view path,
                            const json::value& asked) {
  std::string text{method};
  text.append(" ").append(path).append("\n");
  append_canonical(text, asked);
  const std::string digest = digests.digest(ports::DigestKind::kSha256, text);
  std::uint64_t print = 0;
  for (unsigned i = 0; i < 8; ++i) { print = print << 8u | u8(digest[i]); }
  return print == 0 ? 1 : print;
}

}  // namespace aldis::ingress
