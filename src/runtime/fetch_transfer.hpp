// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <curl/curl.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "aldis/ports/fetch.hpp"

namespace aldis::runtime {

struct FetchSettings;

// One request from the judged URL to its answer, on the fetch thread: what libcurl is told, and what it tells
// us. Owns its easy handle. Begun once for every address that is tried; the thread adds handle() to its multi
// handle and takes it out before finished().
class FetchTransfer {
 public:
  FetchTransfer(std::uint64_t number, ports::FetchRequest request, ports::FetchTarget target,
                Instant started);

  [[nodiscard]] std::uint64_t number() const { return number_; }
  [[nodiscard]] const ports::FetchTarget& target() const { return target_; }
  [[nodiscard]] Instant deadline() const { return started_ + request_.total_max; }
  [[nodiscard]] CURL* handle() const { return easy_.get(); }

  // Keeps those of the host's addresses that may be called. False: none; answer() says so.
  bool choose(const std::vector<IpAddress>& addresses);
  void begin(Instant now, const FetchSettings& settings);  // with the next address
  // What libcurl made of it. False: it could not connect, and another address is to be tried.
  bool finished(Instant now, CURLcode code);
  void fail(ports::FetchFault fault, std::string text);
  void fail_late();  // the time was over before there was an address

  ports::FetchAnswer take_answer(Instant now);

 private:
  struct EasyClose {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };
  struct ListClose {
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  using List = std::unique_ptr<curl_slist, ListClose>;

  template <class T>
  void set(CURLoption option, T value);
  void set_request();
  void set_guard();
  void set_limits(Instant now, const FetchSettings& settings);
  static void append(List& list, const std::string& line);
  [[nodiscard]] bool may_use(const IpAddress& address) const;
  [[nodiscard]] const ports::FetchPolicy& policy() const;
  ports::FetchError error_of(CURLcode code) const;
  void take_header(std::string_view line);
  std::size_t take_body(std::string_view piece);

  static curl_socket_t on_open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
  static int on_connected(void* self, char* remote, char* local, int remote_port, int local_port);
  static std::size_t on_header(char* octets, std::size_t size, std::size_t count, void* self);
  static std::size_t on_body(char* octets, std::size_t size, std::size_t count, void* self);

  const std::uint64_t number_;
  const ports::FetchRequest request_;
  const ports::FetchTarget target_;
  const Instant started_;
  std::vector<IpAddress> addresses_;  // judged; the first of those not tried yet at next_
  std::size_t next_ = 0;
  IpAddress dialled_;
  bool refused_ = false;    // by the guard: libcurl wanted another address than the judged one
  bool connected_ = false;  // the request may have left
  std::size_t body_dropped_ = 0;
  std::size_t header_octets_ = 0;
  ports::FetchAnswer answer_;
  std::string url_;
  List headers_;
  List connect_to_;
  std::array<char, CURL_ERROR_SIZE> text_{};
  std::unique_ptr<CURL, EasyClose> easy_;
};

}  // namespace aldis::runtime
