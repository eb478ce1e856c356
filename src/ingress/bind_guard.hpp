// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "aldis/base/address_list.hpp"
#include "aldis/base/time.hpp"

namespace aldis::ingress {

// Slows down whoever guesses passwords, without touching sessions that are bound (SMPP 3.3, CONTRACT H21).
// Per source (an IPv4 address or an IPv6 /64): 5 failures in 60 s delay its answers by 5 s, 20 in 10 minutes
// refuse it at accept for 15 minutes. Per system_id: 10 password checks a minute, then refused unchecked,
// except from sources that bound as it within 30 days. A source with 20 bad PDUs in a minute is refused for
// 60 s. Remembers at most kSourcesMax sources and kLoginsMax logins: past that the table is emptied of what
// has expired, then new ones go unremembered. Owned by the SMPP server, on the engine thread.
class BindGuard {
 public:
  static constexpr std::size_t kSourcesMax = 100'000;
  static constexpr std::size_t kLoginsMax = 100'000;

  [[nodiscard]] bool refused_at_accept(Instant now, const IpAddress& source) const;
  [[nodiscard]] Duration answer_delay(Instant now, const IpAddress& source) const;
  // May this password be checked now? Counts the check.
  bool may_check(Instant now, const IpAddress& source, std::string_view system_id);
  void failed(Instant now, const IpAddress& source);
  void bound(Instant now, const IpAddress& source, std::string_view system_id);
  void penalise(Instant now, const IpAddress& source, Duration how_long);

 private:
  struct Source {
    std::deque<Instant> failures;  // at most 20, oldest first
    Instant refused_until{};
    Instant seen{};
  };
  struct Login {
    std::deque<Instant> checks;                            // at most 10, oldest first
    std::deque<std::pair<IpAddress, Instant>> bound_from;  // at most 16 sources
  };

  Source* source_of(Instant now, const IpAddress& source);

  boost::unordered_flat_map<IpAddress, Source> sources_;
  boost::unordered_flat_map<std::string, Login> logins_;
};

}  // namespace aldis::ingress
