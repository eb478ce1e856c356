// SPDX-License-Identifier: Apache-2.0
// Records to the protobuf wire format of proto/journal.proto and back.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <vector>

#include "aldis/base/octets.hpp"
#include "aldis/spool/format.hpp"
#include "aldis/spool/records.hpp"
#include "aldis/spool/recover.hpp"

namespace aldis::spool {

// How many octets encode() writes at most. Cheap and generous: it only has to hold.
std::size_t payload_bound(const AcceptRecord& record);
std::size_t payload_bound(const LeaseRecord& record);
std::size_t payload_bound(const ResultRecord& record);
std::size_t payload_bound(const ReceiptRecord& record);
std::size_t payload_bound(const OrphanRecord& record);
std::size_t payload_bound(const OrphanDoneRecord& record);
std::size_t payload_bound(const InboundRecord& record);
std::size_t payload_bound(const OwedDoneRecord& record);
std::size_t payload_bound(const FinalRecord& record);
std::size_t payload_bound(const ChangeRecord& record);
std::size_t payload_bound(const SettingsRecord& record);
std::size_t payload_bound(const CheckpointRecord& record);

// Writes from `at` on, within payload_bound(); returns the end.
char* encode(char* at, const AcceptRecord& record);
char* encode(char* at, const LeaseRecord& record);
char* encode(char* at, const ResultRecord& record);
char* encode(char* at, const ReceiptRecord& record);
char* encode(char* at, const OrphanRecord& record);
char* encode(char* at, const OrphanDoneRecord& record);
char* encode(char* at, const InboundRecord& record);
char* encode(char* at, const OwedDoneRecord& record);
char* encode(char* at, const FinalRecord& record);
char* encode(char* at, const ChangeRecord& record);
char* encode(char* at, const SettingsRecord& record);
char* encode(char* at, const CheckpointRecord& record);

// A payload with a right checksum that does not read: written by a later version, or by a bug of ours.
struct DecodeError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Reads payloads; what a record points to lives here, reused from one to the next. Throws DecodeError.
class Decoder {
 public:
  void visit(RecordType type, Octets payload, const Place& place, ReplayVisitor& visitor);
  static std::uint64_t oldest_segment(Octets checkpoint);  // of a CHECKPOINT's payload
  void accept(Octets payload, AcceptRecord& record);       // of an ACCEPT's; throws protozero's errors, too

 private:
  void lease(Octets payload, LeaseRecord& record);
  void inbound(Octets payload, InboundRecord& record);
  void checkpoint(Octets payload, CheckpointRecord& record);

  Message message_;
  Inbound inbound_;
  std::vector<OwedItem> owed_;
  std::vector<LeasedPart> parts_;
  std::vector<NameEntry> names_;
  std::vector<StoredEntry> stored_;
  std::vector<DialectEntry> dialects_;
  std::vector<ShortIdCounter> short_ids_;
  std::vector<VolumeUsed> volumes_;
};

}  // namespace aldis::spool
