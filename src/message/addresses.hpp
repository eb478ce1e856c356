// SPDX-License-Identifier: Apache-2.0
// Addresses of a request as SMPP 4.1 wants them: digits or a name, without '+'.
#pragma once

#include <string_view>

#include "aldis/core/address.hpp"

namespace aldis::message {

// 1 to 15 digits after one leading '+'. Type and plan of number are kept as given. False = no telephone
// number.
bool read_destination(const Address& given, Address& out);

// 1 to 20 digits, or 1 to 11 characters: then TON 5, NPI 0. An empty one becomes `default_sender`. False =
// neither.
bool read_source(const Address& given, std::string_view default_sender, Address& out);

}  // namespace aldis::message
