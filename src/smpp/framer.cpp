// SPDX-License-Identifier: Apache-2.0
#include "aldis/smpp/framer.hpp"

#include <algorithm>
#include <string_view>

#include "aldis/base/mutant.hpp"
#include "aldis/smpp/pdu.hpp"
#include "aldis/smpp/reader.hpp"

namespace aldis::smpp {

Framer::Frame Framer::next(Octets input, std::uint32_t octets_max, bool may_skip) {
  const std::size_t skipped = std::min<std::size_t>(skip_left_, input.size());
  skip_left_ -= static_cast<std::uint32_t>(skipped);
  input.remove_prefix(skipped);

  std::uint32_t length = 0;
  if (!Reader{input}.read(length)) { return {Kind::kMore, {}, skipped}; }
  if (length < kHeaderOctets || length > std::max(octets_max, kSkippableOctetsMax) ||
      (length > octets_max && !may_skip && !ALDIS_MUTANT(34))) {
    return {Kind::kLost, input, skipped};
  }
  if (length > octets_max) {
    if (input.size() < kHeaderOctets) { return {Kind::kMore, {}, skipped}; }
    skip_left_ = length - static_cast<std::uint32_t>(kHeaderOctets);
    return {Kind::kOversized, input.substr(0, kHeaderOctets), skipped + kHeaderOctets};
  }
  if (input.size() < length) { return {Kind::kMore, {}, skipped}; }
  return {Kind::kPdu, input.substr(0, length), skipped + length};
}

std::string_view foreign_protocol(Octets input) {
  for (const std::string_view verb : {"GET ", "HTTP", "POST", "PUT ", "HEAD", "OPTI", "DELE", "PRI "}) {
    if (input.starts_with(verb)) { return "http"; }
  }
  if (input.starts_with("AMQP")) { return "amqp"; }
  if (input.size() < 3) { return {}; }
  if (u8(input[0]) == 0x03 && u8(input[1]) == 0x00) { return "tpkt"; }
  if (u8(input[0]) == 0x16 && u8(input[1]) == 0x03) { return "tls"; }
  return {};
}

}  // namespace aldis::smpp
