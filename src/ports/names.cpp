// SPDX-License-Identifier: Apache-2.0
#include "aldis/ports/byte_protocol.hpp"

namespace aldis::ports {

std::string_view name_of(CloseCause cause) {
  switch (cause) {
    case CloseCause::kPeer: return "peer";
    case CloseCause::kReset: return "reset";
    case CloseCause::kLocal: return "local";
    case CloseCause::kConnectFailed: return "connect_failed";
    case CloseCause::kWriteStalled: return "write_stalled";
    case CloseCause::kStopping: return "stopping";
  }
  __builtin_unreachable();
}

}  // namespace aldis::ports
