// SPDX-License-Identifier: Apache-2.0
#include "sim/recovery.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "aldis/engine/restored.hpp"
#include "aldis/spool/format.hpp"
#include "aldis/spool/recover.hpp"
#include "sim/chance.hpp"

namespace aldis::sim {

namespace {

// Everything that a field says, with its length, so that no two states write the same octets.
class Writer {
 public:
  void number(std::uint64_t value) { out_.append(reinterpret_cast<const char*>(&value), sizeof value); }
  void number(std::int64_t value) { number(static_cast<std::uint64_t>(value)); }
  void text(std::string_view value) {
    number(std::uint64_t{value.size()});
    out_ += value;
  }
  void address(const Address& value) {
    number(std::uint64_t{value.ton});
    number(std::uint64_t{value.npi});
    text(value.digits.view());
  }
  template <class Enum>
  void choice(Enum value) {
    number(static_cast<std::uint64_t>(value));
  }
  void end(const std::string& name) {
    state_[name] = XXH3_64bits(out_.data(), out_.size());
    out_.clear();
  }
  void end(const std::string& kind, std::uint64_t id) { end(kind + std::to_string(id)); }
  [[nodiscard]] std::map<std::string, std::uint64_t> take() { return std::move(state_); }

 private:
  std::string out_;
  std::map<std::string, std::uint64_t> state_;
};

void write(Writer& out, const Message& message) {
  out.number(message.id.value());
  out.number(message.public_id.value());
  out.number(std::uint64_t{message.short_id});
  out.number(std::uint64_t{message.account.value()});
  out.choice(message.message_class);
  out.choice(message.status);
  out.choice(message.unknown_reason);
  out.number(std::uint64_t{message.status_seq});
  out.number(std::uint64_t{message.late});
  out.address(message.source);
  out.address(message.destination);
  out.number(std::uint64_t{message.registered_delivery});
  out.number(std::uint64_t{message.user_message_reference});
  out.text(message.tlvs);
  out.number(std::uint64_t{message.at_most_once});
  out.text(message.door_notes);
  out.number(std::uint64_t{message.content.data_coding});
  out.text(message.content.udh);
  out.text(message.content.body);
  out.number(std::int64_t{message.accepted_at.time_since_epoch().count()});
  out.number(std::int64_t{message.done_at.time_since_epoch().count()});
  // When a retry is due is counted from the newest time that replay has seen, and a start that need not read
  // old segments has seen less: it may wait a little longer. Dates that a customer gave are exact.
  if (message.status == Status::kScheduled) {
    out.number(std::int64_t{message.due_at.time_since_epoch().count()});
  }
  out.number(std::int64_t{message.expires_at.time_since_epoch().count()});
  out.number(std::uint64_t{message.op.value()});
  out.number(std::uint64_t{message.candidates_tried});
  out.number(std::uint64_t{message.concat_ref});
  out.number(std::uint64_t{message.intermediates});
  out.text(message.err.view());
  for (const Part& part : message.parts) {
    out.choice(part.status);
    out.number(std::uint64_t{part.uncertain});
    out.number(std::uint64_t{part.attempt});
    out.number(std::uint64_t{part.body_octets});
    out.text(part.operator_id);
    out.text(part.err.view());
  }
}

template <class Map>
auto sorted(const Map& map) {
  std::vector<const typename Map::value_type*> all;
  for (const auto& row : map) { all.push_back(&row); }
  std::sort(all.begin(), all.end(), [](const auto* a, const auto* b) { return a->first < b->first; });
  return all;
}

std::map<std::string, std::uint64_t> state_of(engine::Restored& restored, WallTime orphans_since) {
  Writer out;
  std::map<std::uint64_t, const Message*> messages;
  restored.messages.visit([&](const Message& message) { messages[message.id.value()] = &message; });
  for (const auto& [id, message] : messages) {
    write(out, *message);
    out.end(std::string{name_of(message->status)} + " message ", id);
  }
  for (const auto* row : sorted(restored.owed)) {
    out.number(row->first.value());
    for (const auto& item : row->second) {
      out.number(std::uint64_t{item.status_seq});
      out.choice(item.status);
    }
    out.end("owed ", row->first.value());
  }
  for (const auto* row : sorted(restored.inbound)) {
    out.number(row->first.value());
    out.number(std::uint64_t{row->second->account.value()});
    out.address(row->second->source);
    out.address(row->second->destination);
    out.text(row->second->body);
    out.text(row->second->tlvs);
    out.end("inbound ", row->first.value());
  }
  for (const auto* row : sorted(restored.orphans)) {
    if (row->second->receipt.received_at <= orphans_since) { continue; }
    out.number(row->first.value());
    out.number(std::uint64_t{row->second->receipt.op.value()});
    out.text(row->second->id_tlv);
    out.text(row->second->id_text);
    out.text(row->second->stat_word);
    out.text(row->second->body);
    out.end("orphan ", row->first.value());
  }
  for (const auto* row : sorted(restored.dialects)) { out.text(row->second); }
  out.end("dialects");
  for (const auto* row : sorted(restored.short_ids)) { out.number(std::uint64_t{row->second}); }
  out.end("short ids");
  for (const auto& name : restored.names) { out.text(name.name); }
  out.end("names");
  // Not next_sequence: each start has a generation of its own, and counts ids from the beginning.
  return out.take();
}

}  // namespace

std::string difference(const Found& found, const Found& other) {
  if (found.refused || other.refused) { return "refused: " + (found.refused ? found : other).why; }
  std::string out;
  unsigned told = 0;
  const auto tell = [&](const std::string& name, const char* how) {
    if (++told <= 5) { out += (out.empty() ? "" : ", ") + name + how; }
  };
  for (const auto& [name, digest] : found.state) {
    const auto at = other.state.find(name);
    if (at == other.state.end()) {
      tell(name, " is gone");
    } else if (at->second != digest) {
      tell(name, " is another");
    }
  }
  for (const auto& [name, digest] : other.state) {
    if (!found.state.contains(name)) { tell(name, " is new"); }
  }
  return told > 5 ? out + " and " + std::to_string(told - 5) + " more" : out;
}

Found recover_now(testing::SimDisk& disk, const Now& now, std::uint64_t segment_octets,
                  WallTime orphans_since) {
  engine::Restored restored{now};
  const auto recovered = spool::recover(
      disk, {.segment_octets = segment_octets, .new_journal_id = 1, .generation = {}}, restored);
  if (recovered.has_error()) { return {true, recovered.error().sentence(), {}, 0}; }
  return {false, {}, state_of(restored, orphans_since), restored.messages.size()};
}

bool is_proved(const testing::SimDisk& disk, const Octet& octet) {
  testing::SimDisk copy = disk.copy();
  copy.kill();
  const auto report = spool::verify(copy);
  if (report.damage || report.segments.empty()) { return false; }
  const auto number = spool::segment_number(octet.file);
  const std::uint64_t at = number * report.segment_octets + octet.offset;
  const bool in_use = std::any_of(report.segments.begin(), report.segments.end(),
                                  [&](const auto& segment) { return segment.number == number; });
  return in_use && at < report.durable.value();
}

}  // namespace aldis::sim
