// SPDX-License-Identifier: Apache-2.0
// What a customer's server answers: any octets give replies, and never more text than there was.
#include "ingress/twiml.hpp"

#include "fuzz/fuzz.hpp"

namespace aldis::fuzz {

void run(Octets input) {
  const Exact memory{input};
  const auto replies = ingress::replies_of_twiml(memory.view());
  ALDIS_CHECK(replies.size() <= ingress::kRepliesMax);
  std::size_t octets = 0;
  for (const auto& reply : replies) {
    ALDIS_CHECK(!reply.text.empty());
    octets += reply.text.size() + reply.to.size() + reply.from.size();
  }
  ALDIS_CHECK(octets <= input.size());
}

}  // namespace aldis::fuzz
