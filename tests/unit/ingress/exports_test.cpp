// SPDX-License-Identifier: Apache-2.0
#include "aldis/ingress/exports.hpp"

#include <catch2/catch.hpp>

#include "ingress/door_notes.hpp"

namespace aldis::ingress {
namespace {

struct Rows {
  Rows() {
    settings.accounts.resize(1);
    settings.accounts[0].name = "demo";
    row.id = row.public_id = MessageId{7};
    row.account = AccountId{0};
    row.status = Status::kDelivered;
    row.source.digits.assign("ACME");
    row.source.ton = 5;
    row.destination.digits.assign("447700900123");
    row.destination.ton = 1;
    row.accepted_at = row.done_at = now.wall;
    row.parts.resize(2);
  }
  std::string text(const ExportWish& wish) const {
    std::string out;
    append_export_row(now, wish, row, Directory{settings, {}}, ids, out);
    return out;
  }
  // The cell of a label.
  std::string cell(std::string label) {
    DoorNotes notes;
    notes.label = std::move(label);
    row.notes = to_octets(notes);
    const std::string out = text({.columns = {"label"}});
    REQUIRE(out.ends_with("\r\n"));
    return out.substr(0, out.size() - 2);
  }
  Settings settings;
  PublicIds ids{SipKey{1, 2}};
  Now now{Instant{} + hours{1}, WallTime{seconds{1'790'000'000}}};
  history::MessageRow row;
};

TEST_CASE("an export has a line of names and a line for each message") {
  const Rows rows;
  const ExportWish wish{.columns = {"to", "from", "status", "parts_count", "accepted_at", "reference"}};
  CHECK(export_head(wish) == "to,from,status,parts_count,accepted_at,reference\r\n");
  CHECK(rows.text(wish) == "447700900123,ACME,delivered,2,2026-09-21T14:13:20.000Z,\r\n");
  const std::string all = export_head({});
  CHECK(all.starts_with("id,account,door,status,"));
  CHECK(std::count(all.begin(), all.end(), ',') + 1 == static_cast<std::ptrdiff_t>(export_columns().size()));
}

TEST_CASE("what a spreadsheet takes for a formula is quoted, and nothing of it is lost", "[S9]") {
  Rows rows;
  CHECK(rows.cell("spring") == "spring");
  for (const std::string bad : {"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1",
                                "\xEF\xBC\x9D"
                                "1",
                                "\xEF\xBC\x8B"
                                "1",
                                "\xEF\xBC\x8D"
                                "1",
                                "\xEF\xBC\xA0"
                                "1"}) {
    CHECK(rows.cell(bad) == "\"'" + bad + "\"");
  }
  CHECK(rows.cell("a=1") == "a=1");
  CHECK(rows.cell("a,b") == "\"a,b\"");
  CHECK(rows.cell("say \"yes\"") == "\"say \"\"yes\"\"\"");
  CHECK(rows.cell("two\r\nlines") == "\"two\r\nlines\"");
  rows.row.source.digits.assign("-ACME");
  CHECK(rows.text({.columns = {"from"}}) == "\"'-ACME\"\r\n");
}

TEST_CASE("JSON lines are the API's objects, or the members that were asked for") {
  const Rows rows;
  ExportWish wish{.format = ExportFormat::kJsonLines, .columns = {"to", "status", "label"}};
  CHECK(export_head(wish).empty());
  CHECK(rows.text(wish) == "{\"to\":\"+447700900123\",\"status\":\"delivered\",\"label\":null}\n");
  wish.columns.clear();
  CHECK_THAT(rows.text(wish), Catch::Contains("\"content\":\"withheld\"") && Catch::Contains("\"parts\":["));
  wish.content = true;
  CHECK_THAT(rows.text(wish), Catch::Contains("\"content\":\"expired\""));
}

}  // namespace
}  // namespace aldis::ingress
