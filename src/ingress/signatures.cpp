// SPDX-License-Identifier: Apache-2.0
#include "ingress/signatures.hpp"

#include <algorithm>

#include "aldis/base/octet_text.hpp"

namespace aldis::ingress {

using ports::DigestKind;

std::optional<std::string> standard_signature(const ports::Digests& digests,
                                              std::span<const std::string> secrets, std::string_view id,
                                              std::int64_t timestamp_s, std::string_view body) {
  constexpr std::string_view kPrefix = "whsec_";
  std::string content{id};
  content.append(".").append(std::to_string(timestamp_s)).append(".").append(body);
  std::string out;
  for (const std::string_view secret : secrets) {
    if (!secret.starts_with(kPrefix)) { return std::nullopt; }
    const auto key = octets_of_base64(secret.substr(kPrefix.size()));
    if (!key || key->empty()) { return std::nullopt; }
    if (!out.empty()) { out += ' '; }
    out += "v1," + base64_of(digests.hmac(DigestKind::kSha256, *key, content));
  }
  if (out.empty()) { return std::nullopt; }
  return out;
}

std::string twilio_signature(const ports::Digests& digests, std::string_view auth_token, std::string_view url,
                             const Fields& form) {
  Fields sorted = form;
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());  // distinct values of a name
  std::string content{url};
  for (const auto& [name, value] : sorted) { content += name + value; }
  return base64_of(digests.hmac(DigestKind::kSha1, auth_token, content));
}

std::string twilio_url_of_body(const ports::Digests& digests, std::string_view url, std::string_view body) {
  return with_query(url, {{"bodySHA256", hex_of(digests.digest(DigestKind::kSha256, body))}});
}

std::string vonage_signature(const ports::Digests& digests, VonageMethod method, std::string_view secret,
                             const Fields& fields) {
  Fields sorted = fields;
  std::sort(sorted.begin(), sorted.end());
  std::string content;
  for (const auto& [name, value] : sorted) {
    if (name == "sig") { continue; }
    content += '&' + name + '=';
    std::transform(value.begin(), value.end(), std::back_inserter(content),
                   [](char c) { return c == '&' || c == '=' ? '_' : c; });
  }
  const auto keyed = [&](DigestKind kind) {
    std::string out = hex_of(digests.hmac(kind, secret, content));
    std::transform(out.begin(), out.end(), out.begin(),
                   [](char c) { return c >= 'a' ? static_cast<char>(c - 0x20) : c; });
    return out;
  };
  switch (method) {
    case VonageMethod::kMd5Hash: return hex_of(digests.digest(DigestKind::kMd5, content.append(secret)));
    case VonageMethod::kMd5Hmac: return keyed(DigestKind::kMd5);
    case VonageMethod::kSha1Hmac: return keyed(DigestKind::kSha1);
    case VonageMethod::kSha256Hmac: return keyed(DigestKind::kSha256);
    case VonageMethod::kSha512Hmac: return keyed(DigestKind::kSha512);
  }
  __builtin_unreachable();
}

}  // namespace aldis::ingress
