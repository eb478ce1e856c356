// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <string>

#include "sim/chance.hpp"
#include "sim/events.hpp"
#include "sim/faults.hpp"
#include "sim/network.hpp"

namespace aldis::sim {

// What aldis/runtime's headers stand on here: the machine of one process of the gateway. The headers take no
// machine as an argument, so the one under which a Loop is made is current() then; everything else finds it
// through its Loop. One life of the process, one Host: when it dies, its guard goes, and with it all its
// events.
struct Host {
  Host(Events& e, Network& n, Faults& f, std::uint64_t seed)
      : events(e), network(n), faults(f), chance(seed, "host"), secrets(seed, "secrets") {}

  Events& events;
  Network& network;
  Faults& faults;
  Chance chance;   // delays of the engine, store and password threads
  Chance secrets;  // what the kernel would give as random octets
  Events::Guard guard = Events::make_guard();
  std::string address = "gateway";

  // How long a store job takes, and whether it fell into a power cut: then the process is not told of it.
  std::function<Duration()> store_takes;
  std::function<bool()> store_died;

  static Host& current();
  class Scope {  // makes a host current for its lifetime
   public:
    explicit Scope(Host& host);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Host* before_;
  };
};

}  // namespace aldis::sim
