// SPDX-License-Identifier: Apache-2.0
#include "ingress/json.hpp"

#include <boost/json/object.hpp>
#include <catch2/catch.hpp>
#include <string>

using namespace aldis;
using namespace aldis::ingress;

namespace {

std::string refused(std::string_view text) {
  const auto read = read_json(text);
  INFO(text.substr(0, 100));
  REQUIRE(read.has_error());
  CHECK(read.error().code == api::Code::kMalformedRequest);
  return read.error().detail;
}

}  // namespace

TEST_CASE("sound JSON is read as it stands") {
  const auto read = read_json(R"( {"a":[1,-2,3.5,true,null],"b":{"a":"\u00e9\ud83d\ude00"},"":""} )");
  REQUIRE(read.has_value());
  CHECK(read->as_object().at("a").as_array().size() == 5);
  CHECK(read->as_object().at("b").as_object().at("a").as_string() == "\xC3\xA9\xF0\x9F\x98\x80");
}

TEST_CASE(
    "a member that comes twice is refused, also under another spelling; the same name deeper down is not") {
  CHECK(refused(R"({"to":"1","to":"2"})").find("\"to\" comes twice") != std::string::npos);
  CHECK(refused(R"({"to":"1","t\u006f":"2"})").find("twice") != std::string::npos);
  CHECK(refused(R"([{"x":{"a":1,"b":2,"a":3}}])").find("\"a\" comes twice") != std::string::npos);
  CHECK(read_json(R"({"a":{"a":{"a":1}},"b":{"a":2}})").has_value());
}

TEST_CASE("what is not JSON is refused with its place") {
  CHECK(refused("").find("empty") != std::string::npos);
  CHECK(refused("\xEF\xBB\xBF{}").find("byte order mark") != std::string::npos);
  CHECK(refused("{\"a\":1} x").find("octet 8") != std::string::npos);
  CHECK(refused("{\"a\":").find("too early") != std::string::npos);
  for (const char* bad : {"{'a':1}", "{\"a\":1,}", "{a:1}", "[1,]", "// x\n{}", "{\"a\":01}", "{\"a\":NaN}",
                          "nul", "{\"a\":\"\x01\"}", "{\"a\":\"\xFF\"}", "{\"a\":\"\\ud800\"}",
                          "{\"a\":\"\\udc00\\ud800\"}", "{\"a\":\"\xED\xA0\x80\"}"}) {
    refused(bad);
  }
}

TEST_CASE("nesting and members are bounded") {
  CHECK(read_json(std::string(31, '[') + std::string(31, ']')).has_value());
  CHECK(refused(std::string(33, '[') + std::string(33, ']')).find("32 levels") != std::string::npos);
  refused(std::string(100'000, '['));
  std::string many = "{";
  for (int i = 0; i < 300; ++i) { many += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":1"; }
  CHECK(refused(many + "}").find("256 members") != std::string::npos);
}

TEST_CASE("pointers escape what has a meaning in them") {
  CHECK(pointer_to("", "to") == "/to");
  CHECK(pointer_to("/metadata", "a/b~c") == "/metadata/a~1b~0c");
}
