// SPDX-License-Identifier: Apache-2.0
#include "runtime/addresses.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace aldis::runtime {

namespace {

const sockaddr_in& v4_of(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr_in&>(address.storage);
}
const sockaddr_in6& v6_of(const SocketAddress& address) {
  return reinterpret_cast<const sockaddr_in6&>(address.storage);
}

}  // namespace

Result<HostPort, std::string> split_host_port(std::string_view text) {
  using Split = Result<HostPort, std::string>;
  const auto refuse = [](const char* why) { return Split{boost::system::in_place_error, why}; };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) { return refuse("the port is missing"); }
  const std::string_view port = text.substr(colon + 1);
  std::string_view host = text.substr(0, colon);
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (port.empty() || port.size() > 5 || !std::all_of(port.begin(), port.end(), digit) ||
      std::stoul(std::string{port}) > 65535) {
    return refuse("the port is not a number from 0 to 65535");
  }
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return refuse("an IPv6 address stands in brackets");
  }
  if (host.empty()) { return refuse("the host is missing"); }
  return HostPort{std::string{host}, std::string{port}};
}

bool parse_literal(const std::string& host, const std::string& port, SocketAddress& into) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) { return false; }
  std::memcpy(&into.storage, found->ai_addr, found->ai_addrlen);
  into.size = found->ai_addrlen;
  ::freeaddrinfo(found);
  return true;
}

bool parse_unix(std::string_view path, SocketAddress& into) {
  auto& address = reinterpret_cast<sockaddr_un&>(into.storage);
  if (path.empty() || path.size() >= sizeof address.sun_path) { return false; }
  into.storage = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  into.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return true;
}

std::string address_text(const SocketAddress& address) {
  if (address.family() == AF_UNIX) { return "unix"; }
  char text[INET6_ADDRSTRLEN] = {};
  if (address.family() == AF_INET) {
    ::inet_ntop(AF_INET, &v4_of(address).sin_addr, text, sizeof text);
  } else if (address.family() == AF_INET6) {
    const in6_addr& v6 = v6_of(address).sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
      ::inet_ntop(AF_INET, &v6.s6_addr[12], text, sizeof text);
    } else {
      ::inet_ntop(AF_INET6, &v6, text, sizeof text);
    }
  }
  return text[0] == '\0' ? "unknown" : text;
}

std::string endpoint_text(const SocketAddress& address) {
  if (address.family() == AF_UNIX) {
    const std::string path = reinterpret_cast<const sockaddr_un&>(address.storage).sun_path;
    const bool is_named = address.size > offsetof(sockaddr_un, sun_path) && !path.empty();
    return is_named ? "unix:" + path : "unix";
  }
  const std::string host = address_text(address);
  const std::string port = std::to_string(port_of(address));
  return host.find(':') == std::string::npos ? host + ':' + port : '[' + host + "]:" + port;
}

std::uint16_t port_of(const SocketAddress& address) {
  if (address.family() == AF_INET) { return ntohs(v4_of(address).sin_port); }
  if (address.family() == AF_INET6) { return ntohs(v6_of(address).sin6_port); }
  return 0;
}

std::optional<IpAddress> ip_of(const sockaddr& address) {
  IpAddress out;
  if (address.sa_family == AF_INET) {
    out.octets = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    std::memcpy(out.octets.data() + 12, &v4.sin_addr, 4);
    return out;
  }
  if (address.sa_family != AF_INET6) { return std::nullopt; }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  std::memcpy(out.octets.data(), &v6.sin6_addr, 16);
  return out;
}

}  // namespace aldis::runtime
