// SPDX-License-Identifier: Apache-2.0
// What a record makes of a message's row. As the engine's own replay understands it (engine/restored.cpp).
#pragma once

#include "aldis/core/history.hpp"
#include "aldis/spool/records.hpp"

namespace aldis::history::life {

// An image: at acceptance, and again when compaction or replace_sm writes it anew; `known` says which.
void image(MessageRow& row, const spool::AcceptRecord& record, bool known);
// `clock`: the newest time that the journal has said so far, for records that say none.
void leased(MessageRow& row, const spool::LeaseRecord& record, const spool::LeasedPart& leased,
            WallTime clock);
void result(MessageRow& row, const spool::ResultRecord& record);
void receipt(MessageRow& row, const spool::ReceiptRecord& record, WallTime clock);
void ended(MessageRow& row, const spool::FinalRecord& record, WallTime clock);
void changed(MessageRow& row, const spool::ChangeRecord& record, WallTime clock);
void owed_done(MessageRow& row, const spool::OwedDoneRecord& record, WallTime clock);

}  // namespace aldis::history::life
