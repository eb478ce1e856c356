// SPDX-License-Identifier: Apache-2.0
#include "aldis/ingress/history_calls.hpp"

#include <utility>

#include "ingress/door_notes.hpp"

namespace aldis::ingress {

Message message_of(const Now& now, const history::MessageRow& row) {
  Message message;
  message.id = row.id;
  message.public_id = row.public_id;
  message.short_id = row.short_id;
  message.account = row.account;
  message.message_class = row.message_class;
  message.status = row.status;
  message.unknown_reason = row.unknown_reason;
  message.status_seq = row.status_seq;
  message.late = row.late;
  message.source = row.source;
  message.destination = row.destination;
  message.registered_delivery = row.registered_delivery;
  message.door_notes = row.notes;
  message.content.alphabet = row.alphabet;
  message.content.data_coding = row.data_coding;
  message.accepted_at = row.accepted_at;
  message.done_at = row.done_at;
  if (row.due_at != WallTime{}) { message.due_at = now.instant_of(row.due_at); }
  if (row.expires_at != WallTime{}) { message.expires_at = now.instant_of(row.expires_at); }
  message.op = row.op;
  message.err = row.err;
  message.parts.resize(row.parts.size());
  for (std::size_t i = 0; i < row.parts.size(); ++i) {
    const history::PartRow& from = row.parts[i];
    Part& part = message.parts[i];
    part.status = from.status;
    part.uncertain = from.uncertain;
    part.attempt = from.attempt;
    part.operator_id = from.operator_id;
    part.err = from.err;
  }
  return message;
}

void read_notes(history::MessageRow& row) {
  auto notes = door_notes_from(row.notes);
  if (!notes) { return; }
  row.label = std::move(notes->label);
  row.reference = std::move(notes->reference);
}

}  // namespace aldis::ingress
