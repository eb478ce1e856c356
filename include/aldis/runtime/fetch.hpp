// SPDX-License-Identifier: Apache-2.0
// The fetch thread: ports::Fetch with libcurl.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "aldis/base/result.hpp"
#include "aldis/ports/fetch.hpp"
#include "aldis/runtime/loop.hpp"

namespace aldis::runtime {

struct FetchSettings {
  // The addresses of a name, or a sentence why there are none. Called on a resolver's thread; may block.
  using Resolve = std::function<Result<std::vector<IpAddress>, std::string>(const std::string& name)>;

  std::size_t in_flight_max = 512;
  std::size_t per_host_max = 64;
  unsigned resolvers = 8;    // threads: a name that does not answer holds one for as long as the system asks
  std::string user_agent{};  // empty = "aldis/VERSION"
  std::string ca_file{};     // certificates to trust; empty = the system's
  Resolve resolve{};         // empty = the system's resolver
};

// Owns one thread for libcurl and a few that resolve names, one connection at most per request in flight,
// and connections kept for the next request (118 s, at most in_flight_max in all). Used on the loop's thread;
// answers come in later turns, those that are ready together with one wake-up. A request goes to an address
// that was judged just before, and to no other: the name is resolved here, libcurl gets the address, its
// socket is judged once more when it is opened, and a kept connection before it is used again. When one
// address cannot be connected to, the next one is tried. An answer's rest behind answer_octets_max is read
// and dropped up to 64 KiB, then the connection is closed. Fails by answers with an error; never throws after
// the constructor. Destroyed before its loop: what is in flight is broken off and not answered. Not for
// bodies that are streams: requests and answers stand in memory.
class FetchThread final : public ports::Fetch {
 public:
  explicit FetchThread(Loop& loop, FetchSettings settings = {});
  ~FetchThread() override;
  FetchThread(const FetchThread&) = delete;
  FetchThread& operator=(const FetchThread&) = delete;

  void start(ports::FetchRequest request, OnAnswer on_answer) override;
  [[nodiscard]] std::size_t in_flight() const override;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace aldis::runtime
