// SPDX-License-Identifier: Apache-2.0
#include "aldis/runtime/secrets.hpp"

#include <argon2.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

#include <cerrno>
#include <cstring>
#include <new>
#include <system_error>

#include "aldis/base/check.hpp"
#include "runtime/argon2_cost.hpp"

namespace aldis::runtime {

namespace {

const unsigned char* raw(Octets octets) { return reinterpret_cast<const unsigned char*>(octets.data()); }

const EVP_MD* algorithm(ports::DigestKind kind) {
  switch (kind) {
    case ports::DigestKind::kMd5: return EVP_md5();
    case ports::DigestKind::kSha1: return EVP_sha1();
    case ports::DigestKind::kSha256: return EVP_sha256();
    case ports::DigestKind::kSha512: return EVP_sha512();
  }
  __builtin_unreachable();
}

}  // namespace

Digest sha256(Octets octets) {
  Digest digest{};
  unsigned size = 0;
  ALDIS_CHECK(EVP_Digest(octets.data(), octets.size(), digest.data(), &size, EVP_sha256(), nullptr) == 1);
  return digest;
}

Digest hmac_sha256(Octets key, Octets octets) {
  Digest digest{};
  unsigned size = 0;
  ALDIS_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), raw(octets), octets.size(),
                   digest.data(), &size) != nullptr);
  return digest;
}

std::string random_octets(std::size_t count) {
  std::string octets(count, '\0');
  std::size_t got = 0;
  while (got < count) {
    const ssize_t n = ::getrandom(octets.data() + got, count - got, 0);
    if (n < 0 && errno != EINTR) { throw std::system_error{errno, std::generic_category(), "getrandom"}; }
    if (n > 0) { got += static_cast<std::size_t>(n); }
  }
  return octets;
}

std::string OpenSslDigests::digest(ports::DigestKind kind, Octets octets) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  ALDIS_CHECK(EVP_Digest(octets.data(), octets.size(), out.data(), &size, algorithm(kind), nullptr) == 1);
  return {out.begin(), out.begin() + size};
}

std::string OpenSslDigests::hmac(ports::DigestKind kind, Octets key, Octets octets) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  ALDIS_CHECK(HMAC(algorithm(kind), key.data(), static_cast<int>(key.size()), raw(octets), octets.size(),
                   out.data(), &size) != nullptr);
  return {out.begin(), out.begin() + size};
}

KeyedHash::KeyedHash() : key_(random_octets(32)) {}

Digest KeyedHash::operator()(Octets octets) const { return hmac_sha256(key_, octets); }

std::string hash_password(std::string_view password) {
  const std::string salt = random_octets(kArgon2Salt);
  const std::size_t size =
      argon2_encodedlen(kArgon2Passes, kArgon2Memory, kArgon2Lanes, kArgon2Salt, kArgon2Tag, Argon2_id);
  std::string phc(size, '\0');
  const int code =
      argon2id_hash_encoded(kArgon2Passes, kArgon2Memory, kArgon2Lanes, password.data(), password.size(),
                            salt.data(), salt.size(), kArgon2Tag, phc.data(), phc.size());
  if (code == ARGON2_MEMORY_ALLOCATION_ERROR) { throw std::bad_alloc{}; }
  ALDIS_CHECK(code == ARGON2_OK);
  phc.resize(std::strlen(phc.c_str()));
  return phc;
}

SeededRandom::SeededRandom() {
  const std::string seed = random_octets(sizeof state_);
  std::memcpy(&state_, seed.data(), sizeof state_);
}

std::uint64_t SeededRandom::next() {  // splitmix64 (Steele, Lea, Flood 2014)
  state_ += 0x9E3779B97F4A7C15u;
  std::uint64_t x = state_;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

}  // namespace aldis::runtime
