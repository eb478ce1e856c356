// SPDX-License-Identifier: Apache-2.0
// Payloads of the journal: whatever the octets, a record or a DecodeError; and a record that was read is
// written within its bound and read again as the same.
#include "spool/codec.hpp"
#include "unit/spool/record_text.hpp"

#include <optional>

#include "fuzz/fuzz.hpp"

namespace aldis::fuzz {
namespace {

using namespace spool;

struct Read {
  std::string text;
  std::string payload;  // written again
};

// Keeps one record as text and as octets.
class Again final : public ReplayVisitor {
 public:
  std::optional<Read> read;

  void on(const Place&, const AcceptRecord& record) override { keep(record); }
  void on(const Place&, const LeaseRecord& record) override { keep(record); }
  void on(const Place&, const ResultRecord& record) override { keep(record); }
  void on(const Place&, const ReceiptRecord& record) override { keep(record); }
  void on(const Place&, const OrphanRecord& record) override { keep(record); }
  void on(const Place&, const OrphanDoneRecord& record) override { keep(record); }
  void on(const Place&, const InboundRecord& record) override { keep(record); }
  void on(const Place&, const OwedDoneRecord& record) override { keep(record); }
  void on(const Place&, const FinalRecord& record) override { keep(record); }
  void on(const Place&, const ChangeRecord& record) override { keep(record); }
  void on(const Place&, const SettingsRecord& record) override { keep(record); }
  void on(const Place&, const CheckpointRecord& record) override { keep(record); }

 private:
  template <class Record>
  void keep(const Record& record) {
    ALDIS_CHECK(!read);
    const auto bound = payload_bound(record);
    const std::unique_ptr<char[]> room{new char[bound]};
    const char* end = encode(room.get(), record);
    const auto size = static_cast<std::size_t>(end - room.get());
    ALDIS_CHECK(size <= bound);
    read = Read{text_of(record), {room.get(), size}};
  }
};

std::optional<Read> read(RecordType type, Octets payload) {
  Decoder decoder;
  Again again;
  try {
    decoder.visit(type, payload, {}, again);
  } catch (const DecodeError&) { return std::nullopt; }
  return again.read;
}

}  // namespace

void run(Octets input) {
  Draw draw{input};
  const auto type = static_cast<RecordType>(draw.u8());
  const Exact payload{draw.rest()};
  if (type == RecordType::kCheckpoint) {
    try {
      static_cast<void>(Decoder::oldest_segment(payload.view()));
    } catch (const DecodeError&) {}
  }
  const auto first = read(type, payload.view());
  if (!first) { return; }
  const auto second = read(type, first->payload);
  ALDIS_CHECK(second && second->text == first->text && second->payload == first->payload);
}

}  // namespace aldis::fuzz
