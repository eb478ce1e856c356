// SPDX-License-Identifier: Apache-2.0
// The escapes of a dlr-url, one row each.
#include "ingress/kannel_escapes.hpp"

#include "unit/ingress/callback_fixture.hpp"

using namespace aldis;
using namespace aldis::ingress;
using namespace aldis::ingress::test;

namespace {

std::string called(const std::string& pattern, const MessageEvent& event, unsigned mask = 31) {
  KannelStyle style{.dlr_mask = mask, .login = "acme login"};
  style.operator_account = "a/c";
  const auto request = made(target(style, "http://app.example/d?" + pattern), event);
  if (!request) { return "none"; }
  CHECK(request->method == "GET");
  return request->url.substr(std::string_view{"http://app.example/d?"}.size());
}

}  // namespace

TEST_CASE("every escape of a dlr-url stands for what Kannel puts there") {
  const std::vector<std::pair<std::string, std::string>> table{
      {"%d", "2"},
      {"%A", "id%3A7F2A01+sub%3A001+dlvrd%3A000+stat%3AUNDELIV+err%3A027+text%3AHi+*there"},
      {"%b", "id%3A7F2A01+sub%3A001+dlvrd%3A000+stat%3AUNDELIV+err%3A027+text%3AHi+*there"},
      {"%k", "id%3A7F2A01"},
      {"%s|%s", "sub%3A001|dlvrd%3A000"},
      {"%k%s%S", "id%3A7F2A01sub%3A001dlvrd:000"},
      {"%s%s%s%s%s%S%S", "sub%3A001dlvrd%3A000stat%3AUNDELIVerr%3A027text%3AHi~there"},
      {"%s%s%s%r", "sub%3A001dlvrd%3A000stat%3AUNDELIVerr%3A027+text%3AHi+*there"},
      {"%a", "id%3A7F2A01+sub%3A001+dlvrd%3A000+stat%3AUNDELIV+err%3A027+text%3AHi+*there"},
      {"%p", "00447700900123"},
      {"%P", "ACME+%26+Co"},
      {"%q", "%2B447700900123"},
      {"%Q", "ACME+%26+Co"},
      {"%i", "op-a"},
      {"%I", "0190c3a5-b7e8-c9d0-f1a2-b3c4d5e6f708"},
      {"%F", "7F2A01"},
      {"%t", "2026-11-21+20:12:35"},
      {"%T", "1795291955"},
      {"%n", "acme+login"},
      {"%o", "a%2Fc"},
      {"%B", ""},
      {"%R", "http%3A%2F%2Fapp.example%2Fd%3F%25R"},
      {"%D", "%3Forig_msg%3Fdlr_mask%3D31%26%3Fsmpp%3Fdlr_err%3D027%26"},
      {"%#orig_msg#dlr_mask#", "31"},
      {"%#smpp#dlr_err#", "027"},
      {"%#smpp#other#", ""},
      {"%#other#dlr_err#x", "x"},
      {"a%#smpp", "asmpp"},
      {"%c|%m|%M|%C|%O|%u|%v|%V|%f", "-1|-1|-1|UTF-8|00||||"},
      {"%%", "%"},
      {"%20%z%", "%20%z%"},
      {"id=%I&t=%d#", "id=0190c3a5-b7e8-c9d0-f1a2-b3c4d5e6f708&t=2#"},
  };
  for (const auto& [pattern, expected] : table) {
    INFO(pattern);
    CHECK(called(pattern, undelivered()) == expected);
  }
}

TEST_CASE(
    "the meta-data of a report has the octets of network_error_code, and none where no receipt speaks") {
  auto event = undelivered();
  event.network = {3, 27};
  CHECK(called("%D", event) == "%3Forig_msg%3Fdlr_mask%3D31%26%3Fsmpp%3Fdlr_err%3D%2503%2500%251B%26");
  CHECK(called("%#smpp#dlr_err#", event) == "%03%00%1B");
  CHECK(called("%D|%o", refused(0x0B)) == "%3Fsmpp_resp%3F%3Forig_msg%3Fdlr_mask%3D31%26|");
}

TEST_CASE("each state has Kannel's type and text, and is told to whom the mask asks for") {
  const auto told = [](const MessageEvent& event, unsigned mask = 31) {
    return called("%d %A", event, mask);
  };
  CHECK(told(happened(Status::kSent, Speaker::kResponse)) == "8 ACK%2F");
  auto buffered = happened(Status::kSent);
  buffered.intermediate = true;
  CHECK(told(buffered).starts_with("4 "));
  CHECK(told(happened(Status::kDelivered)).starts_with("1 "));
  CHECK(told(undelivered()).starts_with("2 id"));
  CHECK(told(undelivered(Status::kRejected)).starts_with("2 "));
  CHECK(told(happened(Status::kExpired)).starts_with("2 "));
  CHECK(told(refused(0x0B)) == "16 NACK%2F0x0000000b%2FInvalid+Destination+Address");
  CHECK(told(refused(0x58, Status::kUndeliverable)) == "16 NACK%2F0x00000058%2FThrottling+error");
  CHECK(told(refused(0x4FF)) ==
        "16 NACK%2F0x000004ff%2FVendor-specific+error%2C+please+refer+to+your+SMPP+provider");
  CHECK(told(refused(0x500)) == "16 NACK%2F0x00000500%2FUnknown%2FReserved");
  CHECK(told(happened(Status::kRejected, Speaker::kGateway)) == "16 NACK%2F");
  CHECK(told(happened(Status::kExpired, Speaker::kGateway)) == "16 NACK%2F");
  CHECK(told(happened(Status::kDeleted, Speaker::kGateway)).starts_with("2 "));
  auto unsent = happened(Status::kDeleted, Speaker::kGateway);
  unsent.message.sent_at.reset();
  CHECK(told(unsent) == "16 NACK%2F");
  CHECK(told(happened(Status::kUnknown, Speaker::kGateway)) == "none");
  CHECK(told(happened(Status::kUnknown)).starts_with("2 "));
  // 2 and 16 both ask for type 16.
  CHECK(told(refused(0x0B), 2).starts_with("16 "));
  CHECK(told(refused(0x0B), 16).starts_with("16 "));
  CHECK(told(refused(0x0B), 13) == "none");
  CHECK(told(undelivered(), 16) == "none");
  CHECK(told(happened(Status::kDelivered), 30) == "none");
  CHECK(told(happened(Status::kDelivered), 0) == "none");
}

TEST_CASE("a get-url gets the words of the handset's message") {
  const auto called_for = [](const std::string& pattern, const InboundEvent& event) {
    const KannelStyle style{.login = "acme"};
    return made(target(style, "http://app.example/" + pattern), event)->url.substr(19);
  };
  CHECK(called_for("%p/%P/%k/%s/%r/%a", from_handset()) ==
        "447700900123/60777/stop/it/%26+rest/stop+it+%26+rest");
  CHECK(called_for("%c/%C/%O/%u/%d", from_handset()) == "0/UTF-8/00//-1");
  auto unicode = from_handset();
  unicode.is_unicode = true;
  unicode.text = "\xC3\xA9";
  unicode.octets = {"\x00\xE9", 2};
  unicode.udh = {"\x05\x00\x03", 3};
  CHECK(called_for("%b/%c/%C/%O/%u", unicode) == "%00%E9/2/UTF-16BE/08/%05%00%03");
  auto binary = from_handset();
  binary.text.reset();
  CHECK(called_for("%c/%C/%O", binary) == "1/8-BIT/04");
}
