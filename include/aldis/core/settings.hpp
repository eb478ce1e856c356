// SPDX-License-Identifier: Apache-2.0
// What modules are told by configuration: plain structs, filled by config (the only reader of YAML) or by a
// test. Defaults here are the product's defaults; bounds, units and sentences for users stand in config's
// rows. Key names and meanings: docs/configuration (generated from config's rows).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aldis/base/time.hpp"
#include "aldis/core/ids.hpp"
#include "aldis/core/message.hpp"
#include "aldis/core/operator_settings.hpp"
#include "aldis/core/outcome.hpp"
#include "aldis/core/refusal.hpp"

namespace aldis {

// --- customers ---

enum class LoginKind : std::uint8_t { kSmpp, kTwilio, kVonage, kKannel, kJasmin };
inline constexpr std::size_t kLoginKinds = 5;

struct SenderPool {  // what Twilio calls a messaging service
  std::string sid;   // "MG" and 32 hexadecimal digits
  std::vector<std::string> senders;
};

enum class VonageCall : std::uint8_t { kPostJson, kPost, kGet };
enum class VonageMethod : std::uint8_t { kMd5Hash, kMd5Hmac, kSha1Hmac, kSha256Hmac, kSha512Hmac };

// What only some kinds have, empty for the others.
struct LoginOptions {
  std::string default_sender;     // kannel, jasmin; else the account's
  std::string faked_sender;       // kannel: whatever was asked for
  bool reply_sent = false;        // kannel: "Sent." in place of "0: Accepted for delivery"
  std::string account_sid;        // twilio; empty = made of the account's name
  std::vector<SenderPool> pools;  // twilio
  VonageCall callback_method = VonageCall::kPostJson;
  Secret signature_secret;  // vonage
  VonageMethod signature_method = VonageMethod::kMd5Hash;
  bool connector_quirk = false;  // jasmin
  bool any_2xx = false;          // jasmin: ack_mode
};

struct LoginSettings {
  LoginKind kind = LoginKind::kSmpp;
  std::string user;                    // twilio has none
  Secret password;                     // plain, or
  std::string password_hash;           // "$argon2id$..."
  std::vector<std::string> allow_ips;  // smpp: narrows the account's list; empty = that, or from anywhere
  LoginOptions options;
};

enum class MessageIdFormat : std::uint8_t { kHex, kUuid, kDec, kHex8 };
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
// How this account hears of its messages; kAuto: by the door that each came in.
enum class ReceiptVia : std::uint8_t { kAuto, kSmpp, kWebhook, kBoth };
enum class ReceiptLong : std::uint8_t { kAggregate, kEachPart };

struct AccountReceiptSettings {
  ReceiptMode mode = ReceiptMode::kAsAsked;
  ReceiptVia via = ReceiptVia::kAuto;
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
  bool replace = false;  // refused: replace = the default sender is put in its place
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
  std::vector<LoginSettings> logins;
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

// --- routing ---

struct CandidateSettings {
  std::string op;
  std::uint32_t tier = 1;
  std::uint32_t weight = 1;
};

struct RouteMatch {               // all given must hold; a list is "any of"; empty = everything
  std::vector<std::string> to;    // prefixes
  std::vector<std::string> from;  // exact, or "re:" pattern
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

// --- the rest ---

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
  std::string address;  // "127.0.0.1:2775"; port 0 = any free one
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

enum class HttpServe : std::uint8_t {
  kNative,
  kHealth,
  kMetrics,
  kTwilio,
  kVonage,
  kKannel,
  kJasmin,
  kJasminRest,
  kKannelAdmin,
};

struct HttpListener {
  std::string name;
  std::string address;
  std::vector<LoginKind> query_credentials;  // dialects whose credentials may stand in the URL
  std::vector<HttpServe> serve{HttpServe::kNative, HttpServe::kHealth, HttpServe::kMetrics};
};

struct HistorySettings {
  bool enabled = true;
  Duration keep = hours{24 * 90};  // from acceptance
  std::string path;                // empty = the folder "history" beside the journal
  std::uint64_t octets_max = 0;    // size_max; 0 = a quarter of the disk budget or of the file system
};

struct WebhookSettings {  // whom customers may have called
  bool allow_http = false;
  std::vector<std::uint16_t> ports{443, 8443};
  std::vector<std::string> allow_networks;  // opened, whatever is private or local in them
};

struct StorageSettings {
  std::string path = "/var/lib/aldis";
  bool relaxed = false;  // durability
  Duration max_loss = milliseconds{0};
  std::uint64_t segment_octets = 64ull << 20;
  std::uint32_t reserve_segments = 4;
  std::string generation_dir = "/var/cache/aldis";
  HistorySettings history;
};

struct LimitSettings {
  std::uint64_t memory_max = 0;  // octets; 0 = 75 % of the cgroup or machine
  std::uint64_t messages_max = 20'000'000;
  // of those that wait to be sent, and of those that wait for others
  std::uint64_t messages_in_memory = 100'000;
  std::uint64_t disk_budget = 64ull << 30;  // octets; the file system where that is smaller
  Duration orphan_retention = hours{72};
  std::uint64_t orphans_in_memory = 1'000'000;
  Duration receipt_grace = hours{24};
  Duration late_window = hours{7 * 24};
};

struct LogSettings {
  std::string format = "auto";  // auto | text | logfmt | json
  std::string level = "info";
  std::uint32_t queue = 8192;  // lines
};

struct Settings {
  std::uint32_t node_id = 0;
  Duration drain = seconds{10};
  StorageSettings storage;
  SmppServerSettings smpp;
  std::vector<HttpListener> http_listeners;  // health and metrics
  Duration idempotency_retention = hours{24};
  WebhookSettings webhooks;
  std::vector<AccountSettings> accounts;
  std::vector<OperatorSettings> operators;
  std::vector<RouteSettings> routes;
  InboundSettings inbound;
  LimitSettings limits;
  LogSettings log;
};

}  // namespace aldis
