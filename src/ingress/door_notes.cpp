// SPDX-License-Identifier: Apache-2.0
#include "ingress/door_notes.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "ingress/rfc3339.hpp"

namespace aldis::ingress {

namespace json = boost::json;

namespace {

void put(json::object& out, std::string_view name, const std::string& text) {
  if (!text.empty()) { out[name] = text; }
}

std::string text_of(const json::object& in, std::string_view name) {
  const auto* value = in.if_contains(name);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

json::object json_of(const CallbackNote& callback) {
  json::object out{{"url", callback.url}, {"style", callback.style}};
  put(out, "login", callback.login);
  if (callback.wants != 0) { out["wants"] = callback.wants; }
  if (callback.is_get) { out["get"] = true; }
  put(out, "reference", callback.reference);
  return out;
}

CallbackNote callback_of(const json::object& in) {
  CallbackNote callback;
  callback.url = text_of(in, "url");
  callback.style = text_of(in, "style");
  callback.login = text_of(in, "login");
  if (const auto* wants = in.if_contains("wants"); wants != nullptr && wants->is_int64()) {
    callback.wants = static_cast<unsigned>(wants->get_int64());
  }
  callback.is_get = in.contains("get");
  callback.reference = text_of(in, "reference");
  return callback;
}

}  // namespace

std::string to_octets(const DoorNotes& notes) {
  json::object out{{"door", notes.door}};
  put(out, "reference", notes.reference);
  put(out, "label", notes.label);
  if (notes.send_at) { out["send_at"] = format_rfc3339(*notes.send_at); }
  if (!notes.metadata.empty()) {
    json::object metadata;
    for (const auto& [name, value] : notes.metadata) { metadata[name] = value; }
    out["metadata"] = std::move(metadata);
  }
  put(out, "to_given", notes.to_given);
  put(out, "from_given", notes.from_given);
  if (notes.callback) { out["callback"] = json_of(*notes.callback); }
  return json::serialize(out);
}

std::optional<DoorNotes> door_notes_from(std::string_view octets) {
  if (octets.empty()) { return std::nullopt; }
  boost::system::error_code failed;
  const json::value parsed = json::parse(octets, failed);
  const auto* in = failed ? nullptr : parsed.if_object();
  if (in == nullptr) { return std::nullopt; }
  DoorNotes notes;
  notes.door = text_of(*in, "door");
  notes.label = text_of(*in, "label");
  notes.reference = text_of(*in, "reference");
  notes.send_at = parse_rfc3339(text_of(*in, "send_at"));
  if (const auto* metadata = in->if_contains("metadata"); metadata != nullptr && metadata->is_object()) {
    for (const auto& [name, value] : metadata->get_object()) {
      if (value.is_string()) { notes.metadata.emplace_back(name, value.get_string()); }
    }
  }
  notes.to_given = text_of(*in, "to_given");
  notes.from_given = text_of(*in, "from_given");
  if (const auto* callback = in->if_contains("callback"); callback != nullptr && callback->is_object()) {
    notes.callback = callback_of(callback->get_object());
  }
  return notes;
}

}  // namespace aldis::ingress
