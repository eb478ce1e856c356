// SPDX-License-Identifier: Apache-2.0
// Many problems at once: their order, their text, the summary, and rules between keys.
#include <catch2/catch.hpp>

#include "unit/config/config_tree.hpp"

using namespace aldis;
using namespace aldis::config;

TEST_CASE("all problems are told at once, in order of place, with a summary") {
  ConfigTree tree;
  tree.write("conf.d/uk.yaml",
             "routes:\n  - name: uk2\n    candidates:\n      - {operatr: op-a, tier: 9}\n"
             "  - name: uk\n    candidates: [{operator: op-a}]\n");
  tree.options.environment = {{"ALDIS__STORAGE__DURABILTY", "x"}};
  const Loaded loaded = tree.load(
      "include: [\"conf.d/*.yaml\"]\n"
      "routes:\n  - {name: uk, candidates: [{operator: op-c}]}\n" +
      operator_item() + "    throttle: {per_second: 50, burst: 0, per_second_min: 1}\n    biinds: 1\n");
  CHECK(tree.without_directory(render(loaded.problems, loaded.files_count)) ==
        "aldisd.yaml:4:40: routes[uk].candidates[0].operator: no operator named op-c; did you mean op-a?\n"
        "  - {name: uk, candidates: [{operator: op-c}]}\n"
        "                                       ^\n"
        "aldisd.yaml:10:39: operators[op-a].throttle.burst: 0 is below 1\n"
        "    throttle: {per_second: 50, burst: 0, per_second_min: 1}\n"
        "                                      ^\n"
        "aldisd.yaml:11:5: operators[op-a].biinds: unknown key; did you mean binds?\n"
        "conf.d/uk.yaml:4:9: routes[uk2].candidates[0].operator: required\n"
        "conf.d/uk.yaml:4:10: routes[uk2].candidates[0].operatr: unknown key; did you mean operator?\n"
        "conf.d/uk.yaml:4:31: routes[uk2].candidates[0].tier: 9 is above 8\n"
        "conf.d/uk.yaml:5:5: routes[uk]: given twice; first at aldisd.yaml:4:5\n"
        "env:ALDIS__STORAGE__DURABILTY: storage.durabilty: unknown key; did you mean durability?\n"
        "2 files, 8 errors, 0 warnings: not loaded\n");
  const Problem& burst = loaded.problems.at(1);
  CHECK(burst.file == tree.at("aldisd.yaml"));
  CHECK(burst.line == 10);
  CHECK(burst.column == 39);
  CHECK(burst.path == "operators[op-a].throttle.burst");
  CHECK(name_of(burst.code) == "below");
  CHECK(burst.detail == "0 is below 1");
  CHECK(loaded.problems.at(2).hint == "binds");
  CHECK_FALSE(loaded.ok);
}

TEST_CASE("a warning alone loads, unless warnings are errors") {
  ConfigTree tree;
  tree.write("pw", "secret\n", true);
  const std::string text = "operators: [{name: a, hosts: [\"h:1\"], system_id: x, password: {file: pw}}]\n";
  Loaded loaded = tree.load(text);
  CHECK(loaded.ok);
  CHECK(loaded.settings.operators.at(0).throttle.burst == 5);  // what follows from other keys is there
  CHECK(tree.without_directory(render(loaded.problems, loaded.files_count)) ==
        "aldisd.yaml:2:70: operators[a].password: warning: pw is readable by others; chmod o-r\n"
        "operators: [{name: a, hosts: [\"h:1\"], system_id: x, password: {file: pw}}]\n"
        "                                                                     ^\n"
        "1 file, 0 errors, 1 warning: fine\n");
  tree.options.strict = true;
  loaded = tree.load(text);
  CHECK_FALSE(loaded.ok);
  CHECK(render(loaded.problems, 1, true).ends_with("1 file, 0 errors, 1 warning: not loaded\n"));
}

TEST_CASE("a thousand problems are told, then that there are more") {
  ConfigTree tree;
  std::string text;
  for (int i = 0; i < 3000; ++i) { text += "bad_key_" + std::to_string(i) + ": 1\n"; }
  const Loaded loaded = tree.load(text);
  CHECK(loaded.problems.size() == 1001);
  CHECK(loaded.problems.back().detail == "more than 1000 problems; the rest is not told");
  CHECK_FALSE(loaded.ok);
}

TEST_CASE("rules between keys") {
  ConfigTree tree;
  const auto told = [&](const std::string& text) {
    const Loaded loaded = tree.load(text);
    if (loaded.problems.empty()) { return std::string("fine"); }
    const Problem& p = loaded.problems.front();
    return p.path + ": " + p.detail;
  };
  CHECK(told("storage: {durability: relaxed}\n") == "storage.max_loss_ms: required");
  CHECK(told("storage: {durability: relaxed, max_loss_ms: 10}\n") == "fine");
  CHECK(told("smpp: {listeners: [{name: p, address: \"0.0.0.0:2775\"}]}\n")
            .starts_with("smpp.listeners[p].address: 0.0.0.0:2775 is neither"));
  CHECK(told("smpp: {listeners: [{name: p, address: \"0.0.0.0:2775\", plain_public: true}]}\n") == "fine");

  const std::string login = "    logins: [{kind: smpp, user: u, password: secret}]\n";
  CHECK(told(account() + login) == "accounts[acme].smpp.allow_ips: required with an smpp login");
  CHECK(told(account() + login + "    smpp: {allow_ips: [\"::1\"]}\n") == "fine");
  CHECK(told(account() + "    logins: [{kind: smpp, user: u}]\n    smpp: {allow_ips: [\"::1\"]}\n") ==
        "accounts[acme].logins[0].password: required, or password_hash");
  CHECK(told("account_defaults: {smpp: {allow_ips: [\"::1\"]}}\n" + account() + login +
             "  - {name: b, logins: [{kind: smpp, user: u, password: secret}]}\n") ==
        "accounts[b].logins[0].user: given twice; first at " + tree.at("aldisd.yaml") + ":5:33");
  const auto told_login = [&](const std::string& item) {
    return told(account() + "    logins: [{" + item + "}]\n");
  };
  CHECK(told_login("kind: kannel, user: u, password: p") == "fine");  // addresses are a matter of SMPP
  CHECK(told_login("kind: kannel, password: p") == "accounts[acme].logins[0].user: required");
  CHECK(told_login("kind: jasmin, user: seventeen_letters, password: p") ==
        "accounts[acme].logins[0].user: longer than the 16 characters of kind jasmin");
  CHECK(told_login("kind: kannel, user: u, password: p}, {kind: jasmin, user: u, password: p") == "fine");
  CHECK(told_login("kind: kannel, user: u, password: p}, {kind: kannel, user: u, password: p")
            .starts_with("accounts[acme].logins[1].user: given twice; first at "));
  CHECK(told_login("kind: twilio, password: p") == "fine");
  CHECK(told_login("kind: twilio") == "accounts[acme].logins[0].password: required");
  CHECK(told_login("kind: twilio, user: u, password: p") ==
        "accounts[acme].logins[0].user: kind twilio has none: clients know the account by its SID");
  CHECK(told_login("kind: twilio, password_hash: "
                   "\"$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA\"") ==
        "accounts[acme].logins[0].password_hash: kind twilio needs password: it signs callbacks, too");
  CHECK(
      told_login(
          "kind: kannel, user: u, password: p, options: {account_sid: AC8876b7b8c05382a34d919b496069dc61}") ==
      "accounts[acme].logins[0].options.account_sid: kind kannel has no such option");
  CHECK(told_login("kind: twilio, password: p, options: {pools: [{sid: MG0123456789abcdef0123456789abcdef, "
                   "senders: []}]}") ==
        "accounts[acme].logins[0].options.pools[0].senders: 0 items are below 1");
  CHECK(told_login("kind: twilio, password: p, options: {account_sid: XX8876b7b8c05382a34d919b496069dc61}") ==
        "accounts[acme].logins[0].options.account_sid: must begin with AC");
  CHECK(told(account() + "    validity: 8d\n") == "accounts[acme].validity: 8d is above validity_max");
  CHECK(told(account() + "    validity_max: 1h\n") == "accounts[acme].validity: 48h is above validity_max");
  CHECK(told(account() + "    senders: {refused: replace}\n") ==
        "accounts[acme].senders.default: required with refused: replace");
  CHECK(told(account() + "    receipts: {intermediate_esm: 0x08}\n") ==
        "accounts[acme].receipts.intermediate_esm: 0x08 is not one of 0x20, 0x04");
  CHECK(told(account() + "    smpp: {bind_types: []}\n") ==
        "accounts[acme].smpp.bind_types: 0 items are below 1");

  CHECK(told(operator_item() + "    throttle: {per_second: 5, per_second_min: 6}\n") ==
        "operators[op-a].throttle.per_second_min: 6 is above per_second");
  CHECK(told(operator_item() + "    window: {min: 10, max: 5}\n") ==
        "operators[op-a].window.min: min 10 is above max 5");
  CHECK(told(operator_item() + "    window: {start: 51}\n") ==
        "operators[op-a].window.start: 51 is above max");
  CHECK(told(operator_item() + "    lease: 49\n") == "operators[op-a].lease: 49 is below window.max 50");
  CHECK(told(operator_item() + "    lease: 50\n") == "fine");
  CHECK(told(operator_item() + "    binds: {receiver: 1}\n") ==
        "operators[op-a].binds.transmitter: required with receiver");
  CHECK(told(operator_item() + "    binds: {transceiver: 1, transmitter: 1}\n")
            .starts_with("operators[op-a].binds.transceiver: "));

  CHECK(told("routes: [{name: r}]\n") == "routes[r].candidates: required, or reject");
  CHECK(told("routes: [{name: r, reject: no_route}]\n") == "fine");
  CHECK(told(operator_item() + "routes: [{name: r, reject: no_route, candidates: [{operator: op-a}]}]\n") ==
        "routes[r].reject: candidates or reject, not both");
  CHECK(told(operator_item() + "routes: [{name: r, candidates: [{operator: op-a}, {operator: op-a}]}]\n") ==
        "routes[r].candidates[1].operator: op-a is a candidate twice");
  CHECK(told("routes: [{name: r, reject: no_route, match: {accounts: [acm]}}]\n" + account()) ==
        "routes[r].match.accounts[0]: no account named acm");
  CHECK(told("inbound: {numbers: [{number: \"1\", account: acmee}]}\n" + account()) ==
        "inbound.numbers[0].account: no account named acmee");
  CHECK(told("inbound: {numbers: [{number: \"1\", account: acme}, {number: \"1\", account: acme}]}\n" +
             account()) ==
        "inbound.numbers[1].number: given twice; first at " + tree.at("aldisd.yaml") + ":2:30");
}

TEST_CASE("a slow operator needs one key only") {
  ConfigTree tree;
  const Loaded loaded =
      tree.load(operator_item() + "    throttle: {per_second: 0.5}\n    window: {max: 1}\n");
  REQUIRE(tree.told(loaded) == "");
  const auto& op = loaded.settings.operators.at(0);
  CHECK(op.throttle.per_second_min == 0.5);
  CHECK(op.throttle.burst == 1);
  CHECK(op.window.start == 1);
}

TEST_CASE("burst is a second of an account's rate, at least 10, and a tenth of an operator's, at least 1") {
  ConfigTree tree;
  const auto account_burst = [&](const std::string& rate) {
    return tree.load(account() + "    throttle: {per_second: " + rate + "}\n")
        .settings.accounts.at(0)
        .throttle->burst;
  };
  CHECK(account_burst("1") == 10);
  CHECK(account_burst("10.5") == 11);
  CHECK(account_burst("100000") == 100'000);
  const auto operator_burst = [&](const std::string& rate) {
    return tree.load(operator_item() + "    throttle: {per_second: " + rate + "}\n")
        .settings.operators.at(0)
        .throttle.burst;
  };
  CHECK(operator_burst("1") == 1);
  CHECK(operator_burst("50") == 5);
  CHECK(operator_burst("51") == 6);
  CHECK(operator_burst("100000") == 10'000);
  CHECK(tree.load(operator_item()).settings.operators.at(0).throttle.burst == 5);
  CHECK_FALSE(tree.load(account()).settings.accounts.at(0).throttle.has_value());
}

// --- secrets -----------------------------------------------------------------------------------------------

TEST_CASE("secrets come from files, environment, credentials or text, and lose one newline") {
  ConfigTree tree;
  tree.write("s/pw", "abc\n");
  tree.write("aldis_pw", "def\n");
  tree.options.environment = {{"PW", "ghi"}, {"CREDENTIALS_DIRECTORY", tree.directory}};
  const auto password = [&](const std::string& yaml) {
    const Loaded loaded =
        tree.load("operators: [{name: a, hosts: [\"h:1\"], system_id: x, password: " + yaml + "}]\n");
    return loaded.ok ? loaded.settings.operators.at(0).password.reveal() : tree.told(loaded);
  };
  CHECK(password("{file: s/pw}") == "abc");
  CHECK(password("{file: " + tree.at("s/pw") + "}") == "abc");
  CHECK(password("{cred: pw}") == "def");
  CHECK(password("{env: PW}") == "ghi");
  CHECK(password("\"${PW}\"") == "ghi");
  CHECK(password("jkl") == "jkl");
  CHECK(password("\"0123\"") == "0123");
  CHECK(password("{}").empty());
  CHECK(password("{env: GONE}").find("operators[a].password: cannot read env GONE: not set") !=
        std::string::npos);
  CHECK(password("{cred: gone}")
            .find("operators[a].password: cannot read cred gone: No such file or directory") !=
        std::string::npos);
  CHECK(password("{cred: ../x}").find("not a name") != std::string::npos);
  CHECK(password("{file: s}").find("cannot read s: Is a directory") != std::string::npos);
  CHECK(password("{file: s/pw, env: PW}").find("one of file, env and cred, not several") !=
        std::string::npos);
  CHECK(
      password("{flie: s/pw}")
          .find("operators[a].password.flie: unknown key; known here: file, env, cred; did you mean file?") !=
      std::string::npos);
  CHECK(password("[a]").find("needs a secret") != std::string::npos);
  CHECK(password("123456789").find("write it in quotes: it is text") != std::string::npos);
  CHECK(password("toolongforsmpp").find("longer than 8 characters, which needs password_long: true") !=
        std::string::npos);
}

TEST_CASE("a secret is one line: other files are refused by name, before a peer refuses what is in them") {
  using namespace std::string_literals;
  ConfigTree tree;
  const auto password = [&](const std::string& text) {
    tree.write("s/pw", text);
    const Loaded loaded =
        tree.load("operators: [{name: a, hosts: [\"h:1\"], system_id: x, password: {file: s/pw}}]\n");
    CHECK(tree.told(loaded).find("hunter2") == std::string::npos);
    return loaded.ok ? loaded.settings.operators.at(0).password.reveal() : tree.told(loaded);
  };
  const auto refused = [&](const std::string& text, const std::string& why) {
    return password(text).find("operators[a].password: cannot use file s/pw: it " + why) != std::string::npos;
  };
  CHECK(password("abc") == "abc");
  CHECK(password("abc\r\n") == "abc");
  CHECK(password("a c\n") == "a c");
  for (const char* two :
       {"hunter2\nx", "hunter2\nx\n", "hunter2\n\n", "\nhunter2\n", "hunter2\r\nx\r\n", "a\rb"}) {
    INFO(two);
    CHECK(refused(two, "has more than one line; a secret is one line"));
  }
  CHECK(refused("hunter2\0x\n"s, "has an octet 0, which no password can hold"));
  CHECK(refused("", "is empty"));
  CHECK(refused("\n", "is empty"));
  CHECK(password(std::string((64u << 10) + 1, 'x')).find("cannot read s/pw: larger than 64 KiB") !=
        std::string::npos);

  tree.write("aldis_pw", "hunter2\nx\n");
  tree.options.environment = {{"PW", ""}, {"CREDENTIALS_DIRECTORY", tree.directory}};
  const auto told = [&](const std::string& from) {
    return tree.told("operators: [{name: a, hosts: [\"h:1\"], system_id: x, password: " + from + "}]\n");
  };
  CHECK(told("{cred: pw}").find("cannot use cred pw: it has more than one line") != std::string::npos);
  CHECK(told("{env: PW}").find("cannot use env PW: it is empty") != std::string::npos);
}

TEST_CASE("no problem shows a secret, wherever it stands and whatever is wrong beside it") {
  ConfigTree tree;
  tree.write("pw", "hunter2-from-file\n");
  tree.options.environment = {{"PW", "hunter2-from-env"},
                              {"ALDIS__OPERATORS__A__PASSWORD", "hunter2-override"}};
  tree.options.overrides = {"operators[a].pasword=hunter2", "operators[b].password=hunter2hunter2"};
  const std::string in_every_value =
      "{name: a, hosts: [\"h:1\"], system_id: x, password: \"${PW}\", lease: \"${PW}\", long: \"${PW}\", "
      "enabled: \"${file:pw}\"}";
  const std::vector<std::string> items{
      "{name: a, hosts: [\"h:1\"], password: hunter2, system_id: x, lease: 0}",
      "{name: a, hosts: [\"h:1\"], pasword: hunter2, system_id: x, lease: 0}",
      "{name: a, hosts: [\"h:1\"], pw: [hunter2], system_id: x, lease: 0}",
      "{name: a, hosts: [\"h:1\"], password: {fil: hunter2}, system_id: x, lease: 0}",
      "{name: a, hosts: [\"h:1\"], password: \"hunter2\n    more\", lease: 0}",
      "{name: a, hosts: [\"h:1\"], password: xx\n    hunter2, lease: 0}",
      "{name: a, hosts: [\"h:1\"], password: 'it''s\n    hunter2', lease: 0}",
      "{name: a, hosts: [\"h:1\"], password: \"a\\\"\n    hunter2\", lease: 0}",
      in_every_value,
      "{name: a, hosts: [\"h:1\"], system_id: \"${file:pw}\", password: {file: pw}, queue_max: \"${PW}\"}",
      "{name: a, hosts: [\"${PW}\"], password: *hunter2}",
      "{name: a, password: &hunter2 hunter2}",
      "{name: a, password: !hunter2 hunter2}",
      "{name: a, password: hunter2",
      "\n    name: a\n    password: |\n      hunter2\n\thunter2\n",
      "\n    name: a\n    password: |\n      hunter2\n      hunter2\n    lease: 0\n",
  };
  for (const auto& item : items) {
    INFO(item);
    const Loaded loaded = tree.load("operators:\n  - " + item + "\n  - {name: b}\n");
    const std::string told = render(loaded.problems, loaded.files_count);
    CHECK_FALSE(loaded.ok);
    CHECK(told.find("hunter2") == std::string::npos);
    for (const auto& problem : loaded.problems) {
      CHECK((problem.detail + problem.hint + problem.source_line + problem.path).find("hunter2") ==
            std::string::npos);
    }
  }
}
