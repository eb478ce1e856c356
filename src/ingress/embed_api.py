#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Puts proto/openapi.yaml, as JSON, and the page that shows it into a header of the ingress module.

usage: embed_api.py OPENAPI_YAML PAGE_HTML HEADER

Runs at build time.
"""
import json
import pathlib
import sys

import yaml

HEADER = '''// SPDX-License-Identifier: Apache-2.0
// Made by src/ingress/embed_api.py from proto/openapi.yaml and src/ingress/api_page.html; do not edit.
#pragma once

#include <string_view>

namespace aldis::ingress {{

inline constexpr std::string_view kApiDocument = {document};

inline constexpr std::string_view kApiPage = {page};

}}  // namespace aldis::ingress
'''
PIECE = 8_000  # octets of one literal; compilers put neighbours together


def literal(text):
    assert ')aldis"' not in text
    pieces = [text[at:at + PIECE] for at in range(0, len(text), PIECE)]
    return "\n    ".join(f'R"aldis({piece})aldis"' for piece in pieces)


def main(document, page, header):
    api = yaml.safe_load(pathlib.Path(document).read_text(encoding="utf-8"))
    text = json.dumps(api, ensure_ascii=False, separators=(",", ":")) + "\n"
    made = HEADER.format(document=literal(text), page=literal(pathlib.Path(page).read_text(encoding="utf-8")))
    path = pathlib.Path(header)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(made, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
