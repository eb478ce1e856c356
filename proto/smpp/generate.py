#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Turns commands.yaml, statuses.yaml and tlvs.yaml into the C++ tables of the smpp module.

usage: generate.py FOLDER_OF_YAML FOLDER_OF_HEADERS

Runs at build time; refuses tables in which something stands twice.
"""
import pathlib
import sys

import yaml

HEAD = """// SPDX-License-Identifier: Apache-2.0
// Made by proto/smpp/generate.py from proto/smpp/{source}; do not edit.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace aldis::smpp {{
"""
TAIL = "\n}  // namespace aldis::smpp\n"


def pascal(name):
    return "".join(word.capitalize() for word in name.split("_"))


def unique(rows, key, source):
    seen = set()
    for row in rows:
        if row[key] in seen:
            sys.exit(f"{source}: {key} {row[key]} stands twice")
        seen.add(row[key])


def enum(name, base, pairs, digits):
    lines = [f"  k{n} = 0x{v:0{digits}X}," for n, v in pairs]
    return f"\nenum class {name} : {base} {{\n" + "\n".join(lines) + "\n};\n"


def switch(head, cases, otherwise, partial=False):
    lines = [f"    case {c}: return {v};" for c, v in cases] + ["    default: break;"] * partial
    return (f"\n{head} {{\n  switch (value) {{\n" + "\n".join(lines) +
            f"\n  }}\n  return {otherwise};\n}}\n")


def lookup(comment, head, pairs):
    """Names are looked up rarely (configuration, scripts, tools), so a walk over the table will do."""
    return (f"\n{comment}\n{head} {{\n" +
            "\n".join(f'  if (name == "{n}") {{ return {v}; }}' for n, v in pairs) +
            "\n  return std::nullopt;\n}\n")


def commands(rows):
    unique(rows, "id", "commands.yaml")
    unique(rows, "name", "commands.yaml")
    pairs = []
    for row in rows:
        pairs.append((row["name"], row["id"]))
        if row.get("response", True):
            pairs.append((row["name"] + "_resp", row["id"] | 0x80000000))
    names = [(f"CommandId::k{pascal(n)}", f'"{n}"') for n, _ in pairs]
    out = enum("CommandId", "std::uint32_t", [(pascal(n), v) for n, v in pairs], 8)
    out += f"\ninline constexpr std::size_t kCommandCount = {len(pairs)};\n"
    out += "\ninline constexpr auto kCommandIds = std::to_array<CommandId>({\n"
    out += "".join(f"    CommandId::k{pascal(n)},\n" for n, _ in pairs) + "});\n"
    out += "\n// Name as the specification writes it; empty for an unknown id."
    out += switch("constexpr std::string_view name_of(CommandId value)", names, "{}")
    out += "\n// Dense index for counters: 0 .. kCommandCount - 1; kCommandCount for an unknown id."
    out += switch("constexpr std::size_t index_of(CommandId value)",
                  [(c, i) for i, (c, _) in enumerate(names)], "kCommandCount")
    out += lookup("// The reverse of name_of.",
                  "constexpr std::optional<CommandId> command_named(std::string_view name)",
                  [(n, f"CommandId::k{pascal(n)}") for n, _ in pairs])
    out += "\n// A request that is answered by its own response, when it is not refused by generic_nack."
    out += switch("constexpr bool has_response(CommandId value)",
                  [(f"CommandId::k{pascal(r['name'])}", "true") for r in rows if r.get("response", True)],
                  "false", partial=True)
    return out


def statuses(rows):
    for key in ("value", "name", "is"):
        unique(rows, key, "statuses.yaml")
    classes = {"ok": "Ok", "throttle": "Throttle", "temporary": "Temporary", "mixed": "Mixed",
               "permanent": "Permanent", "bind": "Bind", "operation": "Operation"}
    out = enum("CommandStatus", "std::uint32_t", [(r["is"], r["value"]) for r in rows], 8)
    out += "\ninline constexpr auto kCommandStatuses = std::to_array<CommandStatus>({\n"
    out += "".join(f"    CommandStatus::k{r['is']},\n" for r in rows) + "});\n"
    out += "\n// How a link treats an operator's answer.\nenum class StatusClass : std::uint8_t {\n"
    out += "".join(f"  k{c},\n" for c in classes.values()) + "  kUnlisted,\n};\n"
    out += "\n// \"ESME_ROK\"; empty for an unlisted value."
    out += switch("constexpr std::string_view name_of(CommandStatus value)",
                  [(f"CommandStatus::k{r['is']}", f'"{r["name"]}"') for r in rows], "{}")
    pairs = [(r[k], f"CommandStatus::k{r['is']}") for r in rows for k in ("name", "name_50") if k in r]
    out += lookup("// The reverse of name_of; knows the names of SMPP 5.0 too.",
                  "constexpr std::optional<CommandStatus> status_named(std::string_view name)", pairs)
    out += switch("constexpr StatusClass class_of(CommandStatus value)",
                  [(f"CommandStatus::k{r['is']}", f"StatusClass::k{classes[r['class']]}") for r in rows],
                  "StatusClass::kUnlisted")
    out += "\n// Whether customers may get it from us."
    out += switch("constexpr bool sent_to_customers(CommandStatus value)",
                  [(f"CommandStatus::k{r['is']}", "true") for r in rows if r.get("sent")], "false",
                  partial=True)
    return out


def tlvs(rows):
    unique(rows, "tag", "tlvs.yaml")
    unique(rows, "name", "tlvs.yaml")
    kinds = {"u8": ("U8", 1, 1), "u16": ("U16", 2, 2), "u32": ("U32", 4, 4), "cstring": ("CString",),
             "octets": ("Octets",)}
    out = enum("TlvTag", "std::uint16_t", [(pascal(r["name"]), r["tag"]) for r in rows], 4)
    out += """
enum class TlvKind : std::uint8_t { kU8, kU16, kU32, kCString, kOctets };

struct TlvRow {
  TlvTag tag;
  std::string_view name;
  TlvKind kind;
  std::uint16_t octets_min;
  std::uint16_t octets_max;
  bool used;  // the gateway acts on it: not among the carried ones
};
"""
    out += "\ninline constexpr auto kTlvRows = std::to_array<TlvRow>({\n"
    for r in rows:
        kind = kinds[r["type"]]
        if len(kind) == 3:
            least, most = kind[1:]
        else:
            least, most = r["octets"] if isinstance(r["octets"], list) else (r["octets"], r["octets"])
        out += (f'    {{TlvTag::k{pascal(r["name"])}, "{r["name"]}", TlvKind::k{kind[0]}, {least}, {most}, '
                f'{"true" if r.get("used") else "false"}}},\n')
    out += "});\n"
    out += switch("constexpr const TlvRow* row_of(TlvTag value)",
                  [(f"TlvTag::k{pascal(r['name'])}", f"&kTlvRows[{i}]") for i, r in enumerate(rows)],
                  "nullptr")
    out += """
// Name as the specification writes it; empty for an unknown tag.
constexpr std::string_view name_of(TlvTag value) {
  const TlvRow* row = row_of(value);
  return row != nullptr ? row->name : std::string_view{};
}
"""
    out += lookup("// The reverse of name_of.",
                  "constexpr std::optional<TlvTag> tlv_named(std::string_view name)",
                  [(r["name"], f"TlvTag::k{pascal(r['name'])}") for r in rows])
    return out


def main():
    source, target = map(pathlib.Path, sys.argv[1:3])
    target.mkdir(parents=True, exist_ok=True)
    for name, make in (("commands", commands), ("statuses", statuses), ("tlvs", tlvs)):
        rows = yaml.safe_load((source / f"{name}.yaml").read_text(encoding="utf-8"))
        text = HEAD.format(source=f"{name}.yaml") + make(rows) + TAIL
        (target / f"{name}.hpp").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
