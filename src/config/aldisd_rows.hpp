// SPDX-License-Identifier: Apache-2.0
// Every key of aldisd.yaml. Names, nesting and bounds are the contract with users: docs/configuration.md is
// printed from here. A key is added together with the member of Settings that it fills, never before.
#pragma once

#include "config/schema.hpp"

namespace aldis::config {

const Program& aldisd();

Row accounts_row();
Row operators_row();
Row routes_row();
Row inbound_row();

}  // namespace aldis::config
