// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "aldis/ports/byte_protocol.hpp"
#include "runtime/http_replies.hpp"

namespace aldis::runtime {

// A connection that takes one of `shared->places`, for which HttpPlaces::make_room() was asked. `address` is
// whom it counts for there; empty for nobody.
std::unique_ptr<ports::ByteProtocol> make_http_protocol(std::shared_ptr<HttpShared> shared,
                                                        std::string_view address);

}  // namespace aldis::runtime
