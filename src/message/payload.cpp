// SPDX-License-Identifier: Apache-2.0
#include "aldis/message/payload.hpp"

#include <optional>

#include "aldis/base/check.hpp"
#include "aldis/message/intake.hpp"
#include "aldis/text/segments.hpp"
#include "aldis/text/transcode.hpp"
#include "aldis/text/udh.hpp"

namespace aldis::message {

namespace {

using text::Concat;
using text::Unit;

constexpr std::size_t kShortMessageOctetsMax = 254;

bool may_send_tlvs(const OperatorSettings& op) { return op.tlvs_out && op.version != VersionSetting::k33; }

// A stretch of the body as it goes on the wire, with what the air interface will count of it.
struct Encoded {
  Octets view;               // of the message, if it goes as it is
  std::size_t appended = 0;  // else: octets at the start of scratch
  std::uint8_t data_coding = 0;
  Unit unit = Unit::kSeptet;
  std::uint32_t units = 0;
  bool stretched = false;  // UCS-2 although the parts were planned in septets: it may not fit
};

// The data_coding of a UCS-2 text whose original value carried a class or a waiting indication.
std::uint8_t ucs2_with_bits_of(std::uint8_t data_coding) {
  const unsigned group = data_coding >> 4;
  if (group == 0xC || group == 0xD) { return static_cast<std::uint8_t>(0xE0u | (data_coding & 0x0Fu)); }
  return static_cast<std::uint8_t>(0x18u | (data_coding & 0x03u));
}

std::optional<Encoded> to_ucs2(Octets body, Alphabet alphabet, std::uint8_t data_coding, bool stretched,
                               std::string& scratch) {
  scratch.clear();
  if (!text::transcode(body, alphabet, Alphabet::kUcs2, scratch)) { return std::nullopt; }
  return Encoded{.view = {},
                 .appended = scratch.size(),
                 .data_coding = data_coding,
                 .unit = Unit::kUcs2,
                 .units = static_cast<std::uint32_t>(scratch.size() / 2),
                 .stretched = stretched};
}

// The alphabet of the operator's default data_coding; others than those of text cannot be configured.
Alphabet default_alphabet(const OperatorSettings& op) {
  const Alphabet alphabet = op.alphabet_out;
  return alphabet == Alphabet::kLatin1 || alphabet == Alphabet::kAscii || alphabet == Alphabet::kUtf8
             ? alphabet
             : Alphabet::kGsm7;
}

// Text whose characters all have septets, recoded to the alphabet `to`. The whole message changes to UCS-2
// where one of its characters has no place there: handsets show parts of one text in different alphabets
// badly.
std::optional<Encoded> recode(const Content& content, Encoded planned, Alphabet to, std::uint8_t dcs_ucs2,
                              std::string& scratch) {
  if (content.alphabet == to) { return planned; }
  bool has_place = true;
  if (planned.view.size() != content.body.size()) {
    scratch.clear();
    has_place = text::transcode(content.body, content.alphabet, to, scratch);
  }
  scratch.clear();
  has_place = has_place && text::transcode(planned.view, content.alphabet, to, scratch);
  if (!has_place) { return to_ucs2(planned.view, content.alphabet, dcs_ucs2, true, scratch); }
  planned.view = {};
  planned.appended = scratch.size();
  return planned;
}

std::optional<Encoded> encode_text(const Content& content, Octets body, const OperatorSettings& op,
                                   std::string& scratch) {
  const bool class_bits = coding_of(content.data_coding, Alphabet::kGsm7).class_bits;
  text::Measure measured = text::measure(content.body, content.alphabet);
  if (measured.unit != Unit::kSeptet) {
    const auto data_coding = class_bits ? ucs2_with_bits_of(content.data_coding) : op.dcs_ucs2;
    return to_ucs2(body, content.alphabet, data_coding, false, scratch);
  }
  if (body.size() != content.body.size()) { measured = text::measure(body, content.alphabet); }
  // A class or a waiting indication names the GSM alphabet, whatever the operator's default one is.
  const Encoded planned{.view = body,
                        .data_coding = class_bits ? content.data_coding : op.dcs_gsm7,
                        .unit = Unit::kSeptet,
                        .units = measured.count};
  return recode(content, planned, class_bits ? Alphabet::kGsm7 : default_alphabet(op), op.dcs_ucs2, scratch);
}

std::optional<Encoded> encode(const Content& content, Octets body, const OperatorSettings& op,
                              std::string& scratch) {
  const auto as_it_is = [&](std::uint8_t data_coding, Unit unit) {
    const bool keep = coding_of(content.data_coding, Alphabet::kGsm7).class_bits;
    const std::size_t octets_per_unit = unit == Unit::kUcs2 ? 2 : 1;
    return Encoded{.view = body,
                   .data_coding = keep ? content.data_coding : data_coding,
                   .unit = unit,
                   .units = static_cast<std::uint32_t>(body.size() / octets_per_unit)};
  };
  switch (content.alphabet) {
    case Alphabet::kGsm7:
    case Alphabet::kLatin1:
    case Alphabet::kAscii:
    case Alphabet::kUtf8: return encode_text(content, body, op, scratch);
    case Alphabet::kUcs2: return as_it_is(op.dcs_ucs2, Unit::kUcs2);
    case Alphabet::kBinary: return as_it_is(op.dcs_binary, Unit::kOctet);
    case Alphabet::kOpaque:
      return as_it_is(content.data_coding, Unit::kSeptet);  // planned so: nobody knows its units
  }
  __builtin_unreachable();
}

bool fits(const Encoded& encoded, std::size_t header_octets) {
  return encoded.units <= text::units_max(encoded.unit, header_octets);
}

// How the place of a part among its siblings is told.
struct Form {
  enum class Kind : std::uint8_t { kAsItCame, kHeader, kSar };
  Kind kind = Kind::kAsItCame;
  Concat concat;
};

// Our own split was planned for 8-bit references. A 16-bit one takes an octet more: it is used only where
// each part, counted in octets of its body, leaves that room, so that all parts of a text have one form.
bool all_fit_ref16(const Message& message) {
  const Content& content = message.content;
  const std::size_t header = text::udh_octets_with(Concat{.ref16 = true}, content.udh);
  const Unit unit = text::measure(content.body, content.alphabet).unit;
  for (const auto& part : message.parts) {
    const Octets body = Octets{content.body}.substr(part.body_offset, part.body_octets);
    if (text::part_octets(body, content.alphabet, unit, text::units_max(unit, header)) != body.size()) {
      return false;
    }
  }
  return true;
}

Form form_of_split(const Message& message, std::uint16_t part, const OperatorSettings& op) {
  Concat concat{message.concat_ref, static_cast<std::uint8_t>(message.parts.size()),
                static_cast<std::uint8_t>(part + 1), false};
  if (op.long_form == LongForm::kSar && may_send_tlvs(op)) { return {Form::Kind::kSar, concat}; }
  concat.ref16 = op.long_form == LongForm::kUdh16 && all_fit_ref16(message);
  return {Form::Kind::kHeader, concat};
}

// The customer's own segment in the form that the operator wants, if it has room for it; otherwise as it
// came.
Form form_of_segment(const Message& message, const Encoded& encoded, const OperatorSettings& op) {
  const bool tlvs = may_send_tlvs(op);
  const auto by_header = text::concat_of(message.content.udh);
  Concat concat = by_header.value_or(Concat{message.sar_ref, message.sar_total, message.sar_seqnum, false});
  const auto room_for = [&](bool ref16) {
    concat.ref16 = ref16;
    return fits(encoded, text::udh_octets_with(concat, message.content.udh));
  };
  const bool came_as_wanted = by_header && (op.long_form == LongForm::kPayload ||
                                            (op.long_form == LongForm::kUdh8 && !by_header->ref16) ||
                                            (op.long_form == LongForm::kUdh16 && by_header->ref16));
  if (came_as_wanted) { return {}; }
  const bool wants_tlvs =
      op.long_form == LongForm::kSar || (op.long_form == LongForm::kPayload && !by_header);
  if (wants_tlvs && tlvs) { return {Form::Kind::kSar, concat}; }
  if (op.long_form == LongForm::kUdh16 && room_for(true)) { return {Form::Kind::kHeader, concat}; }
  if (by_header && op.long_form != LongForm::kUdh8) { return {}; }
  if (room_for(false) || !tlvs) { return {Form::Kind::kHeader, concat}; }
  return {Form::Kind::kSar, concat};
}

Form form_of(const Message& message, std::uint16_t part, const Encoded& encoded, const OperatorSettings& op) {
  if (message.parts.size() > 1) { return form_of_split(message, part, op); }
  return message.passed_multipart ? form_of_segment(message, encoded, op) : Form{};
}

}  // namespace

bool goes_whole(const Message& message, const OperatorSettings& op) {
  return op.long_form == LongForm::kPayload && message.parts.size() > 1 && may_send_tlvs(op);
}

Result<Payload, PayloadError> whole_payload(const Message& message, const OperatorSettings& op,
                                            std::string& scratch) {
  const auto encoded = encode(message.content, message.content.body, op, scratch);
  if (!encoded) { return PayloadError::kNoPlace; }
  Payload payload;
  payload.data_coding = encoded->data_coding;
  payload.message_payload = true;
  payload.udh = message.content.udh;
  payload.body = encoded->appended == 0 ? encoded->view : Octets{scratch};
  return payload;
}

Result<Payload, PayloadError> part_payload(const Message& message, std::uint16_t part,
                                           const OperatorSettings& op, std::string& scratch) {
  ALDIS_CHECK(part < message.parts.size());
  const Content& content = message.content;
  const Part& stretch = message.parts[part];
  const auto encoded =
      encode(content, Octets{content.body}.substr(stretch.body_offset, stretch.body_octets), op, scratch);
  if (!encoded) { return PayloadError::kNoPlace; }

  Payload payload;
  payload.data_coding = encoded->data_coding;
  payload.udh = content.udh;
  payload.body = encoded->view;
  if (encoded->appended == 0) { scratch.clear(); }
  const Form form = form_of(message, part, *encoded, op);
  if (form.kind != Form::Kind::kAsItCame) {
    const bool by_header = form.kind == Form::Kind::kHeader;
    const auto concat = by_header ? std::optional{form.concat} : std::nullopt;
    const std::size_t octets = text::append_udh(concat, content.udh, scratch);
    payload.udh = Octets{scratch}.substr(encoded->appended, octets);
  }
  if (form.kind == Form::Kind::kSar) {
    payload.sar_ref = form.concat.ref;
    payload.sar_total = form.concat.total;
    payload.sar_seqnum = form.concat.seqnum;
  }
  if (encoded->appended != 0) { payload.body = Octets{scratch}.substr(0, encoded->appended); }
  const bool too_long = payload.udh.size() + payload.body.size() > kShortMessageOctetsMax;
  if (too_long || !fits(*encoded, payload.udh.size())) {
    return too_long || encoded->stretched ? PayloadError::kNoPlace : PayloadError::kDoesNotFit;
  }
  return payload;
}

}  // namespace aldis::message
