// SPDX-License-Identifier: Apache-2.0
// The only place that knows yaml-cpp: one file's text into a tree, and the refusal of every YAML feature that
// makes a configuration hard to read aloud (anchors, tags, several documents, tabs ...).
#pragma once

#include <optional>

#include "config/node.hpp"
#include "config/report.hpp"

namespace aldis::config {

inline constexpr std::size_t kFileOctetsMax = 16u << 20;
inline constexpr std::size_t kNodesMax = 2'000'000;
inline constexpr std::size_t kDepthMax = 32;

// None when the text is not YAML as we read it; the report then says why. An empty text is an empty map. Keys
// given twice are told and the first stands.
std::optional<Node> parse_document(const Sources& sources, std::uint32_t source, Report& report);

}  // namespace aldis::config
