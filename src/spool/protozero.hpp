// SPDX-License-Identifier: Apache-2.0
// protozero without its assertions, which stand on the message path and in front of what files may hold: the decoder
// checks wire types itself, and a test holds the encoder against protoc.
#pragma once

#define protozero_assert(x) static_cast<void>(0)
#include <protozero/basic_pbf_writer.hpp>
#include <protozero/pbf_reader.hpp>
