// SPDX-License-Identifier: Apache-2.0
// Password checks run in a bounded pool of runtime (CONTRACT B2); answers come back on the engine thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace aldis::ports {

class Passwords {
 public:
  enum class Verdict : std::uint8_t { kRight, kWrong, kBusy };
  virtual ~Passwords() = default;
  // `phc` = "$argon2id$..." or empty: then a dummy of equal cost is checked and the verdict is kWrong. Calls
  // `answer` later on the calling thread; at once with kBusy when 64 checks are waiting.
  virtual void verify(std::string_view phc, std::string_view password,
                      std::function<void(Verdict)> answer) = 0;
};

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;  // uniform; for jitter, not for secrets
};

}  // namespace aldis::ports
