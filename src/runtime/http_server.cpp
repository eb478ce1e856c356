// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/http_server.hpp"

#include <algorithm>

#include "aldis/runtime/connections.hpp"
#include "runtime/http_protocol.hpp"

namespace aldis::runtime {

namespace {
// Those who were turned out or said goodbye hold their socket for a moment longer, but no place.
constexpr std::size_t kLeaving = 256;
}  // namespace

std::string_view HttpRequest::header(std::string_view name_lower) const {
  const auto found =
      std::find_if(headers.begin(), headers.end(), [&](const auto& h) { return h.first == name_lower; });
  return found == headers.end() ? std::string_view{} : std::string_view{found->second};
}

struct HttpServer::Impl {
  // Shared with the connections, which outlive the server: emptied by its destructor, so that they answer 503
  // from then on.
  std::shared_ptr<HttpHandler> handler;
  std::unique_ptr<Listener> listener;
  ~Impl() { *handler = nullptr; }
};

Result<std::unique_ptr<HttpServer>, std::string> HttpServer::open(Loop& loop, const std::string& address,
                                                                  HttpHandler handler, HttpLimits limits) {
  using Opened = Result<std::unique_ptr<HttpServer>, std::string>;
  auto impl = std::make_unique<Impl>();
  impl->handler = std::make_shared<HttpHandler>(std::move(handler));
  ListenerSettings settings;
  settings.address = address;
  settings.connections_max = limits.connections + kLeaving;
  settings.wire.write_stall = limits.write_stall;
  auto places = std::make_shared<HttpPlaces>(limits.connections);
  auto listener = Listener::open(loop, std::move(settings),
                                 [shared = impl->handler, limits, places](std::string_view) -> ProtocolPtr {
                                   if (!places->make_room()) { return nullptr; }
                                   return make_http_protocol(shared, limits, places);
                                 });
  if (!listener) { return Opened{boost::system::in_place_error, listener.error()}; }
  impl->listener = std::move(*listener);
  return Opened{std::unique_ptr<HttpServer>{new HttpServer{std::move(impl)}}};
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

const std::string& HttpServer::address() const { return impl_->listener->address(); }
std::uint16_t HttpServer::port() const { return impl_->listener->port(); }

}  // namespace aldis::runtime
