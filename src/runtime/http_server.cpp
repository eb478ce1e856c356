// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/http_server.hpp"

#include <cstring>

#include "aldis/runtime/connections.hpp"
#include "aldis/runtime/secrets.hpp"
#include "runtime/http_protocol.hpp"

namespace aldis::runtime {

namespace {
// Those who were turned out or said goodbye hold their socket for a moment longer, but no place.
constexpr std::size_t kLeaving = 256;

std::uint64_t random_number() {
  std::uint64_t number = 0;
  std::memcpy(&number, random_octets(sizeof number).data(), sizeof number);
  return number;
}

ProtocolPtr accept(const std::shared_ptr<HttpShared>& shared, std::string_view address) {
  if (address == "unix" || shared->proxies.covers(address)) { address = {}; }
  switch (shared->places.make_room(address)) {
    case HttpPlaces::Room::kFull: ++shared->counters.connections_refused_full; return nullptr;
    case HttpPlaces::Room::kFullForAddress: ++shared->counters.connections_refused_address; return nullptr;
    case HttpPlaces::Room::kByTurningOut: ++shared->counters.connections_turned_out; break;
    case HttpPlaces::Room::kYes: break;
  }
  return make_http_protocol(shared, address);
}
}  // namespace

struct HttpServer::Impl {
  std::shared_ptr<HttpShared> shared;
  std::unique_ptr<Listener> listener;
  ~Impl() {
    shared->service = nullptr;
    shared->clock = nullptr;  // the loop may go before its connections do
  }
};

Result<std::unique_ptr<HttpServer>, std::string> HttpServer::open(Loop& loop, HttpServerSettings settings,
                                                                  ports::HttpService& service) {
  using Opened = Result<std::unique_ptr<HttpServer>, std::string>;
  auto proxies = TrustedProxies::parse(settings.trusted_proxies);
  if (!proxies) { return Opened{boost::system::in_place_error, proxies.error()}; }
  auto impl = std::make_unique<Impl>();
  ListenerSettings listening;
  listening.address = settings.address;
  listening.connections_max = settings.limits.connections + kLeaving;
  listening.wire.write_stall = settings.limits.write_stall;
  listening.unix_mode = settings.unix_mode;
  listening.unix_group = settings.unix_group;
  impl->shared = std::make_shared<HttpShared>(service, std::move(settings));
  impl->shared->proxies = std::move(*proxies);
  impl->shared->request_seed = random_number();
  impl->shared->clock = [&loop] { return loop.now().wall; };
  auto listener =
      Listener::open(loop, std::move(listening),
                     [shared = impl->shared](std::string_view address) { return accept(shared, address); });
  if (!listener) { return Opened{boost::system::in_place_error, listener.error()}; }
  impl->listener = std::move(*listener);
  return Opened{std::unique_ptr<HttpServer>{new HttpServer{std::move(impl)}}};
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;

void HttpServer::drain() {
  impl_->shared->is_draining = true;
  impl_->shared->places.turn_out_idle();
}

const std::string& HttpServer::address() const { return impl_->listener->address(); }
std::uint16_t HttpServer::port() const { return impl_->listener->port(); }
const HttpCounters& HttpServer::counters() const { return impl_->shared->counters; }

}  // namespace aldis::runtime
