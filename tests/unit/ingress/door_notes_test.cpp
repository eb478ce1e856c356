// SPDX-License-Identifier: Apache-2.0
#include "ingress/door_notes.hpp"

#include <catch2/catch.hpp>

using namespace aldis;
using namespace aldis::ingress;

TEST_CASE("what a door keeps with a message comes back as it was") {
  DoorNotes notes;
  notes.door = "vonage";
  notes.label = "spring";
  notes.reference = "order \"991\"";
  notes.send_at = WallTime{seconds{1'795'291'951}};
  notes.metadata = {{"user", "77"}, {"ü", "\n"}};
  notes.to_given = "00447700900123";
  notes.from_given = "ACME";
  notes.callback = CallbackNote{"https://app.example/cb?a=%20", "vonage", "acme-key", 31, true, "r1"};
  CHECK(door_notes_from(to_octets(notes)) == notes);
  CHECK(door_notes_from(to_octets(DoorNotes{})) == DoorNotes{});
}

TEST_CASE("notes that are none are told from empty ones") {
  CHECK_FALSE(door_notes_from("").has_value());
  CHECK_FALSE(door_notes_from("[]").has_value());
  CHECK_FALSE(door_notes_from("{\"door\":").has_value());
  CHECK(door_notes_from(R"({"door":7,"callback":"no","metadata":[1]})") == DoorNotes{.door = ""});
}
