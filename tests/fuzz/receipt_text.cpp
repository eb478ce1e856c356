// SPDX-License-Identifier: Apache-2.0
// Receipts' text: the reader takes anything, points only into what it was given, and reads back whatever our
// own writer wrote.
#include "aldis/smpp/receipt_text.hpp"

#include "aldis/smpp/smpp_time.hpp"
#include "fuzz/fuzz.hpp"

namespace aldis::fuzz {
namespace {

using namespace smpp;

ReceiptSource source_of(Draw& draw) {
  ReceiptSource source;
  const auto flags = draw.u8();
  source.udh = (flags & 1u) != 0;
  source.data_coding = (flags & 2u) != 0 ? 8 : draw.u8();
  if ((flags & 4u) != 0) { source.receipted_message_id = draw.text(); }
  if ((flags & 8u) != 0) { source.message_state = draw.u8(); }
  if ((flags & 16u) != 0) { source.network_error_code = draw.octets(draw.below(5)); }
  const bool as_payload = (flags & 32u) != 0;
  (as_payload ? source.message_payload : source.short_message) = draw.rest();
  return source;
}

void check_read(Octets input) {
  Draw draw{input};
  const ReceiptSource source = source_of(draw);
  const StatRule rules[] = {{"NOPAGE", MessageState::kUndeliverable}, {"delivrd", MessageState::kDelivered}};
  std::string scratch;
  const auto before = allocations();
  const auto read = parse_receipt(source, rules, scratch);
  if (source.data_coding != 8) { ALDIS_CHECK(allocations() == before); }
  for (const Octets view :
       {read.id_tlv, read.id_text, read.stat_word, read.submit_date, read.done_date, read.text}) {
    ALDIS_CHECK(is_inside(view, input) || is_inside(view, scratch));
  }
  ALDIS_CHECK(!read.sub || *read.sub <= 999);
  ALDIS_CHECK(!read.dlvrd || *read.dlvrd <= 999);
  const bool has_id = !read.id_tlv.empty() || !read.id_text.empty();
  ALDIS_CHECK(has_id || read.unparsed);
  static_cast<void>(parse_receipt_date(read.submit_date));
  static_cast<void>(state_of_word(read.stat_word));
  if (read.state_conflict) {
    ALDIS_CHECK(source.message_state && read.state == state_of_tlv(*source.message_state));
  }
}

// An id as ours are: letters, digits, hyphens.
std::string id_of(Octets octets) {
  constexpr std::string_view kLetters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-";
  std::string id = "x";
  for (const char c : octets) { id += kLetters[u8(c) % kLetters.size()]; }
  return id;
}

void check_written(Octets input) {
  Draw draw{input};
  const ReceiptForm form{.text = static_cast<ReceiptTextForm>(draw.below(3)),
                         .fields_short = draw.coin(),
                         .seconds = draw.coin()};
  ReceiptFields fields;
  const std::string id = id_of(draw.octets(draw.below(40)));
  fields.id = id;
  fields.sub = static_cast<std::uint16_t>(draw.below(1000));
  fields.dlvrd = static_cast<std::uint16_t>(draw.below(1000));
  fields.submit_date = WallTime{seconds{946'684'800 + std::int64_t{draw.below(3'155'673'600)}}};  // 20YY
  fields.done_date = fields.submit_date + seconds{draw.u16()};
  fields.state = static_cast<MessageState>(1 + draw.below(8));
  const std::string err = std::to_string(100 + draw.below(900));
  fields.err = err;
  fields.alphabet = static_cast<Alphabet>(draw.below(7));
  fields.body = draw.rest();
  std::string text = "before";
  append_receipt(text, fields, form);
  ALDIS_CHECK(text.starts_with("before"));
  text.erase(0, 6);
  ALDIS_CHECK(text.size() <= 254);
  for (const char c : text) { ALDIS_CHECK(u8(c) >= 0x20 && u8(c) < 0x7F); }

  std::string scratch;
  ReceiptSource source;
  source.short_message = text;
  const auto read = parse_receipt(source, {}, scratch);
  ALDIS_CHECK(!read.unparsed && read.id_text == id && read.state == fields.state);
  ALDIS_CHECK(read.err.view() == err);
  if (!form.fields_short) { ALDIS_CHECK(read.sub == fields.sub && read.dlvrd == fields.dlvrd); }
  const microseconds step = form.seconds ? seconds{1} : seconds{60};
  ALDIS_CHECK(parse_receipt_date(read.done_date) ==
              fields.done_date - fields.done_date.time_since_epoch() % step);
}

}  // namespace

void run(Octets input) {
  const Exact memory{input};
  check_read(memory.view());
  check_written(memory.view());
}

}  // namespace aldis::fuzz
