// SPDX-License-Identifier: Apache-2.0
// The table of what a customer's URL must not reach, on real sockets: one listener on every address of this
// machine counts who comes.
#include <fstream>
#include <sstream>

#include "unit/runtime/web_fixture.hpp"

using namespace aldis;
using namespace aldis::runtime;
using namespace aldis::runtime::tests;
using ports::FetchFault;

namespace {

struct Row {
  std::string url;
  std::string outcome;
  std::string address;  // of `reaches`
  std::vector<std::string> from;
  std::vector<std::string> from_then;
  std::string allow;
};

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

std::vector<Row> table() {
  std::ifstream file{ALDIS_SOURCE_DIR "/tests/integration/security/ssrf.txt"};
  REQUIRE(file);
  std::vector<Row> rows;
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line.front() == '#') { continue; }
    std::istringstream words{line};
    Row row;
    std::string from;
    words >> row.url >> row.outcome;
    if (row.outcome == "reaches") { words >> row.address; }
    words >> from >> row.allow;
    REQUIRE(words);
    std::istringstream addresses{from};
    auto* into = &row.from;
    for (std::string word; std::getline(addresses, word, ',');) {
      if (word == "then") {
        into = &row.from_then;
      } else if (word != "-") {
        into->push_back(word);
      }
    }
    rows.push_back(row);
  }
  return rows;
}

// What the customer's server says in the rows that are called r301 to r308 and meta.
std::string redirecting(const std::string& request) {
  const std::string away = "http://169.254.169.254/latest/meta-data/";
  for (const std::string code : {"301", "302", "303", "307", "308"}) {
    if (request.find("Host: r" + code) != std::string::npos) {
      return "HTTP/1.1 " + code + " Go\r\nLocation: " + away + "\r\nContent-Length: 0\r\n\r\n";
    }
  }
  if (request.find("Host: meta") == std::string::npos) { return WebServer::ok("fine"); }
  return WebServer::ok("<meta http-equiv=refresh content='0; url=" + away + "'>");
}

std::string url_of(const Row& row, std::uint16_t port) {
  std::string url = replaced(replaced(row.url, "\\t", "\t"), "\\n", "\n");
  url = replaced(url, "{port}", ':' + std::to_string(port));
  if (const auto at = url.find("{4001}"); at != std::string::npos) {
    url.replace(at, 6, std::string(4001 - at, 'a'));
  }
  return url;
}

std::string host_of(const std::string& url) {
  const auto begin = url.find("//") + 2;
  return url.substr(begin, url.find_first_of(":/{", begin) - begin);
}

void check(const Row& row) {
  INFO(row.url);
  Web web{redirecting};
  if (!row.from.empty()) {
    for (const std::string& name : {host_of(row.url), std::string{"good.example"}}) {
      web.names.set(name, row.from);
    }
  }
  auto policy = std::make_shared<ports::FetchPolicy>();
  policy->allow_http = row.outcome == "reaches" || row.outcome == "redirect";
  policy->ports = {443, 8443, web.server.port};
  if (row.allow != "-") { policy->allow_networks = *AddressList::parse({row.allow}); }
  ports::FetchRequest request;
  request.method = "GET";
  request.url = url_of(row, web.server.port);
  request.policy = policy;
  const auto answer = web.get(request);
  const bool is_refused = !ports::judge_url(request.url, *policy).has_value();
  // Who takes URLs in refuses one that is too long; here it may have been filled in.
  const bool is_asked = ports::judge_url(request.url, *policy, ports::kUrlCalledOctetsMax).has_value();
  CHECK(is_refused == (row.outcome == "refused"));
  if (row.outcome == "refused" || row.outcome == "forbidden") {
    REQUIRE(answer.error);
    CHECK(web.server.reached().empty());
    CHECK(web.names.asked == (is_asked ? 1 : 0));
    if (row.outcome == "forbidden") { CHECK(answer.error->fault == FetchFault::kForbiddenAddress); }
    return;
  }
  REQUIRE_FALSE(answer.error);
  const std::string only = row.outcome == "redirect" ? row.from.front() : row.address;
  CHECK(answer.address == only);
  CHECK(web.server.reached() == std::vector<std::string>{only});
  if (row.outcome == "redirect") {
    const std::string name = host_of(row.url);
    CHECK(answer.status ==
          (name == "meta.example" ? 200u : static_cast<unsigned>(std::stoul(name.substr(1, 3)))));
  }
  if (row.from_then.empty()) { return; }
  web.names.set(host_of(row.url), row.from_then);
  web.get(request);  // by the address that was judged, or judged anew and refused: nothing else
  for (const std::string& reached : web.server.reached()) { CHECK(reached == only); }
}

}  // namespace

TEST_CASE("no URL of the table reaches a forbidden address, and those that are allowed are reached", "[S8]") {
  const auto rows = table();
  REQUIRE(rows.size() == 78 + 3);
  for (const Row& row : rows) { check(row); }
}

TEST_CASE("a name that leads somewhere else at the next call is judged anew", "[S8]") {
  Web web{[](const std::string&) { return WebServer::ok(""); }};
  auto policy = std::make_shared<ports::FetchPolicy>(web.open);
  policy->allow_networks = *AddressList::parse({"127.0.0.2"});
  std::atomic<int> asked{0};
  FetchSettings settings;
  settings.resolve = [&asked](const std::string& name) -> Result<std::vector<IpAddress>, std::string> {
    const bool is_first = name == "one.example" && asked++ == 0;
    return std::vector<IpAddress>{*IpAddress::parse(is_first ? "127.0.0.2" : "127.0.0.1")};
  };
  web.fetch.reset();
  web.fetch.emplace(web.t.loop, settings);
  ports::FetchRequest request;
  request.url = web.server.url("two.example");
  request.policy = policy;
  CHECK(web.get(request).error->fault == FetchFault::kForbiddenAddress);
  request.url = web.server.url("one.example");
  CHECK(web.get(request).status == 200);
  CHECK(web.server.reached() == std::vector<std::string>{"127.0.0.2"});
}

TEST_CASE("a connection that one customer may use is not used for another who may not", "[S8]") {
  Web web{[](const std::string&) { return WebServer::ok("inside"); }};
  web.names.set("app.example", {"127.0.0.1"});
  const std::string url = web.server.url("app.example");
  CHECK(web.get(url).body == "inside");
  ports::FetchRequest request;
  request.url = url;
  auto closed = std::make_shared<ports::FetchPolicy>(web.open);
  closed->allow_networks = {};
  request.policy = closed;
  CHECK(web.get(request).error->fault == FetchFault::kForbiddenAddress);
  CHECK(web.server.requests().size() == 1);
}
