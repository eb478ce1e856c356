// SPDX-License-Identifier: Apache-2.0
// docs/configuration.md: how files are read, then one table per top-level key.
#include <fmt/format.h>

#include "config/print.hpp"
#include "config/scalar.hpp"

namespace aldis::config {

namespace {

constexpr std::string_view kHead = R"(# Configuration

<!-- Generated from the rows in src/config (aldisd --print-schema=markdown); edit those. -->

{0} is YAML. `aldisd --check --config {0}` says what is wrong with it, all at once, with file, line,
column and path. A file with every key and its default is `conf/{0}`; the smallest useful one is
`conf/examples/relay.yaml`.

## How files are read

- **Types.** A duration is a whole number and a unit, `us ms s m h d`; a size one and `B KiB MiB GiB TiB`;
  a number without its unit is refused, also 0. Booleans are `true` and `false`. Statuses and octets may
  be hex, `0x0420`; other numbers are decimal without leading zeros. "No limit" is the key left out.
- **Quotes** are needed round text that some YAML reader takes for a number, bool, null or date: `"0447"`,
  `"NO"`, `"off"`, `"3.4"`.
- **Refused:** a byte order mark, invalid UTF-8, control characters, tabs in the indentation, a second
  document, anchors, aliases, merge keys, tags, null and empty values, more than 32 levels, more than 16
  MiB or 2,000,000 values in a file.
- **Keys** that are unknown or given twice are errors. Keys that start with `x-` are allowed anywhere and
  ignored.
- **Files.** `include` names more files, read in the order of their names after the main one. Maps merge
  key by key; a later file wins for single values and plain lists; lists of objects are joined, and one
  `name` twice is an error. `schema_version`, `node` and `include` stand in the main file only.
- **Precedence:** built in, profile, `account_defaults` and `operator_defaults`, files, environment,
  command line; the last one wins. `{1}STORAGE__PATH=/x` and `--set storage.path=/x` set single values;
  items of lists are reached by name, `{1}OPERATORS__OP_A__THROTTLE__BURST=5` (upper case; `-` and `.`
  become `_`), `--set 'operators[op-a].throttle.burst=5'`.
- **Substitution** in values: `${{NAME}}`, `${{NAME:-default}}`, `${{file:PATH}}`, `${{cred:NAME}}`, `$$`
  for one `$`. Inside `{{}}` and `[]` such a value needs quotes. Relative paths start at the directory of
  the file they stand in.
- **Secrets** are `{{file: PATH}}`, `{{env: NAME}}`, `{{cred: NAME}}` (read from
  `$CREDENTIALS_DIRECTORY/{2}NAME`) or text. A file holds one line: one trailing newline is cut, and a
  second line, an octet 0 or no text at all is an error; `{{}}` is no secret. A file that others can read is
  a warning. Secrets are never printed.

| Code | What it means |
| --- | --- |
| `syntax` · `file` | not YAML as read here · a named file cannot be read |
| `unknown_key` · `duplicate` · `missing` | not a key here · given twice · required |
| `type` · `unit` · `needs_quotes` | another type of value · a duration or size without unit · text )"
                                   R"(that needs quotes |
| `below` · `above` · `choice` | under or over a bound · not one of the words |
| `reference` · `pattern` · `conflict` | no such name · not an RE2 pattern · against another key |
| `variable` · `secret` · `secret_open` | `${{...}}` without value · a secret cannot be read · )"
                                   R"(warning: others can read it |

## Keys

`[]` stands for each item of a list. Reload: *live* counts at once, *reconnect* for links as they bind
again, *restart* at the next start.
)";

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') { out += '\\'; }
    out += c;
  }
  return out;
}

class Tables {
 public:
  explicit Tables(std::string& text) : text_(text) {}

  void top(const Row& row) {
    text_ += fmt::format("\n### {}\n\n{}\n", row.name, escaped(row.sentence));
    if (row.checked_only) { return; }
    text_ += "\n| Key | Default | Values | Reload | |\n| --- | --- | --- | --- | --- |\n";
    const auto fresh = row.access.fresh ? row.access.fresh() : nullptr;
    const std::string path(row.name);
    if (row.type.is_map()) {
      rows(*row.type.rows, fresh.get(), path);
    } else if (row.type.is_list_of_maps()) {
      rows(*row.type.item->rows, fresh.get(), path + "[]");
    } else {
      line(row, nullptr, path);
    }
  }

 private:
  void rows(const Rows& rows, const void* owner, const std::string& path) {
    for (const auto& row : rows.rows) { one(row, owner, path); }
  }

  void one(const Row& row, const void* owner, const std::string& parent) {
    const std::string path = fmt::format("{}.{}", parent, row.name);
    const auto fresh = row.access.fresh ? row.access.fresh() : nullptr;
    if (row.type.is_map()) {
      if (!row.left_out.empty()) { line(row, owner, path); }
      return rows(*row.type.rows, fresh.get(), path);
    }
    line(row, owner, path);
    if (row.type.is_list_of_maps()) { rows(*row.type.item->rows, fresh.get(), path + "[]"); }
    if (row.type.is_dictionary() && row.type.item->is_map()) {
      rows(*row.type.item->rows, fresh.get(), path + ".*");
    }
  }

  void line(const Row& row, const void* owner, const std::string& path) {
    std::string value;
    if (row.required) {
      value = "required";
    } else if (!row.left_out.empty()) {
      value = std::string(row.left_out);
    } else if (owner != nullptr || !row.access.get) {
      value = default_of(row, owner);
    } else if (row.type.is_list()) {
      value = "[]";
    }
    const bool is_code = !value.empty() && !row.required && row.left_out.empty();
    const std::string bounds = bounds_of(row.type, row.unit);
    text_ += fmt::format("| `{}` | {} | {} | {} | {} |\n", path,
                         is_code ? '`' + escaped(value) + '`' : escaped(value), escaped(bounds),
                         name_of(row.reload), escaped(row.sentence));
  }

  std::string& text_;
};

}  // namespace

std::string print_markdown(const Program& program) {
  std::string text =
      fmt::format(kHead, program.file_name, program.environment_prefix, program.credential_prefix);
  Tables tables(text);
  for (const auto& row : program.rows->rows) { tables.top(row); }
  return text;
}

}  // namespace aldis::config
