// SPDX-License-Identifier: Apache-2.0
// What modules are told by configuration: plain structs, filled by config (the only reader of YAML) or by a test.
// Defaults here are the product's defaults; bounds, units and sentences for users stand in config's rows.
// Key names and meanings: docs/configuration (generated from config's rows).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aldis/base/time.hpp"
#include "aldis/core/ids.hpp"
#include "aldis/core/message.hpp"
#include "aldis/core/outcome.hpp"
#include "aldis/core/refusal.hpp"

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

// --- customers ------------------------------------------------------------------------------------------------------

struct LoginSettings {
  std::string user;
  Secret password;            // plain, or
  std::string password_hash;  // "$argon2id$..."
  std::vector<std::string> allow_ips;  // narrows the account's list; empty = the account's
};

enum class MessageIdFormat : std::uint8_t { kHex, kUuid, kDec, kHex8 };
enum class VersionSetting : std::uint8_t { kAuto, k33, k34, k50 };
enum class Fanout : std::uint8_t { kSpread, kSubmitter };

struct AccountSmppSettings {
  std::vector<std::string> allow_ips;  // CIDR
  VersionSetting version = VersionSetting::kAuto;
  bool bind_transmitter = true;
  bool bind_receiver = true;
  bool bind_transceiver = true;
  std::string system_type;  // empty = not checked
  std::uint32_t binds_max = 4;
  std::optional<std::uint32_t> binds_max_transmitter;
  std::optional<std::uint32_t> binds_max_receiver;
  std::optional<std::uint32_t> binds_max_transceiver;
  std::uint32_t window_in = 200;
  std::uint32_t window_out = 10;
  MessageIdFormat message_id = MessageIdFormat::kHex;
  bool error_body_empty = false;  // error_body: empty = 17 octets instead of 16
  bool error_text = false;
  double query_rate = 10;
  Fanout fanout = Fanout::kSpread;
  std::optional<double> deliver_rate;
  std::map<Refusal, std::uint32_t> status_map;
};

enum class ReceiptMode : std::uint8_t { kAsAsked, kAlways, kOff };
enum class ReceiptPdu : std::uint8_t { kDeliverSm, kDataSm };
enum class ReceiptText : std::uint8_t { kFirst20, kEmpty, kOmit, kTlvOnly };
enum class ReceiptFields : std::uint8_t { kAll, kShort };
enum class ReceiptErr : std::uint8_t { kOurs, kOperator };
enum class ReceiptLong : std::uint8_t { kAggregate, kEachPart };

struct AccountReceiptSettings {
  ReceiptMode mode = ReceiptMode::kAsAsked;
  ReceiptPdu pdu = ReceiptPdu::kDeliverSm;
  bool swap = true;
  ReceiptText text = ReceiptText::kFirst20;
  ReceiptFields fields = ReceiptFields::kAll;
  bool seconds = false;
  ReceiptErr err = ReceiptErr::kOurs;
  std::uint8_t intermediate_esm = 0x20;
  bool on_sent = false;
  ReceiptLong long_messages = ReceiptLong::kAggregate;
  Duration retention = hours{72};
};

struct SenderSettings {
  std::vector<std::string> allow;  // exact, or "re:" and an RE2 pattern on the whole; empty = none
  std::string default_sender;
  bool replace = false;            // refused: replace = the default sender is put in its place
};

struct DestinationSettings {
  std::vector<std::string> allow;  // prefixes; empty = all
  std::vector<std::string> deny;
};

struct CapSettings {
  std::optional<std::uint64_t> minute;  // parts
  std::optional<std::uint64_t> day;
  std::optional<std::uint64_t> month;
};

enum class AlphabetFallback : std::uint8_t { kLatin1, kUtf8, kRefuse };

struct AccountSettings {
  std::string name;
  bool enabled = true;
  std::vector<LoginSettings> logins;  // kind smpp
  AccountSmppSettings smpp;
  std::optional<ThrottleSettings> throttle;
  CapSettings caps;
  std::uint64_t queue_max = 1'000'000;
  MessageClass message_class = MessageClass::kTransactional;
  std::vector<MessageClass> classes{MessageClass::kTransactional, MessageClass::kBulk};
  std::uint32_t weight = 1;
  SenderSettings senders;
  DestinationSettings destinations;
  Duration validity = hours{48};
  Duration validity_max = hours{7 * 24};
  Duration schedule_max = hours{365 * 24};
  bool at_most_once = false;  // delivery
  Alphabet alphabet = Alphabet::kGsm7;
  AlphabetFallback alphabet_fallback = AlphabetFallback::kLatin1;
  std::uint32_t parts_max = 10;
  AccountReceiptSettings receipts;
};

// --- operators ------------------------------------------------------------------------------------------------------

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

// --- routing --------------------------------------------------------------------------------------------------------

struct CandidateSettings {
  std::string op;
  std::uint32_t tier = 1;
  std::uint32_t weight = 1;
};

struct RouteMatch {  // all given must hold; a list is "any of"; empty = everything
  std::vector<std::string> to;        // prefixes
  std::vector<std::string> from;      // exact, or "re:" pattern
  std::vector<std::string> accounts;
  std::vector<MessageClass> classes;
};

struct RouteSettings {
  std::string name;
  std::uint32_t priority = 100;
  RouteMatch match;
  std::vector<CandidateSettings> candidates;
  std::optional<Refusal> reject;
  bool failover_down = true;
  bool failover_error = true;
};

struct InboundNumber {
  std::string number;
  std::string account;
};

struct InboundRoute {
  std::string name;
  std::vector<std::string> to;       // exact numbers, or "re:" pattern
  std::vector<std::string> keyword;  // first word, any case, or "re:" pattern
  std::vector<std::string> operators;
  std::string account;
};

struct InboundSettings {
  std::vector<InboundNumber> numbers;
  std::vector<InboundRoute> routes;
};

// --- the rest -------------------------------------------------------------------------------------------------------

struct SessionTimers {
  Duration session_init = seconds{10};
  Duration pdu = seconds{10};
  Duration enquire_link = seconds{30};
  Duration enquire_link_response = seconds{10};
  Duration response = seconds{30};
  Duration inactivity = minutes{5};
  Duration write_stall = seconds{60};
  Duration unbind = seconds{5};
};

struct SmppListener {
  std::string name;
  std::string address;             // "127.0.0.1:2775"; port 0 = any free one
  std::string system_id = "aldis";
  bool plain_public = false;
  std::uint32_t connections_max = 5000;
};

struct SmppServerSettings {
  std::vector<SmppListener> listeners;
  SessionTimers timers;
  std::uint32_t pdu_octets_max = 8192;
  std::uint32_t unbound_max = 1000;
  std::uint32_t unbound_per_source = 10;
};

struct HttpListener {
  std::string name;
  std::string address;
};

struct StorageSettings {
  std::string path = "/var/lib/aldis";
  bool relaxed = false;              // durability
  Duration max_loss = milliseconds{0};
  std::uint64_t segment_octets = 64ull << 20;
  std::uint32_t reserve_segments = 4;
};

struct LimitSettings {
  std::uint64_t messages_max = 20'000'000;
  Duration orphan_retention = hours{72};
  std::uint64_t orphans_in_memory = 1'000'000;
  Duration receipt_grace = hours{24};
  Duration late_window = hours{7 * 24};
};

struct LogSettings {
  std::string format = "auto";  // auto | text | logfmt | json
  std::string level = "info";
  std::uint32_t queue = 8192;   // lines
};

struct Settings {
  std::uint32_t node_id = 0;
  Duration drain = seconds{10};
  StorageSettings storage;
  SmppServerSettings smpp;
  std::vector<HttpListener> http_listeners;  // health and metrics
  std::vector<AccountSettings> accounts;
  std::vector<OperatorSettings> operators;
  std::vector<RouteSettings> routes;
  InboundSettings inbound;
  LimitSettings limits;
  LogSettings log;
};

}  // namespace aldis
