// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>
#include <string_view>

#include "aldis/base/address_list.hpp"
#include "aldis/base/result.hpp"

namespace aldis::runtime {

// A socket address of either family, as the kernel takes it.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(&storage); }
  [[nodiscard]] sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
  [[nodiscard]] int family() const { return storage.ss_family; }
};

struct HostPort {
  std::string host;
  std::string port;
};

// "host:port" or "[v6]:port"; the error is a sentence without the address.
Result<HostPort, std::string> split_host_port(std::string_view text);

// A literal address, without asking any resolver. False when `host` is a name.
bool parse_literal(const std::string& host, const std::string& port, SocketAddress& into);

// A unix socket's path; false when it is too long for the kernel, or empty.
bool parse_unix(std::string_view path, SocketAddress& into);

// "unix" and "unix:/path" for unix sockets; otherwise "203.0.113.7" (v4-mapped v6 folded) and
// "[2001:db8::1]:2775".
std::string address_text(const SocketAddress& address);
std::string endpoint_text(const SocketAddress& address);
std::uint16_t port_of(const SocketAddress& address);

// Of an IPv4 or IPv6 socket address; nothing of any other.
std::optional<IpAddress> ip_of(const sockaddr& address);

}  // namespace aldis::runtime
