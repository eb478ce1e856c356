// SPDX-License-Identifier: Apache-2.0
// Passwords, digests and random octets: the door of libargon2 and OpenSSL.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "aldis/base/octets.hpp"
#include "aldis/ports/crypto.hpp"
#include "aldis/runtime/loop.hpp"

namespace aldis::runtime {

using Digest = std::array<unsigned char, 32>;

Digest sha256(Octets octets);
Digest hmac_sha256(Octets key, Octets octets);
std::string random_octets(std::size_t count);  // from the kernel; for keys and salts

class OpenSslDigests final : public ports::Digests {
 public:
  [[nodiscard]] std::string digest(ports::DigestKind kind, Octets octets) const override;
  [[nodiscard]] std::string hmac(ports::DigestKind kind, Octets key, Octets octets) const override;
};

// A digest under a key that this object drew and nobody else knows: what a cache of verified passwords holds.
class KeyedHash {
 public:
  KeyedHash();
  [[nodiscard]] Digest operator()(Octets octets) const;

 private:
  std::string key_;
};

// "$argon2id$v=19$m=19456,t=2,p=1$..." with a fresh salt (CONTRACT B2). About 20 ms. For tools; throws
// std::bad_alloc.
std::string hash_password(std::string_view password);

class KernelSecrets final : public ports::Secrets {
 public:
  std::string random_octets(std::size_t count) override { return runtime::random_octets(count); }
};

// For jitter and fair choices: fast, seeded from the kernel or, in tests, by the caller. Not for secrets.
class SeededRandom final : public ports::Random {
 public:
  SeededRandom();
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override;

 private:
  std::uint64_t state_;
};

// Checks passwords on threads of its own, so that a storm of binds costs sessions nothing (CONTRACT B2).
// verify() on the loop's thread; the answer comes in a later turn, or inside the call with kBusy when
// `waiting_max` are waiting. Equal time for unknown users: an empty or unreadable phc costs a whole check.
// Passwords are wiped after use. Remembers nothing: caches are the caller's. Destroyed before its loop;
// answers that did not come yet are dropped.
class PasswordPool final : public ports::Passwords {
 public:
  explicit PasswordPool(Loop& loop, unsigned threads = 2, std::size_t waiting_max = 64);
  ~PasswordPool() override;
  PasswordPool(const PasswordPool&) = delete;
  PasswordPool& operator=(const PasswordPool&) = delete;

  void verify(std::string_view phc, std::string_view password, std::function<void(Verdict)> answer) override;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace aldis::runtime
