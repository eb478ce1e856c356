// SPDX-License-Identifier: Apache-2.0
#include "runtime/fetch_transfer.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cctype>

#include "aldis/base/check.hpp"
#include "aldis/base/version.hpp"
#include "aldis/runtime/fetch.hpp"
#include "runtime/addresses.hpp"

namespace aldis::runtime {

namespace {

using ports::FetchFault;

constexpr std::size_t kBodyDroppedMax = 64 * 1024;  // to keep a connection; more is not worth it
constexpr std::size_t kHeaderOctetsMax = 64 * 1024;
constexpr std::size_t kHeaderValueMax = 1024;
constexpr long kBufferOctets = 16 * 1024;     // libcurl's, per request in flight
constexpr long kConnectionLifeSeconds = 300;  // then the name is asked anew

long milliseconds_of(Duration d) {
  return std::max(1L, static_cast<long>(std::chrono::ceil<milliseconds>(d).count()));
}
std::string seconds_text(Duration d) { return std::to_string(milliseconds_of(d) / 1000) + " s"; }

}  // namespace

FetchTransfer::FetchTransfer(std::uint64_t number, ports::FetchRequest request, ports::FetchTarget target,
                             Instant started)
    : number_(number), request_(std::move(request)), target_(std::move(target)), started_(started) {}

const ports::FetchPolicy& FetchTransfer::policy() const {
  static const ports::FetchPolicy kDefault;
  return request_.policy ? *request_.policy : kDefault;
}

bool FetchTransfer::choose(const std::vector<IpAddress>& addresses) {
  std::copy_if(addresses.begin(), addresses.end(), std::back_inserter(addresses_),
               [this](const IpAddress& address) { return ports::may_call(address, policy()); });
  if (!addresses_.empty()) { return true; }
  if (addresses.empty()) {
    fail(FetchFault::kUnresolved, target_.host + " has no address: check the name");
  } else {
    fail(
        FetchFault::kForbiddenAddress,
        target_.host + " leads to " + addresses.front().text() +
            ", which is private, local or reserved: publish a public address, or have staff open its network "
            "by webhooks.allow_networks");
  }
  return false;
}

template <class T>
void FetchTransfer::set(CURLoption option, T value) {
  ALDIS_CHECK(curl_easy_setopt(easy_.get(), option, value) == CURLE_OK);
}

void FetchTransfer::append(List& list, const std::string& line) {
  curl_slist* const longer = curl_slist_append(list.get(), line.c_str());
  ALDIS_CHECK(longer != nullptr);
  static_cast<void>(list.release());
  list.reset(longer);
}

void FetchTransfer::set_request() {
  url_ = (target_.tls ? "https://" : "http://") + target_.authority() + target_.request_target;
  set(CURLOPT_URL, url_.c_str());
  set(CURLOPT_PATH_AS_IS, 1L);
  if (request_.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (request_.method != "GET") {
    set(CURLOPT_POST, 1L);
    set(CURLOPT_CUSTOMREQUEST, request_.method.c_str());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body.size()));
    set(CURLOPT_POSTFIELDS, request_.body.c_str());
  }
  headers_.reset();
  append(headers_, "Expect:");  // libcurl would wait a second for a 100 Continue
  for (const ports::FetchHeader& header : request_.headers) {
    append(headers_, header.value.empty() ? header.name + ';' : header.name + ": " + header.value);
  }
  set(CURLOPT_HTTPHEADER, headers_.get());
}

// libcurl learns one address and no name to resolve; a kept connection is used again only if it leads there.
void FetchTransfer::set_guard() {
  const std::string address = dialled_.text();
  const std::string host = dialled_.is_v4() ? address : '[' + address + ']';
  connect_to_.reset();
  append(connect_to_, "::" + host + ':' + std::to_string(target_.port));
  set(CURLOPT_CONNECT_TO, connect_to_.get());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_PROXY, "");  // none of the environment
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_OPENSOCKETFUNCTION, &FetchTransfer::on_open_socket);
  set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  set(CURLOPT_PREREQFUNCTION, &FetchTransfer::on_connected);
  set(CURLOPT_PREREQDATA, static_cast<void*>(this));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
}

void FetchTransfer::set_limits(Instant now, const FetchSettings& settings) {
  const Duration left = deadline() - now;
  set(CURLOPT_TIMEOUT_MS, milliseconds_of(left));
  set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds_of(std::min(left, request_.connect_max)));
  set(CURLOPT_BUFFERSIZE, kBufferOctets);
  set(CURLOPT_UPLOAD_BUFFERSIZE, kBufferOctets);
  set(CURLOPT_MAXLIFETIME_CONN, kConnectionLifeSeconds);
  set(CURLOPT_HEADERFUNCTION, &FetchTransfer::on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  set(CURLOPT_WRITEFUNCTION, &FetchTransfer::on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(this));
  const std::string agent =
      settings.user_agent.empty() ? "aldis/" + std::string{version()} : settings.user_agent;
  set(CURLOPT_USERAGENT, agent.c_str());  // copied by libcurl
  if (!settings.ca_file.empty()) {
    set(CURLOPT_CAINFO, settings.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
}

void FetchTransfer::begin(Instant now, const FetchSettings& settings) {
  ALDIS_CHECK(next_ < addresses_.size());
  dialled_ = addresses_[next_++];
  easy_.reset(curl_easy_init());
  ALDIS_CHECK(easy_ != nullptr);
  answer_ = {};
  answer_.address = dialled_.text();
  text_[0] = '\0';
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_ERRORBUFFER, text_.data());
  set(CURLOPT_PRIVATE, static_cast<void*>(this));
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set_request();
  set_guard();
  set_limits(now, settings);
}

bool FetchTransfer::may_use(const IpAddress& address) const {
  return address == dialled_ && ports::may_call(address, policy());
}

curl_socket_t FetchTransfer::on_open_socket(void* self, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<FetchTransfer*>(self);
  const auto ip = ip_of(address->addr);
  if (!ip || !transfer.may_use(*ip)) {
    transfer.refused_ = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

int FetchTransfer::on_connected(void* self, char* remote, char*, int, int) {
  auto& transfer = *static_cast<FetchTransfer*>(self);
  const auto ip = IpAddress::parse(remote == nullptr ? "" : remote);
  if (!ip || !transfer.may_use(*ip)) {
    transfer.refused_ = true;
    return CURL_PREREQFUNC_ABORT;
  }
  transfer.connected_ = true;
  return CURL_PREREQFUNC_OK;
}

std::size_t FetchTransfer::on_header(char* octets, std::size_t size, std::size_t count, void* self) {
  auto& transfer = *static_cast<FetchTransfer*>(self);
  transfer.header_octets_ += size * count;
  if (transfer.header_octets_ > kHeaderOctetsMax) { return 0; }  // libcurl gives up
  transfer.take_header({octets, size * count});
  return size * count;
}

void FetchTransfer::take_header(std::string_view line) {
  if (line.starts_with("HTTP/")) {  // also after a 100 or 103: what came before belongs to that
    answer_.headers.clear();
    return;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || answer_.headers.size() >= request_.headers_wanted.size()) { return; }
  std::string name{line.substr(0, colon)};
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  const auto& wanted = request_.headers_wanted;
  if (std::find(wanted.begin(), wanted.end(), name) == wanted.end()) { return; }
  std::string_view value = line.substr(colon + 1);
  value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
  value = value.substr(0, value.find_last_not_of(" \t\r\n") + 1);
  answer_.headers.push_back({std::move(name), std::string{value.substr(0, kHeaderValueMax)}});
}

std::size_t FetchTransfer::on_body(char* octets, std::size_t size, std::size_t count, void* self) {
  return static_cast<FetchTransfer*>(self)->take_body({octets, size * count});
}

std::size_t FetchTransfer::take_body(std::string_view piece) {
  const std::size_t room = request_.answer_octets_max - answer_.body.size();
  const std::size_t taken = std::min(room, piece.size());
  answer_.body.append(piece.substr(0, taken));
  body_dropped_ += piece.size() - taken;
  answer_.body_cut = body_dropped_ > 0;
  return body_dropped_ <= kBodyDroppedMax ? piece.size() : 0;
}

bool FetchTransfer::finished(Instant now, CURLcode code) {
  const bool is_cut = code == CURLE_WRITE_ERROR && answer_.body_cut && header_octets_ <= kHeaderOctetsMax;
  if (code == CURLE_OK || is_cut) {
    long status = 0;
    curl_easy_getinfo(easy_.get(), CURLINFO_RESPONSE_CODE, &status);
    answer_.status = static_cast<unsigned>(status);
    return true;
  }
  const bool may_try_next = !connected_ && !refused_ && code != CURLE_PEER_FAILED_VERIFICATION;
  if (may_try_next && next_ < addresses_.size() && now < deadline()) { return false; }
  const auto error = error_of(code);
  fail(error.fault, error.text);
  return true;
}

ports::FetchError FetchTransfer::error_of(CURLcode code) const {
  const std::string where = target_.host + " port " + std::to_string(target_.port);
  const std::string why = text_[0] != '\0' ? text_.data() : curl_easy_strerror(code);
  if (refused_) {
    return {FetchFault::kForbiddenAddress, where + ": a connection to another address than the judged one"};
  }
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      if (connected_) {
        return {FetchFault::kTimeout, where + " did not answer within " + seconds_text(request_.total_max) +
                                          ": answer 2xx first, and do the work behind it"};
      }
      return {FetchFault::kTimeout, "cannot connect to " + where +
                                        " in time: is it up, and does its firewall "
                                        "let us in?"};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
      return {FetchFault::kTls,
              "TLS with " + where + " failed: " + why +
                  ": the certificate must be valid, name this host and come with its chain"};
    case CURLE_COULDNT_CONNECT: return {FetchFault::kNetwork, "cannot connect to " + where + ": " + why};
    default: return {FetchFault::kNetwork, "the connection to " + where + " failed: " + why};
  }
}

void FetchTransfer::fail(FetchFault fault, std::string text) {
  answer_.status = 0;
  answer_.headers.clear();
  answer_.body.clear();
  answer_.error = ports::FetchError{fault, std::move(text)};
}

void FetchTransfer::fail_late() {
  fail(FetchFault::kTimeout, target_.host + " was not resolved within " + seconds_text(request_.total_max) +
                                 ": check its name servers");
}

ports::FetchAnswer FetchTransfer::take_answer(Instant now) {
  answer_.took = now - started_;
  return std::move(answer_);
}

}  // namespace aldis::runtime
