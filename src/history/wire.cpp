// SPDX-License-Identifier: Apache-2.0
#include "history/wire.hpp"

#include <limits>

namespace aldis::history {
namespace {

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void number(std::uint64_t value) {
    while (value >= 0x80) {
      out_.push_back(static_cast<char>(value | 0x80u));
      value >>= 7;
    }
    out_.push_back(static_cast<char>(value));
  }
  void text(std::string_view value) {
    number(value.size());
    out_.append(value);
  }
  // As its distance from `base`, which is a few octets; either may be the earlier one.
  void time(WallTime value, WallTime base) {
    const auto distance = static_cast<std::uint64_t>(value.time_since_epoch().count()) -
                          static_cast<std::uint64_t>(base.time_since_epoch().count());
    number((distance << 1) ^ (0 - (distance >> 63)));
  }
  // Zero means something of its own, and is far from everything else.
  void time_or_zero(WallTime value, WallTime base) {
    number(value == WallTime{} ? 0 : 1);
    if (value != WallTime{}) { time(value, base); }
  }

 private:
  std::string& out_;
};

class Reader {
 public:
  explicit Reader(Octets octets) : octets_(octets) {}

  template <class T = std::uint64_t>
  T number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      if (at_ >= octets_.size() || shift > 63) {
        good_ = false;
        return T{};
      }
      const std::uint8_t octet = u8(octets_[at_++]);
      value |= std::uint64_t{octet & 0x7Fu} << shift;
      if (octet < 0x80) { break; }
    }
    if (value > std::numeric_limits<T>::max()) { good_ = false; }
    return static_cast<T>(value);
  }
  template <class Enum>
  Enum enumerator(Enum last) {
    const auto value = number<std::uint8_t>();
    if (value > static_cast<std::uint8_t>(last)) { good_ = false; }
    return good_ ? static_cast<Enum>(value) : Enum{};
  }
  Octets text() {
    const auto size = number();
    if (!good_ || size > octets_.size() - at_) {
      good_ = false;
      return {};
    }
    at_ += size;
    return octets_.substr(at_ - size, size);
  }
  WallTime time(WallTime base) {
    const auto folded = number();
    const std::uint64_t distance = (folded >> 1) ^ (0 - (folded & 1u));
    return WallTime{microseconds{
        static_cast<std::int64_t>(static_cast<std::uint64_t>(base.time_since_epoch().count()) + distance)}};
  }
  WallTime time_or_zero(WallTime base) { return number() == 0 ? WallTime{} : time(base); }
  // A count of things that have at least one octet each.
  std::size_t count() {
    const auto value = number();
    if (value > octets_.size() - at_) { good_ = false; }
    return good_ ? static_cast<std::size_t>(value) : 0;
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool at_end() const { return at_ == octets_.size(); }

 private:
  Octets octets_;
  std::size_t at_ = 0;
  bool good_ = true;
};

// "None" is the largest number there is, and the most frequent one.
std::uint64_t of(OperatorId op) { return op.value() + std::uint32_t{1}; }
std::uint64_t of(LinkId link) { return link.value() + std::uint32_t{1}; }

template <class Id>
Id id_of(std::uint32_t number) {
  return Id{number - 1};
}

void write_step(Writer& w, const Step& step, WallTime base) {
  w.number(static_cast<std::uint64_t>(step.kind));
  w.time(step.at, base);
  w.number(static_cast<std::uint64_t>(step.status));
  w.number(step.part);
  w.number(step.attempt);
  w.number(of(step.op));
  w.number(of(step.link));
  w.number(static_cast<std::uint64_t>(step.outcome));
  w.number(step.command_status);
  w.text(step.err.view());
}

Step read_step(Reader& r, WallTime base) {
  Step step;
  step.kind = r.enumerator(StepKind::kNotified);
  step.at = r.time(base);
  step.status = r.enumerator(Status::kUnknown);
  step.part = r.number<std::uint16_t>();
  step.attempt = r.number<std::uint16_t>();
  step.op = id_of<OperatorId>(r.number<std::uint32_t>());
  step.link = id_of<LinkId>(r.number<std::uint32_t>());
  step.outcome = r.enumerator(OutcomeClass::kNotSent);
  step.command_status = r.number<std::uint32_t>();
  step.err.assign(r.text());
  return step;
}

void write_part(Writer& w, const PartRow& part) {
  w.number(static_cast<std::uint64_t>(part.status));
  w.number(part.uncertain ? 1 : 0);
  w.number(part.attempt);
  w.number(of(part.op));
  w.text(part.operator_id);
  w.text(part.err.view());
}

PartRow read_part(Reader& r) {
  PartRow part;
  part.status = r.enumerator(Status::kUnknown);
  part.uncertain = r.number() != 0;
  part.attempt = r.number<std::uint16_t>();
  part.op = id_of<OperatorId>(r.number<std::uint32_t>());
  part.operator_id = r.text();
  part.err.assign(r.text());
  return part;
}

}  // namespace

void encode_rest(const MessageRow& row, std::string& into) {
  into.assign(1, static_cast<char>(kWireVersion));
  Writer w(into);
  w.number(row.public_id.value() - row.id.value());
  w.number(static_cast<std::uint64_t>(row.message_class));
  w.number(static_cast<std::uint64_t>(row.unknown_reason));
  w.number(row.status_seq);
  w.number(row.late ? 1 : 0);
  w.number(row.source.ton);
  w.number(row.source.npi);
  w.number(row.destination.ton);
  w.number(row.destination.npi);
  w.number(static_cast<std::uint64_t>(row.alphabet));
  w.number(row.data_coding);
  w.number(row.registered_delivery);
  w.text(row.err.view());
  for (const WallTime at : {row.due_at, row.expires_at, row.sent_at, row.done_at, row.updated_at}) {
    w.time_or_zero(at, row.accepted_at);
  }
  w.number(row.parts.size());
  for (const PartRow& part : row.parts) { write_part(w, part); }
  w.number(row.steps.size());
  WallTime base = row.accepted_at;
  for (const Step& step : row.steps) {
    write_step(w, step, base);
    base = step.at;
  }
  w.number(row.steps_dropped);
  w.text(row.notes);
}

bool decode_rest(Octets octets, MessageRow& row) {
  const unsigned version = octets.empty() ? 0 : u8(octets.front());
  if (version == 0 || version > kWireVersion) { return false; }
  Reader r(octets.substr(1));
  row.public_id = MessageId{row.id.value() + r.number()};
  row.message_class = r.enumerator(MessageClass::kBulk);
  row.unknown_reason = r.enumerator(UnknownReason::kQuarantined);
  row.status_seq = r.number<std::uint16_t>();
  row.late = r.number() != 0;
  row.source.ton = r.number<std::uint8_t>();
  row.source.npi = r.number<std::uint8_t>();
  row.destination.ton = r.number<std::uint8_t>();
  row.destination.npi = r.number<std::uint8_t>();
  row.alphabet = r.enumerator(Alphabet::kOpaque);
  row.data_coding = r.number<std::uint8_t>();
  row.registered_delivery = r.number<std::uint8_t>();
  row.err.assign(r.text());
  for (WallTime* at : {&row.due_at, &row.expires_at, &row.sent_at, &row.done_at, &row.updated_at}) {
    *at = r.time_or_zero(row.accepted_at);
  }
  row.parts.clear();
  for (std::size_t n = r.count(); n > 0 && r.good(); --n) { row.parts.push_back(read_part(r)); }
  row.steps.clear();
  WallTime base = row.accepted_at;
  for (std::size_t n = r.count(); n > 0 && r.good(); --n) {
    row.steps.push_back(read_step(r, base));
    base = row.steps.back().at;
  }
  row.steps_dropped = r.number<std::uint32_t>();
  row.notes = version < 2 ? Octets{} : r.text();
  return r.good() && r.at_end();
}

}  // namespace aldis::history
