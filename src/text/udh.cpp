// SPDX-License-Identifier: Apache-2.0
#include "aldis/text/udh.hpp"

namespace aldis::text {

namespace {

bool is_concat(std::uint8_t id) { return id == kUdhConcat8 || id == kUdhConcat16; }

std::uint16_t u16(Octets value, std::size_t at) {
  return static_cast<std::uint16_t>((u8(value[at]) << 8) | u8(value[at + 1]));
}

std::optional<Concat> read_concat(const UdhElement& element) {
  Concat concat;
  if (element.id == kUdhConcat8 && element.value.size() == 3) {
    concat = {u8(element.value[0]), u8(element.value[1]), u8(element.value[2]), false};
  } else if (element.id == kUdhConcat16 && element.value.size() == 4) {
    concat = {u16(element.value, 0), u8(element.value[2]), u8(element.value[3]), true};
  } else {
    return std::nullopt;
  }
  if (concat.seqnum == 0 || concat.seqnum > concat.total) { return std::nullopt; }
  return concat;
}

void append_u16(std::uint16_t value, std::string& out) {
  out.push_back(static_cast<char>(value >> 8));
  out.push_back(static_cast<char>(value & 0xFFu));
}

void append_concat(const Concat& concat, std::string& out) {
  if (concat.ref16) {
    out.append({static_cast<char>(kUdhConcat16), 4});
    append_u16(concat.ref, out);
  } else {
    out.append({static_cast<char>(kUdhConcat8), 3, static_cast<char>(concat.ref & 0xFFu)});
  }
  out.push_back(static_cast<char>(concat.total));
  out.push_back(static_cast<char>(concat.seqnum));
}

}  // namespace

std::optional<UdhElement> UdhReader::next() {
  if (rest_.size() < 2) { return std::nullopt; }
  const std::size_t size = 2u + u8(rest_[1]);
  if (size > rest_.size()) { return std::nullopt; }
  const UdhElement element{u8(rest_[0]), rest_.substr(2, size - 2), rest_.substr(0, size)};
  rest_.remove_prefix(size);
  return element;
}

std::optional<std::size_t> udh_octets(Octets body) {
  if (body.empty() || body.size() < 1u + u8(body[0])) { return std::nullopt; }
  return 1u + u8(body[0]);
}

std::optional<Concat> concat_of(Octets udh) {
  std::optional<Concat> found;
  UdhReader reader{udh};
  while (const auto element = reader.next()) {
    if (!is_concat(element->id)) { continue; }
    if (const auto concat = read_concat(*element)) { found = concat; }
  }
  return found;
}

std::optional<Ports> ports_of(Octets udh) {
  std::optional<Ports> found;
  UdhReader reader{udh};
  while (const auto element = reader.next()) {
    if (element->id == kUdhPorts16 && element->value.size() == 4) {
      found = Ports{u16(element->value, 0), u16(element->value, 2)};
    }
  }
  return found;
}

std::size_t append_udh(const std::optional<Concat>& concat, Octets udh, std::string& out) {
  const std::size_t before = out.size();
  out.push_back(0);  // length, set below
  if (concat) { append_concat(*concat, out); }
  UdhReader reader{udh};
  while (const auto element = reader.next()) {
    if (!is_concat(element->id)) { out.append(element->whole); }
  }
  const std::size_t octets = out.size() - before;
  if (octets == 1) {
    out.resize(before);
    return 0;
  }
  out[before] = static_cast<char>(octets - 1);
  return octets;
}

std::size_t append_udh(const Ports& ports, std::string& out) {
  out.append({6, static_cast<char>(kUdhPorts16), 4});
  append_u16(ports.destination, out);
  append_u16(ports.source, out);
  return 7;
}

std::size_t udh_octets_with(const std::optional<Concat>& concat, Octets udh) {
  std::size_t elements = 0;
  if (concat) { elements += concat->ref16 ? 6u : 5u; }
  UdhReader reader{udh};
  while (const auto element = reader.next()) {
    if (!is_concat(element->id)) { elements += element->whole.size(); }
  }
  return elements == 0 ? 0 : elements + 1;
}

}  // namespace aldis::text
