// SPDX-License-Identifier: Apache-2.0
// Single values: what is accepted, and the exact text and place of every refusal.
#include <catch2/catch.hpp>

#include "aldis/base/nearest.hpp"
#include "config/scalar.hpp"
#include "unit/config/config_tree.hpp"

using namespace aldis;
using namespace aldis::config;

namespace {
// The first line of what is told about one line of YAML, after the path.
std::string told_of(const std::string& text) {
  ConfigTree tree;
  const Loaded loaded = tree.load(text);
  if (loaded.problems.empty()) { return "fine"; }
  return std::string(name_of(loaded.problems.front().code)) + ": " + loaded.problems.front().detail +
         (loaded.problems.front().hint.empty() ? "" : "; " + loaded.problems.front().hint);
}
}  // namespace

TEST_CASE("every code has its text") {
  CHECK(told_of("storge: {}\n") == "unknown_key: unknown key; storage");
  CHECK(
      told_of("storage: {weight: 1}\n") ==
      "unknown_key: unknown key; known here: path, durability, max_loss_ms, segment_size, reserve_segments, "
      "generation_dir, history");
  CHECK(told_of("accounts: [{enabled: true}]\n") == "missing: required");
  CHECK(told_of("storage: {reserve_segments: ten}\n") == "type: needs a whole number (got \"ten\")");
  CHECK(told_of("runtime: {drain: 30}\n") == "unit: needs a unit, for example 30s (got 30)");
  CHECK(told_of("storage: {segment_size: 64}\n") == "unit: needs a unit, for example 64MiB (got 64)");
  CHECK(told_of(account() + "    destinations: {deny: [0447]}\n") ==
        "needs_quotes: write \"0447\" in quotes: it is text");
  CHECK(told_of("storage: {reserve_segments: 1}\n") == "below: 1 is below 2");
  CHECK(told_of("node: {id: 2000}\n") == "above: 2000 is above 1023");
  CHECK(told_of(operator_item() + "    long: udh9\n") ==
        "choice: udh9 is not one of udh8, udh16, sar, payload; udh8");
  CHECK(told_of(operator_item() + "routes: [{name: uk, candidates: [{operator: op-c}]}]\n") ==
        "reference: no operator named op-c; op-a");
  CHECK(told_of(account() + "    senders: {allow: [\"re:abc[\"]}\n") ==
        "pattern: bad pattern at 4: missing ]");
  CHECK(told_of("storage: {max_loss_ms: 100}\n") == "conflict: only with durability: relaxed");
  CHECK(told_of("storage: {path: \"${NOWHERE}\"}\n") == "variable: NOWHERE is not set");
  CHECK(told_of("operators: [{name: a, hosts: [\"h:1\"], system_id: x, password: {file: secrets/op-a}}]\n") ==
        "secret: cannot read secrets/op-a: No such file or directory");
}

TEST_CASE("whole numbers have one spelling") {
  const auto told = [](const std::string& value) { return told_of("node: {id: " + value + "}\n"); };
  CHECK(told("0") == "fine");
  CHECK(told("1023") == "fine");
  CHECK(told("1024") == "above: 1024 is above 1023");
  CHECK(told("99999999999999999999999") == "above: 99999999999999999999999 is above 1023");
  CHECK(told("010") == "type: needs a whole number (got 010)");
  CHECK(told("0o10") == "type: needs a whole number (got 0o10)");
  CHECK(told("1_000") == "type: needs a whole number (got 1_000)");
  CHECK(told("0x10") == "type: needs a whole number (got 0x10)");
  CHECK(told("1.0") == "type: needs a whole number (got 1.0)");
  CHECK(told("1e3") == "type: needs a whole number (got 1e3)");
  CHECK(told("+5") == "type: needs a whole number (got +5)");
  CHECK(told("-5") == "below: -5 is below 0");
  CHECK(told("\"5\"") == "type: needs a whole number (got \"5\")");
  CHECK(told("true") == "type: needs a whole number (got true)");
  CHECK(told("~") == "type: needs a whole number (got nothing)");
  CHECK(told("") == "type: needs a whole number (got nothing)");
  CHECK(told("[1]") == "type: needs a whole number (got a list)");
  CHECK(told("{a: 1}") == "type: needs a whole number (got a map)");
}

TEST_CASE("numbers may have a fraction") {
  const auto told = [](const std::string& value) {
    return told_of(operator_item() + "    throttle: {per_second: " + value + ", per_second_min: 0.01}\n");
  };
  CHECK(told("0.01") == "fine");
  CHECK(told("0.0099") == "below: 0.0099 is below 0.01");
  CHECK(told("100000") == "fine");
  CHECK(told("100000.1") == "above: 100000.1 is above 100000");
  CHECK(told("1e3") == "type: needs a number (got 1e3)");
  CHECK(told(".5") == "type: needs a number (got .5)");
  CHECK(told(".inf") == "type: needs a number (got .inf)");
  CHECK(told(std::string(400, '9')).starts_with("type: "));
}

TEST_CASE("durations and sizes need a unit, also 0, and keep to their bounds") {
  const auto drain = [](const std::string& value) { return told_of("runtime: {drain: " + value + "}\n"); };
  CHECK(drain("0s") == "fine");
  CHECK(drain("60s") == "fine");
  CHECK(drain("1m") == "fine");
  CHECK(drain("61s") == "above: 61s is above 60s");
  CHECK(drain("60001ms") == "above: 60001ms is above 60s");
  CHECK(drain("99999999999999999999d") == "above: 99999999999999999999d is above 60s");
  CHECK(drain("0") == "unit: needs a unit, for example 30s (got 0)");
  CHECK(drain("1w") == "type: needs a duration, for example 30s (got \"1w\")");
  CHECK(drain("1.5s") == "type: needs a duration, for example 30s (got \"1.5s\")");
  CHECK(drain("-1s") == "type: needs a duration, for example 30s (got \"-1s\")");
  const auto segment = [](const std::string& value) {
    return told_of("storage: {segment_size: " + value + "}\n");
  };
  CHECK(segment("1MiB") == "fine");
  CHECK(segment("1048575B") == "below: 1048575B is below 1MiB");
  CHECK(segment("64MiB") == "fine");
  CHECK(segment("65537KiB") == "above: 65537KiB is above 64MiB");
  CHECK(segment("64MB") == "type: needs a size, for example 64MiB (got \"64MB\")");
  const auto idle = [](const std::string& value) {
    return told_of("smpp: {timers: {enquire_link: " + value + "}}\n");
  };
  CHECK(idle("0s") == "fine");
  CHECK(idle("4s") == "below: 4s is below 5s");
  CHECK(idle("5s") == "fine");
}

TEST_CASE("only true and false are booleans") {
  const auto told = [](const std::string& value) {
    return told_of(account() + "    enabled: " + value + "\n");
  };
  CHECK(told("true") == "fine");
  CHECK(told("yes") == "type: needs true or false (got yes)");
  CHECK(told("True") == "type: needs true or false (got True)");
  CHECK(told("\"true\"") == "type: needs true or false (got \"true\")");
  CHECK(told("1") == "type: needs true or false (got 1)");
}

TEST_CASE("text that some reader takes for something else needs quotes") {
  for (const auto* word : {"0447",
                           "447700900123",
                           "NO",
                           "no",
                           "y",
                           "off",
                           "08:00",
                           "1e3",
                           "+33612345678",
                           "0x41",
                           "1.2",
                           ".5",
                           "2026-11-21",
                           "2026-11-21T08:00:00Z",
                           "null",
                           "~",
                           "",
                           ".inf",
                           "=",
                           "0b1",
                           "1_0",
                           "12:30:45.5"}) {
    INFO(word);
    CHECK(needs_quotes(word));
  }
  for (const auto* word :
       {"ACME", "44a", "op-a", "10.9.8.7:2775", "off-peak", "nobody", "1.2.3", "::1", "2026-11", "3d"}) {
    INFO(word);
    CHECK_FALSE(needs_quotes(word));
  }
  CHECK(told_of(operator_item() + "    version: 3.4\n") ==
        "needs_quotes: write \"3.4\" in quotes: it is text");
  CHECK(told_of(operator_item() + "    match_address: off\n") ==
        "needs_quotes: write \"off\" in quotes: it is text");
  CHECK(told_of(operator_item() + "    match_address: \"off\"\n") == "fine");
  CHECK(told_of(operator_item() + "    stat_map: {5: DELIVERED}\n") ==
        "needs_quotes: write \"5\" in quotes: it is text");
}

TEST_CASE("texts keep to the lengths and letters of their fields") {
  const auto system_id = [](const std::string& value) {
    return told_of("smpp: {listeners: [{name: a, address: \"[::1]:0\", system_id: " + value + "}]}\n");
  };
  CHECK(system_id("abcdefghijklmno") == "fine");
  CHECK(system_id("abcdefghijklmnop") == "above: 16 characters are above 15");
  CHECK(system_id("\"\"") == "below: must not be empty");
  CHECK(system_id("\"é\"") == "type: needs printable ASCII characters");
  CHECK(
      told_of("accounts: [{name: Acme}]\n") ==
      "type: needs a name of a-z, 0-9, dots, hyphens and underscores, at most 64 characters, (got \"Acme\")");
  CHECK(told_of("accounts: [{name: last_sender}]\n") == "type: last_sender is reserved");
  CHECK(told_of("storage: {path: data}\n") == "type: needs an absolute path (got \"data\")");
  CHECK(told_of(account() + "    destinations: {allow: [\"+44\"]}\n") ==
        "type: needs digits without + (got \"+44\")");
}

TEST_CASE("addresses, hosts and networks are checked") {
  const auto listen = [](const std::string& value) {
    return told_of("http: {listeners: [{name: a, address: \"" + value + "\"}]}\n");
  };
  for (const auto* good : {"127.0.0.1:0", "10.1.2.3:65535", "[::1]:80", "[fd00::1]:80", "192.168.0.1:1",
                           "172.31.0.1:1", "[fe80::1]:1"}) {
    INFO(good);
    CHECK(listen(good) == "fine");
  }
  for (const auto* bad : {"127.0.0.1", "127.0.0.1:65536", "localhost:80", "::1:80", "[::1]", "256.0.0.1:1",
                          "01.0.0.1:1", "[1::2::3]:1", "[:::1]:1", "[1:2:3:4:5:6:7]:1",
                          "[1:2:3:4:5:6:7:8:9]:1", "[12345::]:1", ":80", "127.0.0.1:", "[1:]:1"}) {
    INFO(bad);
    CHECK(listen(bad).starts_with("type: needs an IP address and a port"));
  }
  for (const auto* open : {"0.0.0.0:80", "[::]:80", "203.0.113.1:80", "172.32.0.1:80"}) {
    INFO(open);
    CHECK(listen(open).starts_with("conflict: "));
  }
  const auto network = [](const std::string& value) {
    return told_of(account() + "    smpp: {allow_ips: [\"" + value + "\"]}\n");
  };
  for (const auto* good :
       {"0.0.0.0/0", "203.0.113.7", "203.0.113.0/32", "2001:db8::/32", "::/0", "::ffff:10.0.0.1"}) {
    INFO(good);
    CHECK(network(good) == "fine");
  }
  for (const auto* bad : {"203.0.113.0/33", "2001:db8::/129", "203.0.113.0/", "example.com", "203.0.113"}) {
    INFO(bad);
    CHECK(network(bad).starts_with("type: needs an address or a network"));
  }
  const auto host = [](const std::string& value) {
    return told_of("operators: [{name: a, hosts: [\"" + value + "\"], system_id: x, password: secret}]\n");
  };
  CHECK(host("smsc1.example:2775") == "fine");
  CHECK(host("[2001:db8::1]:2775") == "fine");
  for (const auto* bad : {"smsc1.example", "smsc1.example:0", "-x:1", "a b:1", "a..b:1"}) {
    INFO(bad);
    CHECK(host(bad).starts_with("type: needs a host and a port"));
  }
}

TEST_CASE("lists have bounds on their number of items") {
  CHECK(told_of("operators: [{name: a, hosts: [], system_id: x, password: secret}]\n") ==
        "below: 0 items are below 1");
  CHECK(told_of(operator_item() + "    addr: {dest: [1]}\n") == "below: 1 items are below 2");
  CHECK(told_of(operator_item() + "    addr: {dest: [1, 1, 1]}\n") == "above: 3 items are above 2");
  CHECK(told_of(operator_item() + "    addr: {dest: [1, 256]}\n") == "above: 256 is above 255");
}

TEST_CASE("the nearest word is at most two slips and a third of the word away") {
  const std::vector<std::string_view> words{"burst", "binds", "bind_npi", "durability"};
  CHECK(nearest("biinds", words) == "binds");
  CHECK(nearest("bidns", words) == "binds");  // neighbours swapped: one slip
  CHECK(nearest("durabilty", words) == "durability");
  CHECK(nearest("bxnxx", words).empty());
  CHECK(nearest("bi", words).empty());
  CHECK(edit_distance("ca", "abc", 5) == 3);
  CHECK(edit_distance("abcdef", "a", 2) == 3);
}
