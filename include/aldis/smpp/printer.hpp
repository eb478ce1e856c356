// SPDX-License-Identifier: Apache-2.0
// PDUs for logs and tools. Passwords and bodies never appear; telephone numbers are masked to their first
// four and last three characters. Allocates: not for the message path.
#pragma once

#include <cstddef>
#include <string>

#include "aldis/smpp/pdu.hpp"

namespace aldis::smpp {

// "submit_sm status=ESME_ROK sequence=2 source_addr=Aldis destination_addr=4477****123 short_message=(3
// octets)"
std::string describe(const Pdu& pdu);

// The first octets of one PDU in hex, groups of four octets. Octets of passwords, bodies and the middle of
// numbers are "**"; so is everything whose meaning is not clear because the PDU is malformed there.
std::string masked_hex(Octets octets, std::size_t octets_max = 64);

}  // namespace aldis::smpp
