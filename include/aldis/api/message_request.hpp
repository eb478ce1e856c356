// SPDX-License-Identifier: Apache-2.0
// The body of POST /v1/messages, of a batch's item and of a preview, once its fields are known to be of the
// right kind and within the bounds that hold for everybody. What an account may do, who serves a number and
// what the text costs, others judge.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "aldis/base/time.hpp"

namespace aldis::api {

enum class EncodingWish : std::uint8_t { kAuto, kGsm7, kUcs2, kLatin1, kBinary };
enum class ClassWish : std::uint8_t { kOtp, kTransactional, kBulk };
enum class ReceiptWish : std::uint8_t { kNone, kFinal, kAll };
enum class DeliveryWish : std::uint8_t { kAtLeastOnce, kAtMostOnce };

struct TlvGiven {
  std::uint16_t tag = 0;
  std::string value;  // octets
};

struct MessageRequest {
  std::string to;                     // E.164 with or without '+', or 3 to 8 digits
  std::optional<std::string> from;    // none: the account's
  std::optional<std::string> text;    // UTF-8, at most 20,000 characters; either this
  std::optional<std::string> octets;  // or these, at most 64 KiB,
  std::string udh;                    // with a user data header; its first octet counts the rest
  EncodingWish encoding = EncodingWish::kAuto;
  std::optional<bool> transliterate;
  std::optional<std::uint8_t> data_coding;
  std::optional<std::uint8_t> message_class;  // 0..3, 0 = flash
  std::optional<std::uint8_t> protocol_id;
  std::optional<std::uint8_t> parts_max;  // 1..255; none: the account's
  std::optional<ClassWish> traffic_class;
  std::string label;
  std::string reference;
  std::vector<std::pair<std::string, std::string>> metadata;  // at most 20
  std::optional<WallTime> send_at;
  std::optional<std::chrono::seconds> validity;  // at least one
  std::optional<WallTime> valid_until;           // instead of it
  ReceiptWish receipt = ReceiptWish::kFinal;
  std::optional<DeliveryWish> delivery;
  std::string callback_url;
  std::vector<TlvGiven> tlvs;  // at most 16
  std::string pinned_operator;
  std::string idempotency_key;  // of a batch's item
};

}  // namespace aldis::api
