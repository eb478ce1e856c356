// SPDX-License-Identifier: Apache-2.0
// Passwords, digests and random numbers: runtime has them from its libraries, tests make their own.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "aldis/base/octets.hpp"

namespace aldis::ports {

// Password checks run in a bounded pool of runtime (CONTRACT B2); answers come back on the engine thread.
class Passwords {
 public:
  enum class Verdict : std::uint8_t { kRight, kWrong, kBusy };
  virtual ~Passwords() = default;
  // `phc` = "$argon2id$..." or empty: then a dummy of equal cost is checked and the verdict is kWrong. Calls
  // `answer` later on the calling thread; at once with kBusy when 64 checks are waiting.
  virtual void verify(std::string_view phc, std::string_view password,
                      std::function<void(Verdict)> answer) = 0;
};

enum class DigestKind : std::uint8_t { kMd5, kSha1, kSha256, kSha512 };

// Digests and keyed digests, for signatures that others define. A pure function; any thread.
class Digests {
 public:
  virtual ~Digests() = default;
  [[nodiscard]] virtual std::string digest(DigestKind kind, Octets octets) const = 0;
  [[nodiscard]] virtual std::string hmac(DigestKind kind, Octets key, Octets octets) const = 0;
};

// Octets that nobody can guess: keys, salts, tokens. Any thread.
class Secrets {
 public:
  virtual ~Secrets() = default;
  [[nodiscard]] virtual std::string random_octets(std::size_t count) = 0;
};

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;  // uniform; for jitter, not for secrets
};

}  // namespace aldis::ports
