// SPDX-License-Identifier: Apache-2.0
#include <netdb.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "aldis/runtime/connections.hpp"
#include "aldis/runtime/users.hpp"
#include "runtime/addresses.hpp"
#include "runtime/loop_impl.hpp"

namespace aldis::runtime {

namespace {

constexpr std::string_view kUnix = "unix:";
constexpr int kBacklog = 1024;   // cut by net.core.somaxconn
constexpr int kAcceptsMax = 64;  // per turn, so that a storm leaves room for those who are connected
constexpr Duration kPause = milliseconds{100};  // out of descriptors: trying at once would burn a core

// Names are allowed ("localhost"); the first address that the system gives is taken. At start only: it
// blocks.
Result<SocketAddress, std::string> resolve_local(const HostPort& at) {
  SocketAddress address;
  if (parse_literal(at.host, at.port, address)) { return address; }
  addrinfo hints{};
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(at.host.c_str(), at.port.c_str(), &hints, &found); code != 0) {
    return {boost::system::in_place_error, ::gai_strerror(code)};
  }
  std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  ::freeaddrinfo(found);
  return address;
}

// A listening socket, or -1 and errno.
int listen_on(SocketAddress& address) {
  const int fd = ::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) { return -1; }
  const int on = 1;
  const int off = 0;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);  // a restart must not wait for TIME_WAIT
  if (address.family() == AF_INET6) { ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off); }
  if (::bind(fd, address.raw(), address.size) == 0 && ::listen(fd, kBacklog) == 0 &&
      ::getsockname(fd, address.raw(), &(address.size = sizeof address.storage)) == 0) {
    return fd;
  }
  const int code = errno;
  ::close(fd);
  errno = code;
  return -1;
}

// A socket that a process left behind when it was killed is removed; one at which somebody listens is not.
bool is_stale(const SocketAddress& address) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) { return false; }
  const bool refused = ::connect(fd, address.raw(), address.size) != 0 && errno == ECONNREFUSED;
  ::close(fd);
  return refused;
}

// A listening unix socket, or -1 and why. Mode and group are set before anybody can connect.
int listen_unix(const std::string& path, const ListenerSettings& settings, std::string& why) {
  SocketAddress address;
  if (!parse_unix(path, address)) {
    why = "the path is empty or too long for a socket";
    return -1;
  }
  const auto wanted = settings.unix_group.empty() ? std::nullopt : group_named(settings.unix_group);
  if (!settings.unix_group.empty() && !wanted) {
    why = "there is no group " + settings.unix_group;
    return -1;
  }
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  bool bound = fd >= 0 && ::bind(fd, address.raw(), address.size) == 0;
  if (fd >= 0 && !bound && errno == EADDRINUSE) {
    if (is_stale(address)) { ::unlink(path.c_str()); }
    bound = ::bind(fd, address.raw(), address.size) == 0;
  }
  if (bound && ::chmod(path.c_str(), settings.unix_mode) == 0 &&
      (!wanted || ::chown(path.c_str(), static_cast<uid_t>(-1), *wanted) == 0) &&
      ::listen(fd, kBacklog) == 0) {
    return fd;
  }
  why = std::strerror(errno);
  if (bound) { ::unlink(path.c_str()); }
  if (fd >= 0) { ::close(fd); }
  return -1;
}

}  // namespace

struct Listener::Impl final : Descriptor, Deadline {
  Impl(Loop::Impl& loop_impl, ListenerSettings listener_settings, Accept accept_protocol, int listening_fd,
       const SocketAddress& real)
      : loop(loop_impl),
        settings(std::move(listener_settings)),
        accept(std::move(accept_protocol)),
        fd(listening_fd),
        address(endpoint_text(real)),
        port(port_of(real)) {}
  ~Impl() override {
    loop.poller.remove(fd, *this);
    ::close(fd);
    if (address.starts_with(kUnix)) { ::unlink(address.c_str() + kUnix.size()); }
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void ready(std::uint32_t) override {
    for (int i = 0; i < kAcceptsMax; ++i) {
      if (!accept_one()) { return; }
    }
  }

  void due(const Now&) override { loop.poller.modify(fd, EPOLLIN, *this); }

  bool accept_one() {
    SocketAddress peer;
    peer.size = sizeof peer.storage;
    const int socket = ::accept4(fd, peer.raw(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0) {
      // The connection went before we took it: Linux reports its error here (accept(2)); others may be
      // waiting.
      if (errno == ECONNABORTED || errno == EINTR || errno == EPROTO) { return true; }
      if (errno != EAGAIN) { pause(); }
      return false;
    }
    if (*open_count >= settings.connections_max) {
      ++counters.refused_limit;
      ::close(socket);
      return true;
    }
    ProtocolPtr protocol = accept(address_text(peer));
    if (!protocol) {
      ++counters.refused;
      ::close(socket);
      return true;
    }
    ++counters.accepted;
    ++*open_count;
    loop.adopt(socket, std::move(protocol), settings.wire, open_count);
    return true;
  }

  void pause() {
    ++counters.accept_errors;
    loop.poller.modify(fd, 0, *this);
    loop.deadlines.arm(*this, loop.now().mono + kPause);
  }

  Loop::Impl& loop;
  ListenerSettings settings;
  Accept accept;
  int fd;
  std::string address;
  std::uint16_t port;
  std::shared_ptr<std::size_t> open_count = std::make_shared<std::size_t>(0);
  Counters counters;
};

Result<std::unique_ptr<Listener>, std::string> Listener::open(Loop& loop, ListenerSettings settings,
                                                              Accept accept) {
  using Opened = Result<std::unique_ptr<Listener>, std::string>;
  const auto refuse = [&](const std::string& why) {
    return Opened{boost::system::in_place_error, "cannot listen on " + settings.address + ": " + why};
  };
  SocketAddress address;
  int fd = -1;
  if (settings.address.starts_with(kUnix)) {
    const std::string path = settings.address.substr(kUnix.size());
    std::string why;
    fd = listen_unix(path, settings, why);
    if (fd < 0) { return refuse(why); }
    parse_unix(path, address);
  } else {
    const auto at = split_host_port(settings.address);
    if (!at) { return refuse(at.error()); }
    auto resolved = resolve_local(*at);
    if (!resolved) { return refuse(resolved.error()); }
    address = *resolved;
    fd = listen_on(address);
    if (fd < 0) { return refuse(std::strerror(errno)); }
  }
  auto impl = std::make_unique<Impl>(loop.impl(), settings, std::move(accept), fd, address);
  if (!loop.impl().poller.add(fd, EPOLLIN, *impl)) { return refuse(std::strerror(errno)); }
  return Opened{std::unique_ptr<Listener>{new Listener{std::move(impl)}}};
}

Listener::Listener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Listener::~Listener() = default;

const std::string& Listener::address() const { return impl_->address; }
std::uint16_t Listener::port() const { return impl_->port; }
std::size_t Listener::connections() const { return *impl_->open_count; }
const Listener::Counters& Listener::counters() const { return impl_->counters; }

}  // namespace aldis::runtime
