// SPDX-License-Identifier: Apache-2.0
#include <sys/epoll.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cerrno>
#include <cstring>
#include <vector>

#include "aldis/runtime/connections.hpp"
#include "runtime/addresses.hpp"
#include "runtime/loop_impl.hpp"

namespace aldis::runtime {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {
constexpr std::size_t kAddressesMax = 8;  // of one name
}  // namespace

// The attempts not decided yet. Asio's resolver answers into it through a weak pointer: getaddrinfo cannot be
// interrupted, so an answer may come after the connector is gone.
struct Connector::Impl : std::enable_shared_from_this<Connector::Impl> {
  explicit Impl(Loop& owner) : loop(owner.impl()), resolver(loop.context) {}

  class Trying;
  void start(Attempt id);
  void decide(Attempt id, int fd, const std::string& why);

  Loop::Impl& loop;
  tcp::resolver resolver;
  boost::unordered_flat_map<Attempt, std::unique_ptr<Trying>> attempts;
  Attempt last = 0;
};

// One attempt: the addresses of a name one after the other, each with an equal share of the time that is
// left, so that a first address that swallows everything leaves time for the second.
class Connector::Impl::Trying final : public Descriptor, public Deadline {
 public:
  Trying(Impl& owner, Attempt id, ConnectSettings asked, ProtocolPtr for_socket, Failed on_failure)
      : settings(std::move(asked)),
        protocol(std::move(for_socket)),
        failed(std::move(on_failure)),
        owner_(owner),
        id_(id),
        ends_(owner.loop.now().mono + settings.timeout) {
    owner_.loop.deadlines.arm(*this, ends_);
  }
  ~Trying() override { close(); }
  Trying(const Trying&) = delete;
  Trying& operator=(const Trying&) = delete;

  void resolve() {
    const auto at = split_host_port(settings.target);
    if (!at) { return owner_.decide(id_, -1, at.error()); }
    SocketAddress literal;
    if (parse_literal(at->host, at->port, literal)) {
      addresses_.push_back(literal);
      return next();
    }
    const auto answered = [weak = owner_.weak_from_this(), id = id_](
                              const boost::system::error_code& error,
                              const tcp::resolver::results_type& results) {
      const auto owner = weak.lock();
      if (!owner) { return; }
      const auto found = owner->attempts.find(id);
      if (found != owner->attempts.end()) { found->second->resolved(error, results); }
    };
    owner_.resolver.async_resolve(at->host, at->port, answered);
  }

  void ready(std::uint32_t) override {
    int code = 0;
    socklen_t size = sizeof code;
    ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &code, &size);
    if (code != 0) { return refused(code); }
    owner_.loop.poller.remove(fd_, *this);
    owner_.decide(id_, std::exchange(fd_, -1), {});
  }

  void due(const Now& now) override {
    if (fd_ < 0 || now.mono >= ends_) {
      owner_.decide(id_, -1, fd_ < 0 ? "no answer from the resolver in time" : std::strerror(ETIMEDOUT));
    } else {
      refused(ETIMEDOUT);
    }
  }

  ConnectSettings settings;
  ProtocolPtr protocol;
  Failed failed;

 private:
  void resolved(const boost::system::error_code& error, const tcp::resolver::results_type& results) {
    if (error) { return owner_.decide(id_, -1, error.message()); }
    for (const auto& result : results) {
      SocketAddress& address = addresses_.emplace_back();
      address.size = static_cast<socklen_t>(result.endpoint().size());
      std::memcpy(&address.storage, result.endpoint().data(), address.size);
      if (addresses_.size() == kAddressesMax) { break; }
    }
    next();
  }

  void next() {
    if (tried_ == addresses_.size()) { return owner_.decide(id_, -1, std::strerror(code_)); }
    const SocketAddress& address = addresses_[tried_++];
    const auto left = static_cast<Duration::rep>(addresses_.size() - tried_ + 1);
    const Instant now = owner_.loop.now().mono;
    owner_.loop.deadlines.arm(*this, now + (ends_ - now) / left);
    fd_ = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0 || !bind_source(address.family())) { return refused(errno); }
    if (::connect(fd_, address.raw(), address.size) != 0 && errno != EINPROGRESS) { return refused(errno); }
    if (!owner_.loop.poller.add(fd_, EPOLLOUT, *this)) { return refused(errno); }
  }

  bool bind_source(int family) {
    if (settings.source_ip.empty()) { return true; }
    SocketAddress source;
    errno = EINVAL;
    if (!parse_literal(settings.source_ip, "0", source)) { return false; }
    errno = EAFNOSUPPORT;
    if (source.family() != family) { return false; }
    return ::bind(fd_, source.raw(), source.size) == 0;
  }

  void refused(int code) {
    code_ = code;
    close();
    next();
  }

  void close() {
    if (fd_ < 0) { return; }
    owner_.loop.poller.remove(fd_, *this);
    ::close(std::exchange(fd_, -1));
  }

  Impl& owner_;
  Attempt id_;
  Instant ends_;
  std::vector<SocketAddress> addresses_;
  std::size_t tried_ = 0;
  int code_ = EADDRNOTAVAIL;  // of the last address
  int fd_ = -1;
};

void Connector::Impl::start(Attempt id) {
  const auto found = attempts.find(id);
  if (found != attempts.end()) { found->second->resolve(); }
}

void Connector::Impl::decide(Attempt id, int fd, const std::string& why) {
  const auto found = attempts.find(id);
  const std::unique_ptr<Trying> trying = std::move(found->second);  // until here is done with it
  attempts.erase(found);
  Loop::Impl& on = loop;  // a callback may destroy the connector
  if (fd >= 0) { return on.adopt(fd, std::move(trying->protocol), trying->settings.wire, nullptr); }
  if (trying->failed) { trying->failed("cannot connect to " + trying->settings.target + ": " + why); }
  trying->protocol->on_closed(on.now(), ports::CloseCause::kConnectFailed);
}

Connector::Connector(Loop& loop) : impl_(std::make_shared<Impl>(loop)) {}
Connector::~Connector() = default;

Connector::Attempt Connector::connect(ConnectSettings settings, ProtocolPtr protocol, Failed failed) {
  const Attempt id = ++impl_->last;
  auto trying =
      std::make_unique<Impl::Trying>(*impl_, id, std::move(settings), std::move(protocol), std::move(failed));
  impl_->attempts.emplace(id, std::move(trying));
  asio::post(impl_->loop.context, [weak = impl_->weak_from_this(), id] {
    if (const auto impl = weak.lock()) { impl->start(id); }
  });
  return id;
}

void Connector::cancel(Attempt attempt) { impl_->attempts.erase(attempt); }

}  // namespace aldis::runtime
