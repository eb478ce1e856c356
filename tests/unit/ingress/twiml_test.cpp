// SPDX-License-Identifier: Apache-2.0
#include "ingress/twiml.hpp"

#include "unit/ingress/callback_fixture.hpp"

using namespace aldis;
using namespace aldis::ingress;

namespace {
std::string told(std::string_view xml) {
  std::string out;
  for (const auto& reply : replies_of_twiml(xml)) {
    out += '[' + reply.text + (reply.to.empty() ? "" : " to " + reply.to) +
           (reply.from.empty() ? "" : " from " + reply.from) + ']';
  }
  return out;
}
}  // namespace

TEST_CASE("a TwiML answer says which messages go back") {
  const std::string head = R"(<?xml version="1.0" encoding="UTF-8"?>)";
  CHECK(told(head + "<Response><Message>hi &amp; &lt;you&gt;</Message></Response>") == "[hi & <you>]");
  CHECK(told(head + "<Response/>") == "");
  CHECK(told("<Response></Response>\n") == "");
  CHECK(told("<Response><Message to='+1' from=\"A&amp;B\">x</Message><Message>y</Message></Response>") ==
        "[x to +1 from A&B][y]");
  CHECK(told("<Response>\n <Message>\n  <Body>one</Body>\n <Media>http://x</Media></Message>\n</Response>") ==
        "[one]");
  CHECK(told("<Response><Message><![CDATA[a<b & c]]></Message></Response>") == "[a<b & c]");
  CHECK(
      told("<Response><!-- <Message>no</Message> --><Message>&#233;&#x20AC;&#x1F680;</Message></Response>") ==
      "[\xC3\xA9\xE2\x82\xAC\xF0\x9F\x9A\x80]");
  CHECK(told("<Response><Say>hello</Say><Message>x</Message><Redirect>/y</Redirect></Response>") == "[x]");
  CHECK(told("<Response><Message> </Message><Message><Body/></Message></Response>") == "");
}

TEST_CASE("what is not TwiML sends nothing") {
  for (const std::string bad : {"",
                                "OK",
                                "<html><Message>x</Message></html>",
                                "<Response><Message>x</Response>",
                                "<Response><Message>x",
                                "<Response><Message>x</Message>",
                                "x<Response/>",
                                "<Response/><Response/>",
                                "<Response><Message>&nope;</Message></Response>",
                                "<Response><Message>&#0;</Message></Response>",
                                "<Response><Message>&#xD800;</Message></Response>",
                                "<Response><Message to=+1>x</Message></Response>",
                                "<Response><Message>a & b</Message></Response>",
                                "<!DOCTYPE r [<!ENTITY a \"b\">]><Response><Message>&a;</Message></Response>",
                                "<Response><Message to='1>x</Message></Response>",
                                "<>",
                                "</Response>",
                                "<Response/>trailing",
                                "<![CDATA[x]]",
                                "<?",
                                "<!--"}) {
    INFO(bad);
    CHECK(told(bad) == "");
  }
  std::string deep = "<Response>";
  for (int i = 0; i < 20; ++i) { deep += "<a>"; }
  for (int i = 0; i < 20; ++i) { deep += "</a>"; }
  CHECK(told(deep + "<Message>x</Message></Response>") == "");
  std::string many = "<Response>";
  for (int i = 0; i < 50; ++i) { many += "<Message>x</Message>"; }
  CHECK(replies_of_twiml(many + "</Response>").size() == kRepliesMax);
}

TEST_CASE("only an answer that acknowledges is a reply, in the words of its style") {
  ports::FetchAnswer answer;
  answer.status = 200;
  answer.body = "<Response><Message>x</Message></Response>";
  CHECK(replies_of(TwilioStyle{}, answer).size() == 1);
  CHECK(replies_of(StandardStyle{}, answer).empty());
  answer.body_cut = true;
  CHECK(replies_of(TwilioStyle{}, answer).empty());
  answer.body_cut = false;
  answer.status = 500;
  CHECK(replies_of(TwilioStyle{}, answer).empty());
  answer.status = 200;
  answer.body = " thanks \n";
  CHECK(replies_of(KannelStyle{}, answer).empty());
  answer.headers = {{"content-type", "text/plain; charset=UTF-8"}};
  REQUIRE(replies_of(KannelStyle{}, answer).size() == 1);
  CHECK(replies_of(KannelStyle{}, answer)[0].text == "thanks");
  answer.body = "\n";
  CHECK(replies_of(KannelStyle{}, answer).empty());
}
