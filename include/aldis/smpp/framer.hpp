// SPDX-License-Identifier: Apache-2.0
// Cuts a stream into PDUs. Looks at command_length as soon as its four octets are there, before anything is
// allocated.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "aldis/base/octets.hpp"

namespace aldis::smpp {

// The largest command_length that any PDU may have and still leave the stream readable.
inline constexpr std::uint32_t kSkippableOctetsMax = 70'000;

// Owns one number: the octets of an oversized PDU that are still to be passed over. Never copies: a PDU is a
// view into the input, and what is not consumed is presented again with more behind it. Called by Session for
// every read; usable alone. Any split of the stream gives the same frames.
class Framer {
 public:
  enum class Kind : std::uint8_t {
    kMore,       // no whole PDU yet; `octets` is empty
    kPdu,        // `octets` is a whole PDU
    kOversized,  // longer than the limit: `octets` is its header only; the body is skipped unbuffered
    kLost,       // no such length can be: `octets` is what there is; nothing after it can be trusted
  };
  struct Frame {
    Kind kind = Kind::kMore;
    Octets octets;
    std::size_t consumed = 0;  // octets of the input that are done with
  };

  // `octets_max`: the limit that holds now. `may_skip`: a PDU beyond it is read over (bound) or the end
  // (unbound).
  [[nodiscard]] Frame next(Octets input, std::uint32_t octets_max, bool may_skip);

  // Whether the stream stands inside a PDU that is being read over.
  [[nodiscard]] bool skipping() const { return skip_left_ != 0; }

 private:
  std::uint32_t skip_left_ = 0;
};

// What speaks another protocol at us, for the log: "http", "amqp", "tpkt", "tls"; empty if it may be SMPP.
// Looks at the first four octets.
std::string_view foreign_protocol(Octets input);

}  // namespace aldis::smpp
