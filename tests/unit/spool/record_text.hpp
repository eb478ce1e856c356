// SPDX-License-Identifier: Apache-2.0
// Every field of every record as text, so that "the same" means the same and a failure shows the difference.
#pragma once

#include <string>
#include <vector>

#include "aldis/spool/recover.hpp"

namespace aldis::spool {

std::string text_of(const AcceptRecord& record);
std::string text_of(const LeaseRecord& record);
std::string text_of(const ResultRecord& record);
std::string text_of(const ReceiptRecord& record);
std::string text_of(const OrphanRecord& record);
std::string text_of(const OrphanDoneRecord& record);
std::string text_of(const InboundRecord& record);
std::string text_of(const OwedDoneRecord& record);
std::string text_of(const FinalRecord& record);
std::string text_of(const ChangeRecord& record);
std::string text_of(const SettingsRecord& record);
std::string text_of(const CheckpointRecord& record);

// Keeps what replay shows.
class Heard final : public ReplayVisitor {
 public:
  std::vector<std::string> texts;
  std::vector<Place> places;

  void on(const Place& place, const AcceptRecord& record) override { hear(place, record); }
  void on(const Place& place, const LeaseRecord& record) override { hear(place, record); }
  void on(const Place& place, const ResultRecord& record) override { hear(place, record); }
  void on(const Place& place, const ReceiptRecord& record) override { hear(place, record); }
  void on(const Place& place, const OrphanRecord& record) override { hear(place, record); }
  void on(const Place& place, const OrphanDoneRecord& record) override { hear(place, record); }
  void on(const Place& place, const InboundRecord& record) override { hear(place, record); }
  void on(const Place& place, const OwedDoneRecord& record) override { hear(place, record); }
  void on(const Place& place, const FinalRecord& record) override { hear(place, record); }
  void on(const Place& place, const ChangeRecord& record) override { hear(place, record); }
  void on(const Place& place, const SettingsRecord& record) override { hear(place, record); }
  void on(const Place& place, const CheckpointRecord& record) override { hear(place, record); }

 private:
  template <class Record>
  void hear(const Place& place, const Record& record) {
    texts.push_back(text_of(record));
    places.push_back(place);
  }
};

}  // namespace aldis::spool
