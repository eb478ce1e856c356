// SPDX-License-Identifier: Apache-2.0
#include "aldis/smpp/pdu_lists.hpp"

namespace aldis::smpp {

namespace {

constexpr std::uint8_t kFlagAddress = 1;
constexpr std::uint8_t kFlagList = 2;

void append_cstring(std::string& out, std::string_view text) {
  out.append(text.substr(0, text.find('\0')));
  out.push_back('\0');
}

void append_u8(std::string& out, std::uint8_t value) { out.push_back(static_cast<char>(value)); }

}  // namespace

bool read(Reader& from, Destination& item) {
  if (!from.read(item.dest_flag)) { return false; }
  if (item.dest_flag == kFlagList) { return from.read_cstring(item.dl_name); }
  return item.dest_flag == kFlagAddress && from.read(item.dest_addr_ton) && from.read(item.dest_addr_npi) &&
         from.read_cstring(item.destination_addr);
}

bool read(Reader& from, Unsuccess& item) {
  std::uint32_t status = 0;
  const bool whole = from.read(item.dest_addr_ton) && from.read(item.dest_addr_npi) &&
                     from.read_cstring(item.destination_addr) && from.read(status);
  item.error_status_code = static_cast<CommandStatus>(status);
  return whole;
}

bool read(Reader& from, ListedMessage& item) { return from.read_cstring(item.message_id); }

void append(std::string& items, const Destination& item) {
  append_u8(items, item.dest_flag);
  if (item.dest_flag == kFlagList) {
    append_cstring(items, item.dl_name);
    return;
  }
  append_u8(items, item.dest_addr_ton);
  append_u8(items, item.dest_addr_npi);
  append_cstring(items, item.destination_addr);
}

void append(std::string& items, const Unsuccess& item) {
  append_u8(items, item.dest_addr_ton);
  append_u8(items, item.dest_addr_npi);
  append_cstring(items, item.destination_addr);
  const auto status = static_cast<std::uint32_t>(item.error_status_code);
  for (const unsigned shift : {24u, 16u, 8u, 0u}) {
    append_u8(items, static_cast<std::uint8_t>(status >> shift & 0xFF));
  }
}

void append(std::string& items, const ListedMessage& item) { append_cstring(items, item.message_id); }

}  // namespace aldis::smpp
