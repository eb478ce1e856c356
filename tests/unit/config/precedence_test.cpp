// SPDX-License-Identifier: Apache-2.0
// Where a value comes from when several places say one: files, defaults, profiles, environment, command line.
#include <catch2/catch.hpp>

#include "unit/config/config_tree.hpp"

using namespace aldis;
using namespace aldis::config;

TEST_CASE("included files follow in the order of their names and win over the main file") {
  ConfigTree tree;
  tree.write("conf.d/20.yaml", "storage: {reserve_segments: 20}\naccounts: [{name: c}]\n");
  tree.write("conf.d/10.yaml",
             "storage: {reserve_segments: 10, segment_size: 2MiB}\naccounts: [{name: b}]\n");
  tree.write("conf.d/ignored.txt", "nonsense: [\n");
  const Loaded loaded = tree.load(
      "include: [\"conf.d/*.yaml\", \"none/*.yaml\"]\nstorage: {path: /a, reserve_segments: 5}\naccounts: "
      "[{name: a}]\n");
  REQUIRE(tree.told(loaded) == "");
  CHECK(loaded.files_count == 3);
  CHECK(loaded.settings.storage.path == "/a");
  CHECK(loaded.settings.storage.reserve_segments == 20);
  CHECK(loaded.settings.storage.segment_octets == 2u << 20);
  REQUIRE(loaded.settings.accounts.size() == 3);
  CHECK(loaded.settings.accounts[0].name == "a");
  CHECK(loaded.settings.accounts[2].name == "c");
}

TEST_CASE("one name in two files is an error that names both places") {
  ConfigTree tree;
  tree.write("uk.yaml", "routes:\n  - name: uk\n    reject: no_route\n");
  CHECK(tree.told("include: [uk.yaml]\nroutes:\n  - name: uk\n    reject: no_route\n") ==
        "uk.yaml:2:5: routes[uk]: given twice; first at aldisd.yaml:4:5\n");
}

TEST_CASE("schema_version, node and include stand in the main file only") {
  ConfigTree tree;
  tree.write("a.yaml", "schema_version: 1\nnode: {id: 1}\ninclude: [b.yaml]\n");
  CHECK(tree.told("include: [a.yaml]\n") ==
        "a.yaml:1:1: schema_version: only in the main file\n"
        "a.yaml:2:1: node: only in the main file\n"
        "a.yaml:3:1: include: only in the main file\n");
}

TEST_CASE("an included file that is named must be there, and a broken one stops the rest") {
  ConfigTree tree;
  CHECK(tree.told("include: [gone.yaml]\n") == "gone.yaml: cannot read: No such file or directory\n");
  tree.write("bad.yaml", "routes: [\n");
  CHECK(tree.told("include: [bad.yaml]\nstorge: 1\n") ==
        "bad.yaml:2:1: not YAML: end of sequence flow not found\n");
}

TEST_CASE("a file is read once even where two globs or itself name it") {
  ConfigTree tree;
  tree.write("a.yaml", "accounts: [{name: a}]\n");
  const Loaded loaded = tree.load("include: [\"*.yaml\", a.yaml]\n");
  CHECK(tree.told(loaded).empty());
  CHECK(loaded.files_count == 2);
}

TEST_CASE("built-in < profile < operator_defaults < item < environment < command line") {
  ConfigTree tree;
  tree.write("operators/csvtel.yaml",
             "profile: csvtel\nattempts_max: 20\nlong: sar\nthrottle: {per_second: 200, per_second_min: 2}\n"
             "stat_map: {\"5\": REJECTED, \"6\": EXPIRED}\naddr: {dest: [1, 0]}\n");
  tree.options.environment = {{"ALDIS__OPERATORS__OP_A__WINDOW__MAX", "60"},
                              {"ALDIS__OPERATORS__OP_A__WINDOW__MIN", "3"},
                              {"PATH", "/bin"}};
  tree.options.overrides = {"operators[op-a].window.max=70", "operators.op-a.lease=71",
                            "operators[op-a].lease=72"};
  const Loaded loaded = tree.load(
      "operator_defaults: {profile: csvtel, attempts_max: 30, queue_max: 3, throttle: {per_second_min: 3}, "
      "window: {max: 40}}\n" +
      operator_item() +
      "    queue_max: 4\n    throttle: {per_second: 400}\n    stat_map: {\"5\": DELIVERED}\n" +
      "  - {name: op-b, hosts: [\"h:1\"], system_id: x, password: secret, profile: generic}\n");
  REQUIRE(tree.told(loaded) == "");
  const auto& a = loaded.settings.operators.at(0);
  CHECK(a.cancel == false);              // built in
  CHECK(a.long_form == LongForm::kSar);  // profile
  CHECK(a.attempts_max == 30);           // defaults over profile
  CHECK(a.queue_max == 4);               // item over defaults
  CHECK(a.throttle.per_second == 400);   // item over profile, key by key
  CHECK(a.throttle.per_second_min == 3);
  CHECK(a.stat_map == std::map<std::string, Status>{{"5", Status::kDelivered}, {"6", Status::kExpired}});
  CHECK(a.dest.npi == 0);
  CHECK(a.window.min == 3);   // environment
  CHECK(a.window.max == 70);  // command line over environment and defaults
  CHECK(a.lease == 72u);      // the last one wins
  const auto& b = loaded.settings.operators.at(1);
  CHECK(b.long_form == LongForm::kUdh8);
  CHECK(b.attempts_max == 30);
  CHECK(b.window.max == 40);
  CHECK(loaded.files_count == 2);
}

TEST_CASE("account_defaults go under every account") {
  ConfigTree tree;
  const Loaded loaded = tree.load(
      "accounts:\n  - {name: a, smpp: {window_in: 5}}\n  - {name: b, throttle: {per_second: 7}}\n"
      "account_defaults: {smpp: {window_in: 9, window_out: 8}, throttle: {burst: 77, per_second: 5}, "
      "classes: [otp]}\n");
  REQUIRE(tree.told(loaded) == "");
  const auto& accounts = loaded.settings.accounts;
  CHECK(accounts[0].smpp.window_in == 5);
  CHECK(accounts[0].smpp.window_out == 8);
  CHECK(accounts[1].smpp.window_in == 9);
  CHECK(accounts[0].throttle->per_second == 5);
  CHECK(accounts[1].throttle->per_second == 7);
  CHECK(accounts[1].throttle->burst == 77);
  CHECK(accounts[0].classes == std::vector{MessageClass::kOtp});
}

TEST_CASE("a fault in defaults or a profile is told once, where it stands, however many items take it") {
  ConfigTree tree;
  tree.write("operators/p.yaml", "attempts_max: 0\nhosts: [\"h:1\"]\n");
  CHECK(tree.told("operator_defaults: {name: x, queue_max: 0, profile: p}\noperators:\n"
                  "  - {name: a, hosts: [\"h:1\"], system_id: x, password: secret}\n"
                  "  - {name: b, hosts: [\"h:1\"], system_id: x, password: secret}\n") ==
        "aldisd.yaml:2:21: operator_defaults.name: unknown key; known here: profile, enabled, hosts, binds, "
        "system_id, "
        "password, password_long, system_type\n"
        "aldisd.yaml:2:41: operator_defaults.queue_max: 0 is below 1\n"
        "operators/p.yaml:1:15: attempts_max: 0 is below 1\n"
        "attempts_max: 0\n"
        "              ^\n"
        "operators/p.yaml:2:1: hosts: unknown key; known here: profile, password_long, version, tlvs_out, "
        "timers, throttle, "
        "window, lease\n");
}

TEST_CASE("a profile must exist, be named as its file, and cannot lie elsewhere") {
  ConfigTree tree;
  tree.write("operators/csvtel.yaml", "profile: csv\n");
  tree.write("secret.yaml", "attempts_max: 5\n");
  const auto told = [&](const std::string& name) {
    return tree.told(operator_item() + "    profile: " + name + "\n");
  };
  CHECK(told("csvtle") ==
        "aldisd.yaml:7:14: operators[op-a].profile: no profile named csvtle; did you mean csvtel?\n"
        "    profile: csvtle\n"
        "             ^\n");
  CHECK(told("../secret").find("no profile named ../secret") != std::string::npos);
  CHECK(told("csvtel") ==
        "operators/csvtel.yaml:1:10: profile: csv in a file named csvtel.yaml\n"
        "profile: csv\n"
        "         ^\n");
}

TEST_CASE("the environment and the command line name settings or are refused") {
  ConfigTree tree;
  tree.options.environment = {
      {"ALDIS__STORAGE__DURABILTY", "always"}, {"ALDIS__OPERATORS__OP_X__LEASE", "1"},
      {"ALDIS__OPERATORS__OP_B__LEASE", "1"},  {"ALDIS__STORAGE", "x"},
      {"ALDIS__STORAGE__PATH__X", "x"},        {"ALDIS__STORAGE__RESERVE_SEGMENTS", "1"}};
  tree.options.overrides = {"storage.path", "storage.path=relative", "routes[0].priority=5",      "accounts=",
                            "=x",           "storage..path=x",       "operators[op-a].hosts[0]=x"};
  CHECK(tree.told(operator_item() + "  - {name: op-b, hosts: [\"h:1\"], system_id: x, password: secret}\n"
                                    "  - {name: op.b, hosts: [\"h:1\"], system_id: x, password: secret}\n") ==
        "env:ALDIS__OPERATORS__OP_B__LEASE: operators: OP_B is ambiguous: op-b and op.b\n"
        "env:ALDIS__OPERATORS__OP_X__LEASE: operators: no operator named op_x; did you mean op-a?\n"
        "env:ALDIS__STORAGE: storage: only single values can be set here\n"
        "env:ALDIS__STORAGE__DURABILTY: storage.durabilty: unknown key; did you mean durability?\n"
        "env:ALDIS__STORAGE__PATH__X: storage.path: has no keys\n"
        "env:ALDIS__STORAGE__RESERVE_SEGMENTS: storage.reserve_segments: 1 is below 2\n"
        "--set: storage.path: needs PATH=VALUE\n"
        "--set: storage.path: needs an absolute path (got \"relative\")\n"
        "--set: routes: no route named 0\n"
        "--set: accounts: only single values can be set here\n"
        "--set: needs PATH=VALUE\n"
        "--set: storage..path: needs PATH=VALUE\n"
        "--set: operators[op-a].hosts: only single values can be set here\n");
}

TEST_CASE("overrides are text that is never read as YAML, and needs no quotes") {
  ConfigTree tree;
  tree.write("pw", "from-fil\n");
  tree.options.environment = {{"ALDIS__OPERATORS__OP_A__PASSWORD__FILE", "pw"}, {"ALDIS__NODE__ID", "7"}};
  tree.options.overrides = {"operators[op-a].version=5.0", "operators[op-a].system_type={a: b}",
                            "operators[op-a].enabled=false", "operators[op-a].stat_map.ODD=EXPIRED",
                            "operators[op-a].address_range="};
  const Loaded loaded = tree.load(operator_item());
  REQUIRE(tree.told(loaded) == "");
  const auto& a = loaded.settings.operators.at(0);
  CHECK(a.password.reveal() == "from-fil");
  CHECK(loaded.settings.node_id == 7);
  CHECK(a.version == VersionSetting::k50);
  CHECK(a.system_type == "{a: b}");
  CHECK_FALSE(a.enabled);
  CHECK(a.stat_map.at("ODD") == Status::kExpired);
}

TEST_CASE("${...} is replaced once, in values only, and may stand for any type") {
  ConfigTree tree;
  tree.write("conf.d/a.yaml", "operator_defaults: {system_type: \"${file:type}\"}\n");
  tree.write("conf.d/type", "VMA\n");
  tree.write("aldis_cred", "cred-text\n");
  tree.options.environment = {
      {"SEGMENTS", "9"}, {"TWICE", "${SEGMENTS}"}, {"CREDENTIALS_DIRECTORY", tree.directory}, {"EMPTY", ""}};
  const Loaded loaded = tree.load(
      "include: [\"conf.d/*.yaml\"]\nstorage:\n  reserve_segments: ${SEGMENTS}\n  path: "
      "/a/${TWICE}/$${x}/$y/${NONE:-d}${EMPTY:-e}\n" +
      operator_item() +
      "    submit: {service_type: \"${NONE:-}\"}\n    address_range: \"${cred:cred}\"\n    x-a: ${NONE}\n");
  REQUIRE(tree.told(loaded) == "");
  CHECK(loaded.settings.storage.reserve_segments == 9);
  CHECK(loaded.settings.storage.path == "/a/${SEGMENTS}/${x}/$y/d");
  CHECK(loaded.settings.operators.at(0).system_type == "VMA");
  CHECK(loaded.settings.operators.at(0).address_range == "cred-text");
  CHECK(tree.told("storage:\n  path: /${A B}\n  reserve_segments: ${open\n  segment_size: \"${file:none}\"\n "
                  " durability: ${cred:../x}\n") ==
        "aldisd.yaml:3:9: storage.path: ${...} needs NAME, NAME:-default, file:PATH or cred:NAME\n  path: "
        "/${A B}\n        ^\n"
        "aldisd.yaml:4:21: storage.reserve_segments: ${ without }\n  reserve_segments: ${open\n              "
        "      ^\n"
        "aldisd.yaml:5:17: storage.segment_size: cannot read none: No such file or directory\n  "
        "segment_size: \"${file:none}\"\n                ^\n"
        "aldisd.yaml:6:15: storage.durability: cannot read cred ../x: not a name\n  durability: "
        "${cred:../x}\n              ^\n");
}
