// SPDX-License-Identifier: Apache-2.0
// The only door to protozero, here without its assertions, which stand in front of what files may hold: the
// decoder checks wire types itself.
#pragma once

#define protozero_assert(x) static_cast<void>(0)
#include <protozero/pbf_reader.hpp>
