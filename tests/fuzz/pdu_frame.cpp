// SPDX-License-Identifier: Apache-2.0
// The framer: any split of a stream gives the same frames, nothing is allocated, no frame is outside its
// limits.
#include "aldis/smpp/framer.hpp"

#include <vector>

#include "aldis/smpp/codec.hpp"
#include "fuzz/fuzz.hpp"

namespace aldis::fuzz {
namespace {

using smpp::Framer;

struct Limits {
  std::uint32_t octets_max = 0;
  bool may_skip = false;
};

struct Cut {
  Framer::Kind kind;
  std::size_t end;  // of what is consumed, in the stream
  Octets octets;
  friend bool operator==(const Cut&, const Cut&) = default;
};

void check(const Framer::Frame& frame, Limits limits) {
  if (frame.kind == Framer::Kind::kPdu) {
    ALDIS_CHECK(frame.octets.size() >= smpp::kHeaderOctets && frame.octets.size() <= limits.octets_max);
    ALDIS_CHECK(smpp::decode_header(frame.octets)->command_length == frame.octets.size());
  } else if (frame.kind == Framer::Kind::kOversized) {
    ALDIS_CHECK(limits.may_skip && frame.octets.size() == smpp::kHeaderOctets);
    const auto length = smpp::decode_header(frame.octets)->command_length;
    ALDIS_CHECK(length > limits.octets_max && length <= smpp::kSkippableOctetsMax);
  }
}

// `piece()` octets more each time, as a connection presents them: what is not consumed comes again.
template <class Piece>
std::vector<Cut> cut(Octets stream, Limits limits, Piece piece) {
  std::vector<Cut> cuts;
  cuts.reserve(stream.size() / smpp::kHeaderOctets + 2);
  Framer framer;
  std::size_t from = 0;
  std::size_t upto = 0;
  while (upto < stream.size()) {
    upto = std::min(stream.size(), upto + piece());
    for (;;) {
      const auto before = allocations();
      const auto frame = framer.next(stream.substr(from, upto - from), limits.octets_max, limits.may_skip);
      ALDIS_CHECK(allocations() == before);
      ALDIS_CHECK(from + frame.consumed <= upto);
      from += frame.consumed;
      if (frame.kind == Framer::Kind::kMore) { break; }
      check(frame, limits);
      if (frame.kind == Framer::Kind::kLost) {  // how much of the rest is there depends on the split
        cuts.push_back({frame.kind, from, {}});
        return cuts;
      }
      cuts.push_back({frame.kind, from, frame.octets});
    }
  }
  return cuts;
}

}  // namespace

void run(Octets input) {
  Draw draw{input};
  const Limits limits{.octets_max = 16 + draw.below(draw.coin() ? 512 : 8192), .may_skip = draw.coin()};
  Splits splits{draw.u8()};
  const Octets stream = draw.rest();
  const auto whole = cut(stream, limits, [&] { return stream.size(); });
  ALDIS_CHECK(cut(stream, limits, [&] { return splits.next(40); }) == whole);
  if (stream.size() <= 512) {
    ALDIS_CHECK(cut(stream, limits, [] { return std::size_t{1}; }) == whole);
  }
}

}  // namespace aldis::fuzz
