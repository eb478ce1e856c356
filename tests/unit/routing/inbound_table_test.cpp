// SPDX-License-Identifier: Apache-2.0
#include "aldis/routing/inbound_table.hpp"

#include <catch2/catch.hpp>

using namespace aldis;
using namespace aldis::routing;

namespace {

std::optional<AccountId> account_of(std::string_view name) {
  if (name == "acme") { return AccountId{1}; }
  if (name == "shop") { return AccountId{2}; }
  return std::nullopt;
}
std::optional<OperatorId> operator_of(std::string_view name) {
  return name == "op-a" ? std::optional{OperatorId{5}} : std::nullopt;
}
InboundTable table_of(const InboundSettings& settings) { return {settings, account_of, operator_of}; }

const AccountId kAcme{1};
const AccountId kShop{2};

}  // namespace

TEST_CASE(
    "an inbound message goes to the first route that holds, else to the owner of the number, else to "
    "nobody") {
  InboundSettings settings;
  settings.numbers = {{.number = "80010", .account = "acme"}};
  settings.routes = {
      {.name = "vote",
       .to = {"80010"},
       .keyword = {"VOTE", "re:V[0O]TE"},
       .operators = {},
       .account = "shop"},
      {.name = "op", .to = {"re:9[0-9]+"}, .keyword = {}, .operators = {"op-a"}, .account = "shop"},
      {.name = "nine", .to = {"99"}, .keyword = {}, .operators = {}, .account = "acme"},
  };
  const auto table = table_of(settings);
  CHECK(table.find({.op = OperatorId{5}, .destination = "80010", .text = "hello"}) == kAcme);
  CHECK(table.find({.op = OperatorId{5}, .destination = "80010", .text = " vote 7"}) == kShop);
  CHECK(table.find({.op = OperatorId{5}, .destination = "80010", .text = "v0te\n7"}) == kShop);
  CHECK(table.find({.op = OperatorId{5}, .destination = "80010", .text = "voter"}) == kAcme);
  CHECK(table.find({.op = OperatorId{5}, .destination = "80010", .text = ""}) == kAcme);
  CHECK(table.find({.op = OperatorId{5}, .destination = "99", .text = "x"}) == kShop);
  CHECK(table.find({.op = OperatorId{6}, .destination = "99", .text = "x"}) == kAcme);
  CHECK_FALSE(table.find({.op = OperatorId{6}, .destination = "98", .text = "x"}));
  CHECK_FALSE(table.find({.op = OperatorId{6}, .destination = "8001", .text = "vote"}));
}

TEST_CASE("octets of any alphabet do no harm") {
  InboundSettings settings;
  settings.routes = {{.name = "k", .to = {}, .keyword = {"re:.*\\xff"}, .operators = {}, .account = "shop"}};
  CHECK(table_of(settings).find({.destination = "1", .text = std::string_view{"\x00\xff", 2}}) == kShop);
  CHECK_FALSE(table_of(settings).find({.destination = "1", .text = std::string_view{"\x00\xfe", 2}}));
}

TEST_CASE("inbound settings that cannot be used are refused by place") {
  InboundSettings settings;
  settings.numbers = {{.number = "1", .account = "nobody"}};
  CHECK_THROWS_WITH(table_of(settings), "inbound.numbers[1]: no account named nobody");
  settings.numbers = {{.number = "1", .account = "acme"}, {.number = "1", .account = "shop"}};
  CHECK_THROWS_WITH(table_of(settings), "inbound.numbers[1]: given twice");
  settings.numbers.clear();
  settings.routes = {{.name = "r", .to = {}, .keyword = {}, .operators = {"nobody"}, .account = "acme"}};
  CHECK_THROWS_WITH(table_of(settings), "inbound.routes[r].match.operators: no operator named nobody");
  settings.routes = {{.name = "r", .to = {}, .keyword = {}, .operators = {}, .account = "last_sender"}};
  CHECK_THROWS_WITH(table_of(settings), Catch::Contains("last_sender"));
}
