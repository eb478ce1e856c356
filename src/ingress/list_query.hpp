// SPDX-License-Identifier: Apache-2.0
// What a list of messages is asked for in a URL, and the cursors that lead from page to page.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aldis/api/problem.hpp"
#include "aldis/base/result.hpp"
#include "aldis/base/time.hpp"
#include "aldis/core/directory.hpp"
#include "aldis/core/public_id.hpp"
#include "aldis/ingress/history_calls.hpp"

namespace aldis::ingress {

struct ListQuery {
  history::Filter filter;  // without an account
  history::Order order = history::Order::kNewestFirst;
  std::optional<MessageId> after;
  std::size_t limit = 100;
};

// The query of a URL: limit, after, order and filters; "account" is passed over. Every fault is named. Of two
// values for one filter, which would mean either, only those of "status" are understood.
Result<ListQuery, api::Problem> read_list_query(const Now& now, std::string_view query,
                                                const Directory& directory, const PublicIds& ids);

// Where the page after `last` begins, for the same list and no other, within a day.
std::string cursor_after(const Now& now, MessageId last, const ListQuery& query, const PublicIds& ids);

// `query` with another cursor.
std::string with_cursor(std::string_view query, std::string_view cursor);

// "respond-async, wait=10": how many seconds the client would rather wait (RFC 7240), 10 at most; none.
std::optional<Duration> wish_to_wait(std::string_view prefer);

}  // namespace aldis::ingress
