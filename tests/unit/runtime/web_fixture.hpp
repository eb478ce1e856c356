// SPDX-License-Identifier: Apache-2.0
// A web server of plain system calls on a thread of its own, and a fetch thread that asks it.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>

#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "aldis/runtime/fetch.hpp"
#include "unit/runtime/loop_fixture.hpp"

namespace aldis::runtime::tests {

// Listens on every address of this machine, IPv4 and IPv6, so that whatever is called by mistake is seen.
// `answer` makes the octets that answer a request; empty = never.
class WebServer {
 public:
  using Answer = std::function<std::string(const std::string& request)>;

  explicit WebServer(Answer answer) : answer_(std::move(answer)), fd_(::socket(AF_INET6, SOCK_STREAM, 0)) {
    const int off = 0;
    ::setsockopt(fd_, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    sockaddr_in6 at{};
    at.sin6_family = AF_INET6;
    socklen_t size = sizeof at;
    REQUIRE(::bind(fd_, reinterpret_cast<const sockaddr*>(&at), size) == 0);
    REQUIRE(::listen(fd_, 128) == 0);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size);
    port = ntohs(at.sin6_port);
    REQUIRE(::pipe(stop_.data()) == 0);
    thread_ = std::thread{[this] { run(); }};
  }
  ~WebServer() {
    ::close(stop_[1]);
    thread_.join();
    for (const auto& [fd, octets] : open_) { ::close(fd); }
    ::close(stop_[0]);
    ::close(fd_);
  }
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;

  // Our own addresses that were connected to, "127.0.0.1", in order.
  std::vector<std::string> reached() {
    const std::lock_guard lock{mutex_};
    return reached_;
  }
  std::vector<std::string> requests() {
    const std::lock_guard lock{mutex_};
    return requests_;
  }
  std::string url(const std::string& host, const std::string& path = "/") const {
    return "http://" + host + ':' + std::to_string(port) + path;
  }
  static std::string ok(const std::string& body, const std::string& headers = "") {
    return "HTTP/1.1 200 OK\r\n" + headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           body;
  }

  std::uint16_t port = 0;

 private:
  void run() {
    for (;;) {
      std::vector<pollfd> watched{{stop_[0], POLLIN, 0}, {fd_, POLLIN, 0}};
      for (const auto& [fd, octets] : open_) { watched.push_back({fd, POLLIN, 0}); }
      ::poll(watched.data(), watched.size(), -1);
      if (watched[0].revents != 0) { return; }
      if (watched[1].revents != 0) { accept_one(); }
      for (std::size_t i = 2; i < watched.size(); ++i) {
        if (watched[i].revents != 0) { read_one(watched[i].fd); }
      }
    }
  }
  void accept_one() {
    const int fd = ::accept(fd_, nullptr, nullptr);
    sockaddr_in6 at{};
    socklen_t size = sizeof at;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
    IpAddress address;
    std::memcpy(address.octets.data(), &at.sin6_addr, 16);
    open_[fd];
    const std::lock_guard lock{mutex_};
    reached_.push_back(address.text());
  }
  void read_one(int fd) {
    std::string piece(64 * 1024, '\0');
    const ssize_t got = ::recv(fd, piece.data(), piece.size(), 0);
    if (got <= 0) {
      ::close(fd);
      open_.erase(fd);
      return;
    }
    std::string& octets = open_[fd];
    octets.append(piece, 0, static_cast<std::size_t>(got));
    while (is_whole(octets)) {
      const std::string request = std::exchange(octets, {});
      {
        const std::lock_guard lock{mutex_};
        requests_.push_back(request);
      }
      const std::string out = answer_(request);
      ::send(fd, out.data(), out.size(), MSG_NOSIGNAL);
    }
  }
  static bool is_whole(const std::string& octets) {
    const auto end = octets.find("\r\n\r\n");
    if (end == std::string::npos) { return false; }
    const auto length = octets.find("Content-Length: ");
    return length == std::string::npos || length > end ||
           octets.size() - end - 4 >= std::stoul(octets.substr(length + 16));
  }

  Answer answer_;
  int fd_;
  std::array<int, 2> stop_{};
  std::map<int, std::string> open_;  // what was read of a request; the server's thread only
  std::mutex mutex_;
  std::vector<std::string> reached_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

// What a resolver says, as a table; read on resolvers' threads.
class Names {
 public:
  void set(const std::string& name, std::vector<std::string> addresses) {
    const std::lock_guard lock{mutex_};
    known_[name] = std::move(addresses);
  }
  Result<std::vector<IpAddress>, std::string> find(const std::string& name) {
    ++asked;
    const std::lock_guard lock{mutex_};
    const auto found = known_.find(name);
    if (found == known_.end()) { return {boost::system::in_place_error, "Name or service not known"}; }
    std::vector<IpAddress> out;
    for (const auto& text : found->second) { out.push_back(*IpAddress::parse(text)); }
    return out;
  }
  std::atomic<int> asked{0};

 private:
  std::mutex mutex_;
  std::map<std::string, std::vector<std::string>> known_;
};

// A loop, a server, a fetch thread, and a policy that lets http reach loopback on the server's port.
struct Web {
  explicit Web(WebServer::Answer answer, FetchSettings settings = {}) : server(std::move(answer)) {
    if (!settings.resolve) {
      settings.resolve = [this](const std::string& name) { return names.find(name); };
    }
    open.allow_http = true;
    open.ports.push_back(server.port);
    open.allow_networks = *AddressList::parse({"127.0.0.0/8", "::1"});
    fetch.emplace(t.loop, settings);
  }
  // The answer, once it has come.
  ports::FetchAnswer get(ports::FetchRequest request) {
    std::optional<ports::FetchAnswer> got;
    if (!request.policy) { request.policy = std::make_shared<ports::FetchPolicy>(open); }
    fetch->start(std::move(request),
                 [&](const Now&, ports::FetchAnswer&& answer) { got = std::move(answer); });
    REQUIRE(t.run_until([&] { return got.has_value(); }));
    return std::move(*got);
  }
  ports::FetchAnswer get(const std::string& url) {
    ports::FetchRequest request;
    request.method = "GET";
    request.url = url;
    return get(std::move(request));
  }

  TestLoop t;
  Names names;
  WebServer server;
  ports::FetchPolicy open;
  std::optional<FetchThread> fetch;
};

}  // namespace aldis::runtime::tests
