// SPDX-License-Identifier: Apache-2.0
// Things stored at run time: a record each, an answer once that is durable, and their images kept alive.
#include "aldis/engine/stored_things.hpp"

#include "engine/state.hpp"

namespace aldis::engine {

void StoredThings::replay(const spool::StoredEntry& entry, Lsn home) {
  if (entry.gone) { return erase(entry.kind, entry.name); }
  put(entry.kind, entry.name, entry.octets).home = home;
}

Stored& StoredThings::put(StoredKind kind, std::string_view name, Octets octets) {
  auto& thing = things_[{kind, std::string{name}}];
  if (!thing) {
    thing = std::make_unique<Stored>();
    thing->kind = kind;
    thing->name = name;
  }
  thing->octets = octets;
  return *thing;
}

Stored* StoredThings::find(StoredKind kind, std::string_view name) {
  const auto at = things_.find({kind, std::string{name}});
  return at == things_.end() ? nullptr : at->second.get();
}

void StoredThings::erase(StoredKind kind, std::string_view name) { things_.erase({kind, std::string{name}}); }

namespace storing {

void write(State& s, Stored& stored) {
  const spool::StoredEntry entry{stored.kind, stored.name, false, stored.octets};
  s.rehome(stored, s.journal.append(spool::SettingsRecord{{}, {}, {&entry, 1}}));
}

void remove(State& s, StoredKind kind, std::string_view name) {
  const spool::StoredEntry entry{kind, name, true, {}};
  s.journal.append(spool::SettingsRecord{{}, {}, {&entry, 1}});
  s.left_home(*s.stored.find(kind, name));
  s.stored.erase(kind, name);
}

void on(State& s, const Now& now, const Store& request) {
  StoredChanged answer{request.token, std::nullopt, request.kind, std::string{request.name}, std::nullopt};
  const auto refuse = [&](Refusal refusal) {
    answer.refusal = refusal;
    s.sink.on(now, Effect{answer});
  };
  Stored* there = s.stored.find(request.kind, request.name);
  if (s.journal.room() != spool::Room::kAll) { return refuse(Refusal::kUnavailable); }
  if (!request.octets) {
    if (there == nullptr) { return refuse(Refusal::kNoSuchMessage); }
    remove(s, request.kind, request.name);
    if (request.kind == StoredKind::kWebhook) { s.telling.set_endpoint(now, request.name, std::nullopt); }
    return s.gate.hold(std::move(answer));
  }
  const bool fits = !request.name.empty() && request.name.size() <= kStoredNameMax &&
                    request.octets->size() <= kStoredOctetsMax;
  if (!fits || (there == nullptr && s.stored.size() >= kStoredMax)) { return refuse(Refusal::kQueueFull); }
  write(s, s.stored.put(request.kind, request.name, *request.octets));
  if (request.kind == StoredKind::kWebhook) { s.telling.set_endpoint(now, request.name, request.octets); }
  answer.octets = std::string{*request.octets};
  s.gate.hold(std::move(answer));
}

}  // namespace storing

}  // namespace aldis::engine
