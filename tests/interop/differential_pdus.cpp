// SPDX-License-Identifier: Apache-2.0
// Writes valid PDUs of every type into DIR, for decoders to be compared on:
//   pdus.bin    one behind the other
//   pdus.pcap   each in a packet of a TCP stream of its own to port 2775
//   ours.jsonl  what our decoder reads, a line each: strings and octets in hex, TLVs in order
// usage: differential_pdus SEED COUNT DIR
#include <fstream>
#include <iostream>

#include "fuzz/random_pdus.hpp"

namespace {

using namespace aldis;
using namespace aldis::smpp;

std::string hex(Octets octets) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "\"";
  for (const char c : octets) {
    text += kDigits[u8(c) >> 4];
    text += kDigits[u8(c) & 15];
  }
  return text + '"';
}

std::string shown(std::uint8_t value) { return std::to_string(value); }
std::string shown(Octets value) { return hex(value); }
std::string shown(const Destination& item) {
  const std::string flag = "[" + std::to_string(item.dest_flag);
  if (item.dest_flag == 2) { return flag + "," + hex(item.dl_name) + "]"; }
  return flag + "," + shown(item.dest_addr_ton) + "," + shown(item.dest_addr_npi) + "," +
         hex(item.destination_addr) + "]";
}
std::string shown(const Unsuccess& item) {
  return "[" + shown(item.dest_addr_ton) + "," + shown(item.dest_addr_npi) + "," +
         hex(item.destination_addr) + "," +
         std::to_string(static_cast<std::uint32_t>(item.error_status_code)) + "]";
}
std::string shown(const ListedMessage& item) { return hex(item.message_id); }
template <class Item>
std::string shown(const ItemList<Item>& items) {
  std::string text;
  for (const Item& item : items) { text += (text.empty() ? "[" : ",") + shown(item); }
  return text.empty() ? "[]" : text + "]";
}

template <class S>
void show_body(std::ostream& out, const S& body) {
  const char* comma = "";
  const auto show = [&](const auto& row) {
    out << comma << "[\"" << row.name << "\"," << shown(body.*row.member) << "]";
    comma = ",";
  };
  std::apply([&](const auto&... row) { (show(row), ...); }, kRows<S>);
  out << "],\"tlvs\":[";
  comma = "";
  for (const Tlv& tlv : body.tlvs) {
    out << comma << "[" << static_cast<unsigned>(tlv.tag) << "," << hex(tlv.value) << "]";
    comma = ",";
  }
}

void show(std::ostream& out, Octets whole) {
  Pdu pdu;
  ALDIS_CHECK(!decode_into(whole, Strictness::kSession, pdu));
  ALDIS_CHECK(pdu.tolerated == 0);
  // A response without a body has no fields, rather than empty ones.
  const bool is_empty = whole.size() == kHeaderOctets;
  out << "{\"command\":\"" << name_of(pdu.header.command_id)
      << "\",\"id\":" << static_cast<std::uint32_t>(pdu.header.command_id)
      << ",\"status\":" << static_cast<std::uint32_t>(pdu.header.command_status)
      << ",\"sequence\":" << pdu.header.sequence_number << ",\"octets\":" << whole.size() << ",\"fields\":[";
  std::visit(
      [&]<class S>(const S& body) {
        if constexpr (!std::is_same_v<S, std::monostate>) {
          if (is_empty) {
            out << "],\"tlvs\":[";
          } else {
            show_body(out, body);
          }
        }
      },
      pdu.body);
  out << "]}\n";
}

// Little-endian pcap of raw IPv4 packets.
class Pcap {
 public:
  explicit Pcap(const std::string& path) : out_(path, std::ios::binary) {
    number(0xA1B2C3D4, 4);
    number(2, 2);
    number(4, 2);
    number(0, 8);
    number(262'144, 4);
    number(101, 4);  // LINKTYPE_RAW
  }
  void packet(Octets payload) {
    const std::uint32_t size = 40 + static_cast<std::uint32_t>(payload.size());
    number(1'700'000'000 + count_ / 1000, 4);
    number(count_++ % 1000 * 1000, 4);
    number(size, 4);
    number(size, 4);
    std::string head{"\x45\0\0\0\0\0\x40\0\x40\x06\0\0\x7F\0\0\x01\x7F\0\0\x01", 20};
    head[2] = static_cast<char>(size >> 8);
    head[3] = static_cast<char>(size & 0xFF);
    // A stream each, so that nobody who takes one PDU for something else is wrong about the next one too.
    head[13] = static_cast<char>(count_ >> 16);
    head += static_cast<char>(count_ >> 8 & 0xFF);
    head += static_cast<char>(count_ & 0xFF);
    head += std::string{"\x0A\xD7\0\0\0\x01\0\0\0\x01\x50\x18\xFF\xFF\0\0\0\0", 18};
    out_ << head << payload;
  }
  [[nodiscard]] bool good() const { return out_.good(); }

 private:
  void number(std::uint64_t value, int octets) {
    for (int i = 0; i < octets; ++i) { out_ << static_cast<char>(value >> (8 * i) & 0xFF); }
  }

  std::ofstream out_;
  std::uint32_t count_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::cerr << "usage: differential_pdus SEED COUNT DIR\n";
    return 2;
  }
  fuzz::RandomPdus pdus{std::stoull(argv[1])};
  const std::string directory = argv[3];
  std::ofstream raw{directory + "/pdus.bin", std::ios::binary};
  std::ofstream ours{directory + "/ours.jsonl"};
  Pcap pcap{directory + "/pdus.pcap"};
  for (auto left = std::stoull(argv[2]); left > 0; --left) {
    const std::string whole = pdus.next();
    raw << whole;
    show(ours, whole);
    pcap.packet(whole);
  }
  return raw.good() && ours.good() && pcap.good() ? 0 : 1;
}
