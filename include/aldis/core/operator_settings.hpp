// SPDX-License-Identifier: Apache-2.0
// What egress, dispatch and receipts are told about one operator, and what its settings share with accounts'.
// Part of settings.hpp, which says how these structs are filled.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aldis/base/time.hpp"
#include "aldis/core/outcome.hpp"
#include "aldis/core/status.hpp"
#include "aldis/text/alphabet.hpp"

namespace aldis {

// Text that no log, error, dump or metric may show.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] const std::string& reveal() const { return text_; }
  [[nodiscard]] bool empty() const { return text_.empty(); }

 private:
  std::string text_;
};

struct ThrottleSettings {
  double per_second = 0;      // parts
  std::uint32_t burst = 0;    // parts; 0 = the owner's default
  double per_second_min = 1;  // operators only: floor of the adaptation
};

enum class VersionSetting : std::uint8_t { kAuto, k33, k34, k50 };

// --- operators ---

struct LinkTimers {
  Duration connect = seconds{10};
  Duration bind = seconds{30};
  Duration enquire_link = seconds{30};  // 0 = off
  Duration enquire_link_response = seconds{10};
  Duration response = seconds{60};
  Duration write_stall = seconds{30};
  Duration unbind = seconds{5};
};

struct WindowSettings {
  std::uint32_t start = 10;
  std::uint32_t min = 1;
  std::uint32_t max = 50;
};

struct TonNpi {
  std::uint8_t ton = 0;
  std::uint8_t npi = 0;
};

enum class IdDialect : std::uint8_t { kAuto, kSame, kReceiptDec, kReceiptHex };
enum class InDoubt : std::uint8_t { kResend, kHold, kFail };
enum class LongForm : std::uint8_t { kUdh8, kUdh16, kSar, kPayload };
enum class ValidityStyle : std::uint8_t { kRelative, kAbsolute, kOmit };

struct ErrorRule {  // first match wins
  std::uint32_t status_first = 0;
  std::uint32_t status_last = 0;
  OutcomeClass outcome_class = OutcomeClass::kMixed;
  std::string err;
};

struct OperatorSettings {
  std::string name;
  bool enabled = true;
  std::vector<std::string> hosts;  // "smsc1.example:2775", in order
  std::uint32_t binds_transceiver = 1;
  std::uint32_t binds_transmitter = 0;
  std::uint32_t binds_receiver = 0;
  std::string system_id;
  Secret password;
  bool password_long = false;
  std::string system_type;
  std::string address_range;
  TonNpi bind_address;
  VersionSetting version = VersionSetting::k34;
  bool tlvs_out = true;
  LinkTimers timers;
  ThrottleSettings throttle{.per_second = 50, .burst = 0, .per_second_min = 1};
  WindowSettings window;
  std::optional<std::uint32_t> lease;  // default 2 x window.max
  Duration uncertain_hold = seconds{15};
  InDoubt in_doubt = InDoubt::kResend;
  std::uint32_t nack_status = 0x08;
  Duration nack_after = seconds{5};
  std::uint64_t queue_max = 1'000'000;
  IdDialect id_dialect = IdDialect::kAuto;
  bool match_address = true;  // match_address: tail | off
  bool unflagged_receipts = false;
  bool accepted_is_delivered = false;  // accepted_is: delivered
  std::map<std::string, Status> stat_map;
  std::vector<ErrorRule> errors;
  OutcomeClass unlisted = OutcomeClass::kMixed;
  std::map<std::string, std::string> receipt_errors;  // operator's err -> ours
  bool failover_permanent = false;
  std::uint32_t attempts_max = 10;
  bool cancel = false;
  // submit
  std::string service_type;
  std::uint8_t esm_mode = 0;
  bool send_umr = false;
  bool more_messages = false;
  TonNpi dest{1, 1};
  TonNpi src_number{1, 1};
  TonNpi src_short{3, 0};
  TonNpi src_alpha{5, 0};
  std::uint32_t short_digits_max = 8;
  Alphabet alphabet_in = Alphabet::kGsm7;
  Alphabet alphabet_out = Alphabet::kGsm7;
  std::uint8_t dcs_gsm7 = 0;
  std::uint8_t dcs_ucs2 = 8;
  std::uint8_t dcs_binary = 4;
  LongForm long_form = LongForm::kUdh8;
  ValidityStyle validity_style = ValidityStyle::kRelative;
  Duration validity_cap = hours{7 * 24};
  bool receipts_as_asked = false;  // receipts.request: as_asked
  bool receipts_intermediate = false;
};

}  // namespace aldis
