// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aldis/base/time.hpp"
#include "aldis/smpp/generated/statuses.hpp"

namespace aldis::smscsim {

struct ErrorShare {
  smpp::CommandStatus status{};
  double share = 0;  // 0..1 of all submits
};

enum class Dialect : std::uint8_t { kSame, kReceiptDec, kReceiptHex };

struct Options {
  std::string listen = "127.0.0.1:2776";
  std::string ports_file;
  std::vector<std::string> system_ids;  // "id:password"; empty = anybody may bind
  std::uint32_t binds_max = 0;          // per system_id; 0 = no limit
  std::uint32_t window = 1000;          // receipts without answer per session
  Duration latency{};                   // submit_sm to its response
  std::optional<double> rate;           // parts per second of a system_id; beyond: ESME_RTHROTTLED
  std::vector<ErrorShare> errors;
  bool receipts = true;
  Duration receipt_delay_min{};
  Duration receipt_delay_max{};
  double receipt_first = 0;  // share of receipts that overtake their response
  double receipt_twice = 0;
  double receipt_never = 0;
  double undeliverable = 0;
  double no_answer = 0;  // share of submits that are never answered
  Dialect dialect = Dialect::kSame;
  double inbound_rate = 0;  // messages per second to each system_id
  std::string inbound_to = "80010";
  std::string inbound_text = "Hello from a handset";
  std::string reject_text;  // a text that contains this is refused
  std::string script;       // YAML file of timed faults
  std::string log;          // every message received, one line each
  std::string inbound_log;  // every message from a handset that was acknowledged, one line each
  std::uint64_t seed = 1;
  double seconds = 0;  // stop after so long; 0 = until a signal
};

struct Parsed {
  Options options;
  std::optional<int> exit;
};
Parsed parse_options(int argc, char** argv);

}  // namespace aldis::smscsim
