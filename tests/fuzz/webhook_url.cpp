// SPDX-License-Identifier: Apache-2.0
// A URL that is approved leads where it says, by every reader's opinion: never to a forbidden address, and
// libcurl, which will be given it, reads the same host and port from it.
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netdb.h>

#include "aldis/ports/fetch_guard.hpp"
#include "fuzz/fuzz.hpp"

namespace aldis::fuzz {
namespace {

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK) { return {}; }
  std::string out{text};
  curl_free(text);
  return out;
}

// A name that the system would read as an address without asking anybody.
bool is_numeric(const std::string& host) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) { return false; }
  ::freeaddrinfo(found);
  return true;
}

void check_same_reading(const ports::FetchTarget& target) {
  CURLU* url = curl_url();
  const std::string text = (target.tls ? "https://" : "http://") + target.authority() + target.request_target;
  ALDIS_CHECK(curl_url_set(url, CURLUPART_URL, text.c_str(), CURLU_PATH_AS_IS) == CURLUE_OK);
  const bool is_v6 = target.host.find(':') != std::string::npos;
  ALDIS_CHECK(part_of(url, CURLUPART_SCHEME) == (target.tls ? "https" : "http"));
  const std::string host = part_of(url, CURLUPART_HOST);
  if (is_v6) {  // it writes the address anew
    ALDIS_CHECK(IpAddress::parse(std::string_view{host}.substr(1, host.size() - 2)) == target.literal);
  } else {
    ALDIS_CHECK(host == target.host);
  }
  ALDIS_CHECK(part_of(url, CURLUPART_PORT, CURLU_DEFAULT_PORT) == std::to_string(target.port));
  ALDIS_CHECK(part_of(url, CURLUPART_USER).empty());
  ALDIS_CHECK(part_of(url, CURLUPART_FRAGMENT).empty());
  curl_url_cleanup(url);
}

void check(std::string_view text, const ports::FetchPolicy& policy) {
  const auto target = ports::judge_url(text, policy);
  if (!target) {
    ALDIS_CHECK(!ports::sentence_of(target.error()).empty());
    return;
  }
  ALDIS_CHECK(target->literal.has_value() == is_numeric(target->host));
  ALDIS_CHECK(!target->literal || ports::may_call(*target->literal, policy));
  ALDIS_CHECK(policy.allow_http || target->tls);
  for (const char c : target->request_target) { ALDIS_CHECK(c > ' ' && c < '\x7F' && c != '#' && c != '\\'); }
  check_same_reading(*target);
}

}  // namespace

void run(Octets input) {
  Draw draw{input};
  ports::FetchPolicy policy;
  policy.allow_http = draw.coin();
  const Exact memory{draw.rest()};
  check(memory.view(), policy);
  check("https://" + std::string{memory.view()}, policy);
}

}  // namespace aldis::fuzz
