// SPDX-License-Identifier: Apache-2.0
// Every key reaches the member it names, and the generated files say what the rows say.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <sstream>

#include "config/aldisd_rows.hpp"
#include "unit/config/config_tree.hpp"

using namespace aldis;
using namespace aldis::config;

namespace {

std::string read(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

// With ALDIS_UPDATE_GOLDEN=1 the file is written instead.
void check_generated(const std::string& name, const std::string& printed) {
  const std::string path = std::string(ALDIS_SOURCE_DIR) + "/" + name;
  const char* update = std::getenv("ALDIS_UPDATE_GOLDEN");
  if (update != nullptr && std::string(update) == "1") { std::ofstream(path, std::ios::binary) << printed; }
  INFO(name
       << " is not what the rows print; run ALDIS_UPDATE_GOLDEN=1 tests/unit_config in the build directory");
  CHECK((read(path) == printed));
}

// The values of two objects, as the rows get them, where the generated file holds defaults.
void check_defaults(const Rows& rows, void* loaded, void* fresh, const std::string& path) {
  for (const auto& row : rows.rows) {
    const std::string here = path + "." + std::string(row.name);
    INFO(here);
    if (row.type.is_map() && !row.checked_only && row.left_out.empty()) {
      check_defaults(*row.type.rows, row.access.open(loaded), row.access.open(fresh), here);
    } else if (row.access.get && !row.required && row.left_out.empty() && row.example.empty()) {
      CHECK((row.access.get(loaded) == row.access.get(fresh)));
    }
  }
}

}  // namespace

TEST_CASE("the tree's generated files are what the rows print") {
  check_generated("conf/aldisd.yaml", print_schema(Form::kYaml));
  check_generated("docs/configuration.md", print_schema(Form::kMarkdown));
}

TEST_CASE("the file with every key loads, and its values are the defaults of core") {
  ConfigTree tree;
  tree.write("aldisd.yaml", read(std::string(ALDIS_SOURCE_DIR) + "/conf/aldisd.yaml"));
  tree.write("secrets/acme", "secret\n");
  tree.write("secrets/op-a", "secret\n");
  Loaded loaded = load_aldisd(tree.options);
  REQUIRE(tree.told(loaded) == "");
  REQUIRE(loaded.ok);
  Settings fresh;
  check_defaults(*aldisd().rows, &loaded.settings, &fresh, "");
  AccountSettings account;
  check_defaults(*accounts_row().type.item->rows, &loaded.settings.accounts.at(0), &account, "accounts[]");
  OperatorSettings op;
  check_defaults(*operators_row().type.item->rows, &loaded.settings.operators.at(0), &op, "operators[]");
  RouteSettings route;
  check_defaults(*routes_row().type.item->rows, &loaded.settings.routes.at(0), &route, "routes[]");
  CHECK(loaded.settings.smpp.listeners.at(0).connections_max == SmppListener().connections_max);
}

TEST_CASE("the smallest useful configuration loads") {
  ConfigTree tree;
  tree.write("aldisd.yaml", read(std::string(ALDIS_SOURCE_DIR) + "/conf/examples/relay.yaml"));
  tree.write("secrets/demo", "secret\n");
  tree.write("secrets/op-a", "secret\n");
  const Loaded loaded = load_aldisd(tree.options);
  REQUIRE(tree.told(loaded) == "");
  CHECK(loaded.settings.accounts.at(0).logins.at(0).user == "demo");
  CHECK(loaded.settings.routes.at(0).candidates.at(0).op == "op-a");
  CHECK(loaded.settings.http_listeners.at(0).address == "127.0.0.1:8081");
}

TEST_CASE("without files everything has core's default, and without schema_version nothing loads") {
  ConfigTree tree;
  const Loaded loaded = tree.load("");
  REQUIRE(loaded.ok);
  CHECK(loaded.settings.limits.messages_max == LimitSettings().messages_max);
  CHECK(loaded.settings.accounts.empty());
  CHECK(tree.load("").files_count == 1);
}

TEST_CASE("every key of the gateway fills its own member") {
  ConfigTree tree;
  const Loaded loaded = tree.load(R"(
node: {id: 5}
runtime: {drain: 11s}
storage: {path: /data, durability: relaxed, max_loss_ms: 20, segment_size: 8MiB, reserve_segments: 6,
          history: {enabled: false, keep: 7d, path: /else/where, size_max: 2GiB}}
smpp:
  listeners: [{name: p, address: "[::1]:3000", system_id: gate, plain_public: true, connections_max: 7}]
  timers: {session_init: 1s, pdu: 2s, enquire_link: 0s, enquire_link_response: 3s, response: 4s,
           inactivity: 31s, write_stall: 6s, unbind: 7s}
  pdu_octets_max: 2000
  unbound: {max: 20, per_source: 2}
http: {listeners: [{name: h, address: "127.0.0.1:1"}]}
limits: {messages_max: 1000, orphan_retention: 1h, orphans_in_memory: 2000,
         receipt_grace: 2h, late_window: 3h}
telemetry: {log: {format: json, level: debug, queue: 2048}}
)");
  REQUIRE(tree.told(loaded) == "");
  const Settings& s = loaded.settings;
  CHECK(s.node_id == 5);
  CHECK(s.drain == seconds{11});
  CHECK(s.storage.path == "/data");
  CHECK(s.storage.relaxed);
  CHECK(s.storage.max_loss == milliseconds{20});
  CHECK(s.storage.segment_octets == 8u << 20);
  CHECK(s.storage.reserve_segments == 6);
  CHECK_FALSE(s.storage.history.enabled);
  CHECK(s.storage.history.keep == hours{24 * 7});
  CHECK(s.storage.history.path == "/else/where");
  CHECK(s.storage.history.octets_max == 2ull << 30);
  const SmppListener& listener = s.smpp.listeners.at(0);
  CHECK(listener.name == "p");
  CHECK(listener.address == "[::1]:3000");
  CHECK(listener.system_id == "gate");
  CHECK(listener.plain_public);
  CHECK(listener.connections_max == 7);
  const SessionTimers& t = s.smpp.timers;
  CHECK(std::vector{t.session_init, t.pdu, t.enquire_link, t.enquire_link_response, t.response, t.inactivity,
                    t.write_stall, t.unbind} == std::vector<Duration>{seconds{1}, seconds{2}, seconds{0},
                                                                      seconds{3}, seconds{4}, seconds{31},
                                                                      seconds{6}, seconds{7}});
  CHECK(s.smpp.pdu_octets_max == 2000);
  CHECK(s.smpp.unbound_max == 20);
  CHECK(s.smpp.unbound_per_source == 2);
  CHECK(s.http_listeners.at(0).name == "h");
  CHECK(s.limits.messages_max == 1000);
  CHECK(s.limits.orphan_retention == hours{1});
  CHECK(s.limits.orphans_in_memory == 2000);
  CHECK(s.limits.receipt_grace == hours{2});
  CHECK(s.limits.late_window == hours{3});
  CHECK(s.log.format == "json");
  CHECK(s.log.level == "debug");
  CHECK(s.log.queue == 2048);
}

TEST_CASE("every key of an account fills its own member") {
  ConfigTree tree;
  const Loaded loaded = tree.load(R"(
accounts:
  - name: acme
    enabled: false
    logins:
      - {kind: smpp, user: u, password: secret, allow_ips: ["10.0.0.1"]}
      - {kind: smpp, user: v, password_hash: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA"}
    smpp: {allow_ips: ["10.0.0.0/8"], version: "3.3", bind_types: [receiver], system_type: VMA, binds_max: 5,
           binds_max_transmitter: 1,
           binds_max_receiver: 2, binds_max_transceiver: 3, window_in: 6, window_out: 7, message_id: dec,
           error_body: empty, error_text: true,
           query_rate: 8, fanout: submitter, deliver_rate: 9, status_map: {no_credit: 0x0401, throttled: 88}}
    throttle: {per_second: 100, burst: 12}
    caps: {minute: 1, day: 2, month: 3}
    queue_max: 13
    class: bulk
    classes: [bulk, otp]
    weight: 14
    senders: {allow: [ACME, "re:4[0-9]+"], default: INFO, refused: replace}
    destinations: {allow: ["44"], deny: ["4490"]}
    validity: 2m
    validity_max: 3m
    schedule_max: 4h
    delivery: at_most_once
    alphabet: latin1
    alphabet_fallback: refuse
    parts_max: 15
    receipts: {mode: never, pdu: data_sm, swap: false, text: omit, fields: short, seconds: true,
               err: operator, intermediate_esm: 0x04, on_sent: true, long: each_part, retention: 5h}
)");
  REQUIRE(tree.told(loaded) == "");
  const AccountSettings& a = loaded.settings.accounts.at(0);
  CHECK(a.name == "acme");
  CHECK_FALSE(a.enabled);
  CHECK(a.logins.at(0).user == "u");
  CHECK(a.logins.at(0).password.reveal() == "secret");
  CHECK(a.logins.at(0).allow_ips == std::vector<std::string>{"10.0.0.1"});
  CHECK(a.logins.at(1).password_hash == "$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA");
  CHECK(a.smpp.allow_ips == std::vector<std::string>{"10.0.0.0/8"});
  CHECK(a.smpp.version == VersionSetting::k33);
  CHECK(std::vector{a.smpp.bind_transmitter, a.smpp.bind_receiver, a.smpp.bind_transceiver} ==
        std::vector{false, true, false});
  CHECK(a.smpp.system_type == "VMA");
  CHECK(a.smpp.binds_max == 5);
  CHECK(a.smpp.binds_max_transmitter == 1u);
  CHECK(a.smpp.binds_max_receiver == 2u);
  CHECK(a.smpp.binds_max_transceiver == 3u);
  CHECK(a.smpp.window_in == 6);
  CHECK(a.smpp.window_out == 7);
  CHECK(a.smpp.message_id == MessageIdFormat::kDec);
  CHECK(a.smpp.error_body_empty);
  CHECK(a.smpp.error_text);
  CHECK(a.smpp.query_rate == 8);
  CHECK(a.smpp.fanout == Fanout::kSubmitter);
  CHECK(a.smpp.deliver_rate == 9.0);
  CHECK(a.smpp.status_map ==
        std::map<Refusal, std::uint32_t>{{Refusal::kNoCredit, 0x0401}, {Refusal::kThrottled, 88}});
  CHECK(a.throttle->per_second == 100);
  CHECK(a.throttle->burst == 12);
  CHECK(a.caps.minute == 1u);
  CHECK(a.caps.day == 2u);
  CHECK(a.caps.month == 3u);
  CHECK(a.queue_max == 13);
  CHECK(a.message_class == MessageClass::kBulk);
  CHECK(a.classes == std::vector{MessageClass::kBulk, MessageClass::kOtp});
  CHECK(a.weight == 14);
  CHECK(a.senders.allow == std::vector<std::string>{"ACME", "re:4[0-9]+"});
  CHECK(a.senders.default_sender == "INFO");
  CHECK(a.senders.replace);
  CHECK(a.destinations.allow == std::vector<std::string>{"44"});
  CHECK(a.destinations.deny == std::vector<std::string>{"4490"});
  CHECK(a.validity == minutes{2});
  CHECK(a.validity_max == minutes{3});
  CHECK(a.schedule_max == hours{4});
  CHECK(a.at_most_once);
  CHECK(a.alphabet == Alphabet::kLatin1);
  CHECK(a.alphabet_fallback == AlphabetFallback::kRefuse);
  CHECK(a.parts_max == 15);
  const AccountReceiptSettings& r = a.receipts;
  CHECK(r.mode == ReceiptMode::kOff);
  CHECK(r.pdu == ReceiptPdu::kDataSm);
  CHECK_FALSE(r.swap);
  CHECK(r.text == ReceiptText::kOmit);
  CHECK(r.fields == ReceiptFields::kShort);
  CHECK(r.seconds);
  CHECK(r.err == ReceiptErr::kOperator);
  CHECK(r.intermediate_esm == 0x04);
  CHECK(r.on_sent);
  CHECK(r.long_messages == ReceiptLong::kEachPart);
  CHECK(r.retention == hours{5});
}

TEST_CASE("every key of an operator fills its own member") {
  ConfigTree tree;
  const Loaded loaded = tree.load(R"(
operators:
  - name: op-a
    enabled: false
    hosts: ["a:1", "b:2"]
    binds: {transmitter: 2, receiver: 3}
    system_id: sys
    password: longer-than-eight
    password_long: true
    system_type: st
    address_range: ar
    bind_ton: 1
    bind_npi: 2
    version: "5.0"
    tlvs_out: false
    timers: {connect: 1s, bind: 2s, enquire_link: 5s, enquire_link_response: 3s, response: 4s}
    throttle: {per_second: 10, burst: 11, per_second_min: 2}
    window: {start: 6, min: 5, max: 7}
    lease: 20
    uncertain_hold: 8s
    in_doubt: hold
    nack_status: 0x14
    nack_after: 9s
    queue_max: 12
    failover_permanent: true
    attempts_max: 13
    cancel: true
    submit: {service_type: CMT, esm_mode: 3, more_messages: true, send_umr: true}
    addr: {dest: [2, 3], src_number: [4, 5], src_short: [6, 7], src_alpha: [8, 9], short_digits_max: 6}
    alphabet_in: latin1
    alphabet_out: ascii
    dcs: {gsm7: 0x01, ucs2: 9, binary: 5}
    long: payload
    validity_style: omit
    validity_cap: 2m
    id_dialect: receipt_dec
    match_address: "off"
    receipts: {request: as_asked, intermediate: true}
    unflagged_receipts: true
    accepted_is: delivered
    stat_map: {"1": ENROUTE, FAIL: UNDELIVERABLE}
    errors: [{status: 0x0420, class: perm, err: "045", note: content},
             {status: 0x0400-0x04FF, class: tmp}, {status: 88, class: thr}]
    unlisted: perm
    receipt_errors: {"069": {err: "027", note: absent}}
)");
  REQUIRE(tree.told(loaded) == "");
  const OperatorSettings& o = loaded.settings.operators.at(0);
  CHECK_FALSE(o.enabled);
  CHECK(o.hosts == std::vector<std::string>{"a:1", "b:2"});
  CHECK(std::vector{o.binds_transceiver, o.binds_transmitter, o.binds_receiver} ==
        std::vector<std::uint32_t>{0, 2, 3});
  CHECK(o.system_id == "sys");
  CHECK(o.password.reveal() == "longer-than-eight");
  CHECK(o.password_long);
  CHECK(o.system_type == "st");
  CHECK(o.address_range == "ar");
  CHECK(o.bind_address.ton == 1);
  CHECK(o.bind_address.npi == 2);
  CHECK(o.version == VersionSetting::k50);
  CHECK_FALSE(o.tlvs_out);
  CHECK(std::vector{o.timers.connect, o.timers.bind, o.timers.enquire_link, o.timers.enquire_link_response,
                    o.timers.response} ==
        std::vector<Duration>{seconds{1}, seconds{2}, seconds{5}, seconds{3}, seconds{4}});
  CHECK(o.throttle.per_second == 10);
  CHECK(o.throttle.burst == 11);
  CHECK(o.throttle.per_second_min == 2);
  CHECK(std::vector{o.window.start, o.window.min, o.window.max} == std::vector<std::uint32_t>{6, 5, 7});
  CHECK(o.lease == 20u);
  CHECK(o.uncertain_hold == seconds{8});
  CHECK(o.in_doubt == InDoubt::kHold);
  CHECK(o.nack_status == 0x14);
  CHECK(o.nack_after == seconds{9});
  CHECK(o.queue_max == 12);
  CHECK(o.failover_permanent);
  CHECK(o.attempts_max == 13);
  CHECK(o.cancel);
  CHECK(o.service_type == "CMT");
  CHECK(o.esm_mode == 3);
  CHECK(o.more_messages);
  CHECK(o.send_umr);
  const std::vector<int> types{o.dest.ton,      o.dest.npi,      o.src_number.ton, o.src_number.npi,
                               o.src_short.ton, o.src_short.npi, o.src_alpha.ton,  o.src_alpha.npi};
  CHECK(types == std::vector{2, 3, 4, 5, 6, 7, 8, 9});
  CHECK(o.short_digits_max == 6);
  CHECK(o.alphabet_in == Alphabet::kLatin1);
  CHECK(o.alphabet_out == Alphabet::kAscii);
  CHECK(std::vector<int>{o.dcs_gsm7, o.dcs_ucs2, o.dcs_binary} == std::vector{1, 9, 5});
  CHECK(o.long_form == LongForm::kPayload);
  CHECK(o.validity_style == ValidityStyle::kOmit);
  CHECK(o.validity_cap == minutes{2});
  CHECK(o.id_dialect == IdDialect::kReceiptDec);
  CHECK_FALSE(o.match_address);
  CHECK(o.receipts_as_asked);
  CHECK(o.receipts_intermediate);
  CHECK(o.unflagged_receipts);
  CHECK(o.accepted_is_delivered);
  CHECK(o.stat_map == std::map<std::string, Status>{{"1", Status::kSent}, {"FAIL", Status::kUndeliverable}});
  REQUIRE(o.errors.size() == 3);
  CHECK(o.errors[0].status_first == 0x0420);
  CHECK(o.errors[0].status_last == 0x0420);
  CHECK(o.errors[0].err == "045");
  CHECK(o.errors[0].outcome_class == OutcomeClass::kPermanent);
  CHECK(o.errors[1].status_first == 0x0400);
  CHECK(o.errors[1].status_last == 0x04FF);
  CHECK(o.errors[2].outcome_class == OutcomeClass::kThrottle);
  CHECK(o.unlisted == OutcomeClass::kPermanent);
  CHECK(o.receipt_errors == std::map<std::string, std::string>{{"069", "027"}});
}

TEST_CASE("every key of routes fills its own member") {
  ConfigTree tree;
  const Loaded loaded = tree.load(account() + operator_item() + R"(
routes:
  - name: uk
    priority: 7
    match: {to: ["44"], from: ["re:A.*"], accounts: [acme], classes: [otp]}
    candidates: [{operator: op-a, tier: 2, weight: 3}]
    failover: {when: [error]}
  - {name: none, reject: destination_blocked}
inbound:
  numbers: [{number: "80010", account: acme}]
  routes: [{name: vote, match: {to: ["80010"], keyword: [VOTE], operators: [op-a]}, account: acme}]
)");
  CHECK(tree.told(loaded) ==
        "aldisd.yaml:16:12: routes[none].name: none is reserved\n  - {name: none, reject: "
        "destination_blocked}\n           ^\n");
  const RouteSettings& r = loaded.settings.routes.at(0);
  CHECK(r.priority == 7);
  CHECK(r.match.to == std::vector<std::string>{"44"});
  CHECK(r.match.from == std::vector<std::string>{"re:A.*"});
  CHECK(r.match.accounts == std::vector<std::string>{"acme"});
  CHECK(r.match.classes == std::vector{MessageClass::kOtp});
  CHECK(r.candidates.at(0).op == "op-a");
  CHECK(r.candidates.at(0).tier == 2);
  CHECK(r.candidates.at(0).weight == 3);
  CHECK_FALSE(r.failover_down);
  CHECK(r.failover_error);
  CHECK(loaded.settings.routes.at(1).reject == Refusal::kDestinationBlocked);
  CHECK(loaded.settings.inbound.numbers.at(0).number == "80010");
  CHECK(loaded.settings.inbound.numbers.at(0).account == "acme");
  const InboundRoute& in = loaded.settings.inbound.routes.at(0);
  CHECK(in.name == "vote");
  CHECK(in.to == std::vector<std::string>{"80010"});
  CHECK(in.keyword == std::vector<std::string>{"VOTE"});
  CHECK(in.operators == std::vector<std::string>{"op-a"});
  CHECK(in.account == "acme");
}

TEST_CASE("the JSON Schema holds every top-level key once, with bounds and reload class") {
  const std::string schema = print_schema(Form::kJson);
  CHECK(schema.starts_with("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"));
  CHECK(schema.find("\"reserve_segments\": {\n          \"type\": \"integer\",\n          \"minimum\": 2,\n  "
                    "        \"maximum\": 64,\n") != std::string::npos);
  CHECK(schema.find("\"x-reload\": \"reconnect\"") != std::string::npos);
  CHECK(schema.find("\"x-secret\": true") != std::string::npos);
  CHECK(schema.find("\"x-unit\": \"parts/s\"") != std::string::npos);
  CHECK(std::count(schema.begin(), schema.end(), '{') == std::count(schema.begin(), schema.end(), '}'));
}
