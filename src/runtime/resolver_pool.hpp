// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "aldis/runtime/fetch.hpp"

namespace aldis::runtime {

using Resolved = Result<std::vector<IpAddress>, std::string>;

// By getaddrinfo(), in the order of RFC 6724. Blocks.
Resolved resolve_by_system(const std::string& name);

// Asks for the addresses of names on threads of its own, because the system's resolver blocks, for tens of
// seconds at worst. ask() and the destructor on one thread; `found` is called on a thread of the pool. A
// thread that is in the middle of a question when the pool goes is left to end by itself; its answer is
// dropped. Names wait without a bound here: the caller's number of requests is it.
class ResolverPool {
 public:
  ResolverPool(FetchSettings::Resolve resolve, unsigned threads);
  ~ResolverPool();
  ResolverPool(const ResolverPool&) = delete;
  ResolverPool& operator=(const ResolverPool&) = delete;

  void ask(std::string name, std::function<void(Resolved)> found);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace aldis::runtime
