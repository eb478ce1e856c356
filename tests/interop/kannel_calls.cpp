// SPDX-License-Identifier: Apache-2.0
// The call of a dlr-url as we make it, for kannel_dlr_url_test.py to hold beside Kannel's own. Each line of
// standard input is an event, its fields separated by tabs; each line of output the URL.
#include <array>
#include <cstdlib>
#include <iostream>
#include <string>

#include "aldis/ingress/callbacks.hpp"
#include "aldis/runtime/secrets.hpp"

using namespace aldis;
using namespace aldis::ingress;

namespace {

enum Field : std::size_t {
  kType,
  kUrl,
  kTo,
  kFrom,
  kSmsc,
  kLogin,
  kAccount,
  kReceipt,
  kErr,
  kCommandStatus,
  kId,
  kForeignId,
  kSeconds,
  kFields
};
using Line = std::array<std::string, kFields>;

MessageEvent event_of(const Line& line) {
  MessageEvent event;
  event.speaker = line[kType] == "1" || line[kType] == "2" ? Speaker::kReceipt : Speaker::kResponse;
  event.status = line[kType] == "1"   ? Status::kDelivered
                 : line[kType] == "2" ? Status::kUndeliverable
                 : line[kType] == "8" ? Status::kSent
                                      : Status::kRejected;
  event.command_status = static_cast<std::uint32_t>(std::strtoul(line[kCommandStatus].c_str(), nullptr, 10));
  event.receipt_text = line[kReceipt];
  event.err = line[kErr];
  if (event.speaker == Speaker::kReceipt) {  // as smscsim says it
    event.network = {3, static_cast<unsigned>(std::strtoul(line[kErr].c_str(), nullptr, 10))};
  }
  event.at = WallTime{seconds{std::strtoll(line[kSeconds].c_str(), nullptr, 10)}};
  event.message.id = line[kId];
  event.message.to_given = line[kTo];
  event.message.from_given = line[kFrom];
  event.message.operator_name = line[kSmsc];
  event.message.operator_id = line[kForeignId];
  return event;
}

}  // namespace

int main() {
  const runtime::OpenSslDigests digests;
  for (std::string text; std::getline(std::cin, text);) {
    Line line;
    std::size_t begin = 0;
    for (std::string& field : line) {
      const auto end = std::min(text.find('\t', begin), text.size());
      field = text.substr(begin, end - begin);
      begin = std::min(end + 1, text.size());
    }
    CallbackTarget target;
    target.url = line[kUrl];
    KannelStyle style;
    style.dlr_mask = 31;
    style.login = line[kLogin];
    style.operator_account = line[kAccount];
    target.style = style;
    const auto request = callback_request(target, event_of(line), {}, digests);
    std::cout << (request ? request->url : "none") << '\n';
  }
  return 0;
}
