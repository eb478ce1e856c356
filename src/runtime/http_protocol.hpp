// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "aldis/runtime/http_server.hpp"
#include "runtime/http_places.hpp"

namespace aldis::runtime {

// A connection that takes one of `places`, for which HttpPlaces::make_room() was asked.
std::unique_ptr<ports::ByteProtocol> make_http_protocol(std::shared_ptr<const HttpHandler> handler,
                                                        HttpLimits limits,
                                                        std::shared_ptr<HttpPlaces> places);

}  // namespace aldis::runtime
