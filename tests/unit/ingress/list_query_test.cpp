// SPDX-License-Identifier: Apache-2.0
#include "ingress/list_query.hpp"

#include <catch2/catch.hpp>

namespace aldis::ingress {
namespace {

struct Lists {
  Lists() {
    settings.operators.resize(1);
    settings.operators[0].name = "north";
  }
  [[nodiscard]] Result<ListQuery, api::Problem> read(std::string_view query) const {
    return read_list_query(now, query, Directory{settings, {}}, ids);
  }
  [[nodiscard]] api::Problem refusal(std::string_view query) const {
    auto read_query = read(query);
    REQUIRE(read_query.has_error());
    return read_query.error();
  }
  Settings settings;
  PublicIds ids{SipKey{1, 2}};
  Now now{Instant{} + hours{1}, WallTime{seconds{1'790'000'000}}};
};

TEST_CASE("a list without words is of the last day, the newest hundred first") {
  const Lists lists;
  const auto read = lists.read("");
  REQUIRE(read.has_value());
  CHECK(read->limit == 100);
  CHECK(read->order == history::Order::kNewestFirst);
  CHECK(read->filter.since == lists.now.wall - hours{24});
  CHECK_FALSE(read->filter.until);
  CHECK_FALSE(read->after);
}

TEST_CASE("every filter of a list reaches history, and statuses add up") {
  const Lists lists;
  const auto read = lists.read(
      "to=%2B447700900*&from=ACME&status=delivered&status=sending&label=spring&reference=o-1&operator=north&"
      "operator_id=7F2A&since=2026-11-21T00:00:00Z&until=2026-11-22T00:00:00%2B01:00&order=asc&limit=7&"
      "account=demo");
  REQUIRE(read.has_value());
  const history::Filter& f = read->filter;
  CHECK(f.destination == "447700900");
  CHECK(f.destination_prefix);
  CHECK(f.source == "ACME");
  const auto bit = [](Status status) { return 1u << static_cast<unsigned>(status); };
  CHECK(f.statuses == (bit(Status::kDelivered) | bit(Status::kSending) | bit(Status::kUncertain)));
  CHECK(f.label == "spring");
  CHECK(f.reference == "o-1");
  CHECK(f.op == OperatorId{0});
  CHECK(f.operator_id == "7F2A");
  CHECK(*f.until - *f.since == hours{23});
  CHECK(read->order == history::Order::kOldestFirst);
  CHECK(read->limit == 7);
  CHECK(lists.read("to=+447700900123")->filter.destination == "447700900123");  // a plus that nobody encoded
}

TEST_CASE("what a list cannot have is refused, all of it in one answer") {
  const Lists lists;
  CHECK(lists.refusal("colour=red").code == api::Code::kUnknownField);
  CHECK(lists.refusal("limit=0").code == api::Code::kInvalidField);
  CHECK(lists.refusal("limit=1001").code == api::Code::kInvalidField);
  CHECK(lists.refusal("limit=10x").code == api::Code::kInvalidField);
  CHECK(lists.refusal("to=44770*").code == api::Code::kInvalidField);
  CHECK(lists.refusal("to=ACME").code == api::Code::kInvalidField);
  CHECK(lists.refusal("status=lost").code == api::Code::kInvalidField);
  CHECK(lists.refusal("order=up").code == api::Code::kInvalidField);
  CHECK(lists.refusal("since=yesterday").code == api::Code::kInvalidField);
  CHECK(lists.refusal("operator=south").code == api::Code::kInvalidField);
  CHECK(lists.refusal("label=").code == api::Code::kInvalidField);
  CHECK(lists.refusal("country=GB").code == api::Code::kNotImplemented);
  CHECK(lists.refusal("to=447700900123&to=447700900124").code == api::Code::kNotImplemented);
  CHECK(lists.refusal("limit=0&colour=red&status=lost").faults.size() == 3);
}

TEST_CASE("a cursor leads on in its own list for a day, and in no other") {
  Lists lists;
  const auto first = lists.read("label=spring");
  const auto cursor = cursor_after(lists.now, MessageId{77}, *first, lists.ids);
  const WallTime began = lists.now.wall;
  lists.now.wall += hours{3};
  const auto next = lists.read("label=spring&after=" + cursor);
  REQUIRE(next.has_value());
  CHECK(next->after == MessageId{77});
  CHECK(next->filter.since == began - hours{24});  // as the first page had it
  CHECK(lists.refusal("label=autumn&after=" + cursor).code == api::Code::kInvalidCursor);
  CHECK(lists.refusal("label=spring&order=asc&after=" + cursor).code == api::Code::kInvalidCursor);
  CHECK(lists.refusal("label=spring&status=sent&after=" + cursor).code == api::Code::kInvalidCursor);
  CHECK(lists.refusal("label=spring&since=2026-01-01T00:00:00Z&after=" + cursor).code ==
        api::Code::kInvalidCursor);
  CHECK(lists.refusal("label=spring&after=" + cursor.substr(1)).code == api::Code::kInvalidCursor);
  for (const std::size_t at : {0u, 31u, 32u, 50u, 79u}) {
    std::string wrong = cursor;
    wrong[at] = wrong[at] == '0' ? '1' : '0';
    CHECK(lists.refusal("label=spring&after=" + wrong).code == api::Code::kInvalidCursor);
  }
  lists.now.wall += hours{22};
  CHECK(lists.refusal("label=spring&after=" + cursor).code == api::Code::kCursorExpired);
  CHECK(cursor.find("4d") != 0);  // not the number itself: ids are not to be counted
  CHECK(with_cursor("limit=5&after=old&label=a+b", "new") == "limit=5&label=a+b&after=new");
}

TEST_CASE("a client says how long it would rather wait, within ten seconds") {
  CHECK(wish_to_wait("wait=4") == seconds{4});
  CHECK(wish_to_wait("respond-async, wait=120") == seconds{10});
  CHECK_FALSE(wish_to_wait(""));
  CHECK_FALSE(wish_to_wait("wait=soon"));
  CHECK_FALSE(wish_to_wait("count=estimated"));
}

}  // namespace
}  // namespace aldis::ingress
