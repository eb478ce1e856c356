// SPDX-License-Identifier: Apache-2.0
// What was decoded is written again: the same fields come back, and a PDU in canonical form comes back octet
// for octet.
#include "aldis/smpp/codec.hpp"
#include "fuzz/pdus.hpp"

namespace aldis::fuzz {
namespace {

using namespace smpp;

bool is_response(const Pdu& pdu) {
  return (static_cast<std::uint32_t>(pdu.header.command_id) & 0x80000000u) != 0;
}

// An error's body may be nothing but TLVs, and then it can be read in two ways.
bool is_ambiguous(const Pdu& pdu) {
  return is_response(pdu) && pdu.header.command_status != CommandStatus::kOk;
}

// A response may leave out its fields from any point on; written again, they are there.
bool is_canonical(const Pdu& pdu) {
  return pdu.tolerated == 0 && (!is_response(pdu) || pdu.octets.size() > kHeaderOctets ||
                                std::holds_alternative<HeaderOnly>(pdu.body));
}

}  // namespace

void run(Octets input) {
  const Exact whole = framed(input);
  for (const auto strictness : {Strictness::kSession, Strictness::kLink}) {
    Pdu first;
    if (decode_into(whole.view(), strictness, first)) { continue; }
    if (std::holds_alternative<std::monostate>(first.body) || is_ambiguous(first)) { continue; }
    std::string once = "before";
    encode(once, first);
    ALDIS_CHECK(once.starts_with("before"));
    once.erase(0, 6);
    if (is_canonical(first)) { ALDIS_CHECK(once == whole.view()); }

    Pdu second;
    ALDIS_CHECK(!decode_into(once, strictness, second));
    ALDIS_CHECK(same_body(first.body, second.body));
    ALDIS_CHECK((second.tolerated & ~first.tolerated) == 0);
    std::string twice;
    encode(twice, second);
    ALDIS_CHECK(once == twice);
  }
}

}  // namespace aldis::fuzz
