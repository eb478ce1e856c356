// SPDX-License-Identifier: Apache-2.0
#include "config/node.hpp"

namespace aldis::config {

Path Path::item(const Path& parent, const Node& node, std::size_t index, bool named) {
  Path path(parent, {});
  path.is_item_ = true;
  path.index_ = index;
  if (named) {
    const Node* name = node.find("name");
    if (name != nullptr && name->is_scalar() && !name->text.empty()) {
      path.key_ = name->text;
      path.is_named_ = true;
    }
  }
  return path;
}

std::string Path::text() const {
  if (parent_ == nullptr) { return {}; }
  std::string text = parent_->text();
  if (is_item_) {
    text += '[';
    text += is_named_ ? std::string(key_) : std::to_string(index_);
    text += ']';
    return text;
  }
  if (!text.empty()) { text += '.'; }
  text += key_;
  return text;
}

}  // namespace aldis::config
