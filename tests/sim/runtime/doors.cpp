// SPDX-License-Identifier: Apache-2.0
// Listener and Connector over the simulated network.
#include <map>
#include <utility>

#include "aldis/runtime/connections.hpp"
#include "sim/runtime/connection.hpp"
#include "sim/runtime/loop_impl.hpp"

namespace aldis::runtime {

struct Listener::Impl {
  Impl(Loop::Impl& loop_impl, ListenerSettings listener_settings, Accept accept_protocol)
      : loop(loop_impl), settings(std::move(listener_settings)), accept(std::move(accept_protocol)) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Loop::Impl& loop;
  ListenerSettings settings;
  Accept accept;
  std::shared_ptr<std::size_t> open_count = std::make_shared<std::size_t>(0);
  Counters counters{};
  std::uint32_t peers = 0;
  std::shared_ptr<Impl*> self = std::make_shared<Impl*>(this);  // posts may outlive the listener

  void accepted(sim::SocketPtr socket) {
    // Customers of the world have an address each; ports do not matter.
    const std::string peer = "10.0.0." + std::to_string(1 + peers++ % 200) + ":40000";
    ProtocolPtr protocol =
        *open_count < settings.connections_max ? accept(peer.substr(0, peer.find(':'))) : nullptr;
    if (!protocol) {
      ++counters.refused;
      socket->close();
      return;
    }
    ++counters.accepted;
    ++*open_count;
    loop.adopt(std::move(socket), std::move(protocol), settings.wire, open_count, peer);
  }
};

Result<std::unique_ptr<Listener>, std::string> Listener::open(Loop& loop, ListenerSettings settings,
                                                              Accept accept) {
  auto impl = std::make_unique<Impl>(loop.impl(), std::move(settings), std::move(accept));
  Impl* raw = impl.get();
  raw->loop.host.network.listen(raw->settings.address, [raw](sim::SocketPtr socket) {
    // Taken in a turn of the loop, as a ready listening socket is.
    raw->loop.posts.emplace_back([listening = std::weak_ptr{raw->self}, socket = std::move(socket)] {
      if (const auto listener = listening.lock()) { return (*listener)->accepted(socket); }
      socket->close();
    });
    raw->loop.wake();
  });
  return Result<std::unique_ptr<Listener>, std::string>{
      std::unique_ptr<Listener>{new Listener{std::move(impl)}}};
}

Listener::Listener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Listener::~Listener() { impl_->loop.host.network.close(impl_->settings.address); }

const std::string& Listener::address() const { return impl_->settings.address; }
std::uint16_t Listener::port() const { return 0; }
std::size_t Listener::connections() const { return *impl_->open_count; }
const Listener::Counters& Listener::counters() const { return impl_->counters; }

struct Connector::Impl {
  explicit Impl(Loop::Impl& loop_impl) : loop(loop_impl) {}

  struct Trying final : Deadline {
    Trying(Impl& impl, Attempt attempt) : owner(impl), id(attempt) {}
    void due(const Now&) override { owner.decide(id, nullptr); }
    Impl& owner;
    Attempt id;
    ConnectSettings settings;
    ProtocolPtr protocol;
    Failed failed;
    sim::Events::Guard guard = sim::Events::make_guard();
  };

  void decide(Attempt id, sim::SocketPtr socket) {
    const auto found = attempts.find(id);
    if (found == attempts.end()) { return; }
    const std::unique_ptr<Trying> trying = std::move(found->second);
    attempts.erase(found);
    if (socket != nullptr) {
      return loop.adopt(std::move(socket), std::move(trying->protocol), trying->settings.wire, nullptr,
                        trying->settings.target);
    }
    if (trying->failed) { trying->failed("cannot connect to " + trying->settings.target); }
    trying->protocol->on_closed(loop.now(), ports::CloseCause::kConnectFailed);
  }

  Loop::Impl& loop;
  Attempt last = 0;
  std::map<Attempt, std::unique_ptr<Trying>> attempts;
};

Connector::Connector(Loop& loop) : impl_(std::make_shared<Impl>(loop.impl())) {}
Connector::~Connector() = default;

Connector::Attempt Connector::connect(ConnectSettings settings, ProtocolPtr protocol, Failed failed) {
  Impl& impl = *impl_;
  const Attempt id = ++impl.last;
  auto trying = std::make_unique<Impl::Trying>(impl, id);
  trying->settings = std::move(settings);
  trying->protocol = std::move(protocol);
  trying->failed = std::move(failed);
  const Instant ends = impl.loop.now().mono + trying->settings.timeout;
  impl.loop.deadlines.arm(*trying, ends);
  impl.loop.plan_turn(ends);
  impl.loop.host.network.connect(trying->settings.target, trying->guard, [&impl, id](sim::SocketPtr socket) {
    impl.loop.posts.emplace_back([&impl, id, socket = std::move(socket)] { impl.decide(id, socket); });
    impl.loop.wake();
  });
  impl.attempts.emplace(id, std::move(trying));
  return id;
}

void Connector::cancel(Attempt attempt) { impl_->attempts.erase(attempt); }

}  // namespace aldis::runtime
