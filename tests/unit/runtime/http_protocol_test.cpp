// SPDX-License-Identifier: Apache-2.0
#include "unit/runtime/http_fixture.hpp"

using namespace aldis;
using namespace aldis::runtime;
using namespace aldis::runtime::tests;

TEST_CASE("a request is answered with length, type, date, its id and the connection kept") {
  TestService service;
  service.serving = [](const HttpRequest&, const HttpReply& reply) {
    reply.send({.body = "hello\n", .headers = {{"RateLimit", "\"account\";r=3;t=1"}}});
  };
  HttpFixture http{service};
  const std::string got = http.send("GET /metrics?name=a%20b HTTP/1.1\r\nHost: x\r\nX-Test:  One \r\n\r\n");
  CHECK(status_line(got) == "HTTP/1.1 200 OK");
  CHECK(has(got, "Date: Sat, 21 Nov 2026 20:12:31 GMT"));
  CHECK(has(got, "Content-Type: text/plain; charset=utf-8"));
  CHECK(has(got, "Content-Length: 6"));
  CHECK(has(got, "Connection: keep-alive"));
  CHECK(has(got, "Cache-Control: no-store"));
  CHECK(has(got, "X-Content-Type-Options: nosniff"));
  CHECK(has(got, "RateLimit: \"account\";r=3;t=1"));
  CHECK(body(got) == "hello\n");
  REQUIRE(service.served.size() == 1);
  const Seen& seen = service.served[0];
  CHECK(seen.method == "GET");
  CHECK(seen.path == "/metrics");
  CHECK(seen.query == "name=a%20b");
  CHECK(seen.peer == "203.0.113.7:51514");
  CHECK(seen.client == "203.0.113.7");
  CHECK(seen.fields == "host=x\nx-test=One\n");
  CHECK(seen.id.size() == 20);
  CHECK(has(got, "X-Request-Id: " + seen.id));
  CHECK_FALSE(http.closing);
}

TEST_CASE("a client's own request id is echoed when it is sound, and replaced when it is not") {
  TestService service;
  HttpFixture http{service};
  CHECK(has(http.send(get("/", "X-Request-Id: order-7.a_B\r\n")), "X-Request-Id: order-7.a_B"));
  CHECK(has(http.send(get("/", "X-Request-Id: " + std::string(128, 'a') + "\r\n")),
            "X-Request-Id: " + std::string(128, 'a')));
  for (const std::string& bad : {std::string{"a b"}, std::string{"\"a\""}, std::string(129, 'a')}) {
    CHECK(http.send(get("/", "X-Request-Id: " + bad + "\r\n")).find("X-Request-Id: req_") !=
          std::string::npos);
  }
  CHECK(service.served[3].id != service.served[4].id);
}

TEST_CASE("a header value of an answer cannot end its line") {
  TestService service;
  service.serving = [](const HttpRequest&, const HttpReply& reply) {
    reply.send({.headers = {{"Location", "/a\r\nSet-Cookie: x=1"}}});
  };
  HttpFixture http{service};
  CHECK(has(http.send(get("/")), "Location: /a  Set-Cookie: x=1"));
}

TEST_CASE("a request may come octet by octet, with a length or in chunks") {
  for (const std::string& request :
       {post("/a", "abc"), std::string{"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: Chunked\r\n\r\n"
                                       "1\r\na\r\n2\r\nbc\r\n0\r\nX-Sum: 1\r\n\r\n"}}) {
    TestService service;
    HttpFixture http{service};
    for (std::size_t i = 0; i + 1 < request.size(); ++i) { REQUIRE(http.send(request.substr(i, 1)).empty()); }
    CHECK(body(http.send(request.substr(request.size() - 1))) == "/a\nabc");
    CHECK(body(http.send(request)) == "/a\nabc");
  }
}

TEST_CASE("an empty body in chunks may come octet by octet") {  // Beast's own parser aborts
  TestService service;
  HttpFixture http{service};
  const std::string request = "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
  for (std::size_t i = 0; i + 1 < request.size(); ++i) { REQUIRE(http.send(request.substr(i, 1)).empty()); }
  CHECK(body(http.send("\n")) == "/a\n");
}

TEST_CASE("requests in one piece are answered in their order") {
  TestService service;
  HttpFixture http{service};
  const std::string got = http.send(get("/a") + post("/b", "xyz") + get("/nothing"));
  const auto a = got.find("/a\n");
  const auto b = got.find("/b\nxyz");
  CHECK(a < b);
  CHECK(b < got.find("HTTP/1.1 404 Not Found"));
  CHECK_FALSE(http.closing);
}

TEST_CASE("HEAD gets the length and no body") {
  TestService service;
  HttpFixture http{service};
  const std::string got = http.send("HEAD /abc HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(has(got, "Content-Length: 5"));
  CHECK(body(got).empty());
  CHECK(body(http.send(get("/abc"))) == "/abc\n");
}

TEST_CASE("an answer that has no content has no length either") {
  TestService service;
  service.serving = [](const HttpRequest&, const HttpReply& reply) { reply.send({.status = 204}); };
  HttpFixture http{service};
  const std::string got = http.send(get("/"));
  CHECK(status_line(got) == "HTTP/1.1 204 No Content");
  CHECK(got.find("Content-Length") == std::string::npos);
  CHECK(body(got).empty());
}

TEST_CASE("an old client and one that says so are closed after the answer, and what follows is not served") {
  for (const std::string& request :
       {std::string{"GET /a HTTP/1.0\r\n\r\n"}, get("/a", "Connection: close\r\n")}) {
    TestService service;
    HttpFixture http{service};
    const std::string got = http.send(request + get("/b"));
    CHECK(has(got, "Connection: close"));
    CHECK(body(got) == "/a\n");
    CHECK(http.closing);
    CHECK(service.served.size() == 1);
  }
  TestService service;
  HttpFixture http{service};
  CHECK(has(http.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), "Connection: keep-alive"));
  CHECK_FALSE(http.closing);
}

TEST_CASE("a target in absolute form is taken for its path") {
  TestService service;
  HttpFixture http{service};
  CHECK(body(http.send("GET http://x/a/b?c HTTP/1.1\r\nHost: x\r\n\r\n")) == "/a/b\n");
  CHECK(body(http.send("GET http://x?c HTTP/1.1\r\nHost: x\r\n\r\n")) == "/\n");
  CHECK(service.served[1].query == "c");
}

namespace {
struct Refused {
  std::string request;
  std::string status;
  std::string code;
};

void check_refused(const Refused& c) {
  INFO(c.request.substr(0, 80));
  TestService service;
  HttpFixture http{service};
  const std::string got = http.send(c.request);
  CHECK(status_line(got) == "HTTP/1.1 " + c.status);
  CHECK(has(got, "Connection: close"));
  CHECK(has(got, "Content-Type: application/problem+json"));
  CHECK(has(got, "Cache-Control: no-store"));
  CHECK(has(got, "X-Content-Type-Options: nosniff"));
  const std::string id = got.substr(got.find("X-Request-Id: ") + 14, 20);
  CHECK(body(got).find("\"code\":\"" + c.code + "\",\"request_id\":\"" + id + "\"}") != std::string::npos);
  CHECK(body(got).starts_with("{\"type\":\"/errors/" + c.code + "\""));
  CHECK(http.closing);
  CHECK(service.served.empty());
  // And a connection beside it is none the worse.
  HttpFixture next{service};
  CHECK(status(next.send(get("/a"))) == 200);
}

std::string with(std::string_view headers, std::string_view body = {}) {
  return "POST / HTTP/1.1\r\nHost: x\r\n" + std::string{headers} + "\r\n\r\n" + std::string{body};
}
}  // namespace

TEST_CASE("what cannot be served is refused with the right status, and the connection closed") {
  std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 100; ++i) { many += "X: y\r\n"; }
  const std::string kBadRequest = "400 Bad Request";
  for (const Refused& c : {
           Refused{"nonsense\r\n\r\n", kBadRequest, "malformed_request"},
           Refused{"GET / HTTP/1.1\r\n\r\n", kBadRequest, "malformed_request"},  // no Host
           Refused{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", kBadRequest, "malformed_request"},
           Refused{with("Bad Name: y"), kBadRequest, "malformed_request"},
           Refused{"GET nowhere HTTP/1.1\r\nHost: x\r\n\r\n", kBadRequest, "malformed_request"},
           Refused{"GET / HTTP/1.1\n", kBadRequest, "malformed_request"},
           Refused{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", kBadRequest, "malformed_request"},  // TLS
           Refused{"BREW / HTTP/1.1\r\nHost: x\r\n\r\n", "501 Not Implemented", "not_implemented"},
           Refused{"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", "501 Not Implemented", "not_implemented"},
           Refused{"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", "501 Not Implemented", "not_implemented"},
           Refused{with("Transfer-Encoding: gzip, chunked"), "501 Not Implemented", "not_implemented"},
           Refused{with("Content-Encoding: gzip\r\nContent-Length: 3", "abc"), "415 Unsupported Media Type",
                   "unsupported_media_type"},
           Refused{with("Content-Length: 262145"), "413 Payload Too Large", "body_too_large"},
           Refused{with("X: " + std::string(20'000, 'a')), "431 Request Header Fields Too Large",
                   "headers_too_large"},
           Refused{"GET / HTTP/1.1\r\nX: " + std::string(20'000, 'a'), "431 Request Header Fields Too Large",
                   "headers_too_large"},
           Refused{many + "\r\n", "431 Request Header Fields Too Large", "headers_too_large"},
           Refused{get("/" + std::string(8192, 'a')), "414 URI Too Long", "uri_too_long"},
           Refused{"GET /" + std::string(8192, 'a'), "414 URI Too Long", "uri_too_long"},
           Refused{with("Expect: miracles"), "417 Expectation Failed", "expectation_failed"},
           Refused{"GET / HTTP/3.1\r\nHost: x\r\n\r\n", "505 HTTP Version Not Supported",
                   "malformed_request"},
       }) {
    check_refused(c);
  }
}

TEST_CASE("the limits of a header are exact") {
  TestService service;
  std::string hundred = "GET / HTTP/1.1\r\nHost: x\r\n";
  for (int i = 0; i < 99; ++i) { hundred += "X: y\r\n"; }
  const std::string line = "GET /" + std::string(8192 - 14, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string block = get("/", "X: " + std::string(16 * 1024 - 14, 'a') + "\r\n");
  for (const std::string& request : {hundred + "\r\n", line, block}) {
    HttpFixture http{service};
    CHECK(status(http.send(request)) == 200);
  }
  HttpFixture longer_line{service};
  CHECK(status(longer_line.send("GET /a" + line.substr(5))) == 414);
  HttpFixture larger_block{service};
  CHECK(status(larger_block.send(get("/", "X: a" + std::string(16 * 1024 - 14, 'a') + "\r\n"))) == 431);
}

// RFC 9112 section 11.2: whatever a proxy before us might read differently.
TEST_CASE("no request can be smuggled behind another: refused, closed, and the next connection unharmed") {
  const std::string smuggled = "GET /admin HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string ends = "0\r\n\r\n" + smuggled;
  for (const std::string& request : {
           with("Content-Length: 5\r\nTransfer-Encoding: chunked", ends),
           with("Transfer-Encoding: chunked\r\nContent-Length: 5", ends),
           with("Content-Length: 0\r\nContent-Length: 5", ends),
           with("Content-Length: 5\r\nContent-Length: 5", ends),
           with("Content-Length: 5, 5", ends),
           with("Content-Length: 5, 0", ends),
           with("Content-Length: +5", ends),
           with("Content-Length: -5", ends),
           with("Content-Length: 0x5", ends),
           with("Content-Length: 5 5", ends),
           with("Content-Length:", ends),
           with("Content-Length: 99999999999999999999", ends),
           with("Content-Length : 5", ends),
           with("Content-Length\t: 5", ends),
           with("Content_Length: 5\r\n Content-Length: 6", ends),  // folded
           with("X: y\r\n\tTransfer-Encoding: chunked", ends),
           with("X: y\rTransfer-Encoding: chunked", ends),
           with("X: y\nTransfer-Encoding: chunked", ends),
           with(std::string{"X: y\0Transfer-Encoding: chunked", 32}, ends),
           with("Transfer-Encoding: chunked", "5;ext=1\r\nhello\r\n" + ends),
           with("Transfer-Encoding: chunked", "5 \r\nhello\r\n" + ends),
           with("Transfer-Encoding: chunked", "0x5\r\nhello\r\n" + ends),
           with("Transfer-Encoding: chunked", "-5\r\nhello\r\n" + ends),
           with("Transfer-Encoding: chunked", "5\nhello\n" + ends),
           with("Transfer-Encoding: chunked", "5\r\nhelloXX" + ends),
           with("Transfer-Encoding: chunked", "fffffffffffffffff\r\nhello\r\n" + ends),
           with("Transfer-Encoding: chunked", "\r\n" + ends),
           with("Transfer-Encoding: chunked", "0;a=b\r\n\r\n" + smuggled),
           "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n" + ends,
           " GET / HTTP/1.1\r\nHost: x\r\n\r\n" + smuggled,
           "GET  / HTTP/1.1\r\nHost: x\r\n\r\n" + smuggled,
           "GET / HTTP/1.1 \r\nHost: x\r\n\r\n" + smuggled,
           "GET / HTTP/1.1\r\n Host: x\r\n\r\n" + smuggled,
           "GET / HTTP/1.1\r\n\r\nHost: x\r\n\r\n" + smuggled,
       }) {
    check_refused({request, "400 Bad Request", "malformed_request"});
  }
  for (const std::string_view coding :
       {"identity", "xchunked", "chunked, chunked", "chunked, identity", "\"chunked\"", "chunked;q=1", ""}) {
    check_refused(
        {with("Transfer-Encoding: " + std::string{coding}, ends), "501 Not Implemented", "not_implemented"});
  }
  const std::string two = "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity";
  check_refused({with(two, ends), "400 Bad Request", "malformed_request"});
}

TEST_CASE("a body past the limit is refused when it is not announced either") {
  TestService service;
  service.judging = [](const HttpRequest&) { return HttpTakeWhole{.body_octets_max = 64 * 1024}; };
  HttpFixture http{service};
  http.send(with("Transfer-Encoding: chunked"));
  std::string got;
  int chunks = 0;
  for (; chunks < 20 && got.empty(); ++chunks) {
    got = http.send("1000\r\n" + std::string(4096, 'x') + "\r\n");
  }
  CHECK(status(got) == 413);
  CHECK(chunks == 17);
}

TEST_CASE("a pipeline and a chunked body give the same answers however they are cut") {
  const std::string stream =
      post("/a", "hello") + "\r\n" + get("/b", "X-Request-Id: b\r\n") +
      with("Transfer-Encoding: chunked", "3\r\nabc\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n") +
      post("/c", "", "Expect: 100-continue\r\n") + get("/nothing") + with("Content-Length: 1, 2");
  const auto answers = [&](auto next_piece) {
    TestService service;
    HttpFixture http{service};
    std::string got;
    for (std::size_t at = 0; at < stream.size();) {
      const std::size_t piece = next_piece();
      got += http.send(stream.substr(at, piece));
      at += piece;
    }
    CHECK(http.closing);
    return got;
  };
  const std::string whole = answers([&] { return stream.size(); });
  REQUIRE(whole.find("HTTP/1.1 400") != std::string::npos);
  for (std::size_t size = 1; size < 40; ++size) {
    CHECK(answers([&] { return size; }) == whole);
  }
  std::uint64_t state = 7;
  for (int i = 0; i < 200; ++i) {
    CHECK(answers([&] {
            state = state * 6364136223846793005u + 1442695040888963407u;
            return 1 + static_cast<std::size_t>(state >> 33) % 90;
          }) == whole);
  }
}
