// SPDX-License-Identifier: Apache-2.0
// The %-escapes of Kannel's dlr-url and get-url.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aldis/base/time.hpp"

namespace aldis::ingress {

// What an escape stands for. The defaults are what Kannel has in a report, where most are unset.
struct KannelFields {
  int type = -1;                  // %d
  std::string_view text{};        // %A; its words: %k %s %S %r %a
  std::string_view raw{};         // %b
  std::string_view sender{};      // %p %q: the handset
  std::string_view receiver{};    // %P %Q
  std::string_view smsc{};        // %i
  std::string_view id{};          // %I
  std::string_view foreign_id{};  // %F
  WallTime at{};                  // %t %T
  std::string_view login{};       // %n
  std::string_view account{};     // %o
  std::string_view binfo{};       // %B
  std::string_view dlr_url{};     // %R
  std::string_view meta{};        // %D, and %#group#name#: "?smpp?dlr_err=%03%00%00&"
  int coding = -1;                // %c; and by it %C and %O
  int mclass = -1;                // %m
  int mwi = -1;                   // %M
  std::string_view udh{};         // %u, octets
};

// As Kannel 1.4.5 does it, down to its oddities. Escapes that it does not know stay as they are, so that the
// %20 of a URL survives.
std::string kannel_expanded(std::string_view pattern, const KannelFields& fields);

}  // namespace aldis::ingress
