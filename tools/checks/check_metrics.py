#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every metric that a module reports stands in the registry, with that type and those labels.

usage: check_metrics.py [ROOT]

telemetry aborts at the first scrape with a metric that it does not know; this finds it before anyone scrapes.
"""

import re
import sys

from source_text import Findings, own_files, root_from_arguments

REGISTRY = "src/telemetry/registry.hpp"
ROW = re.compile(r'\{"([a-z_]+)",\s*\'([cgh])\',\s*"([^"]*)"')
TYPES = {"counter": "c", "gauge": "g", "histogram": "h"}
LABELS = r"\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}"
CALL = re.compile(r'\b(counter|gauge|histogram)\(\s*"(\w+)",\s*(' + LABELS + ")?")
NAME = re.compile(r'"(aldis_[a-z_]+)"')


def fits(labels, row):
    """Whether `labels` are labels of the row, in its order; some may be left out."""
    left = iter(row)
    return all(label in left for label in labels)


def main():
    root = root_from_arguments()
    rows = {}
    if (root / REGISTRY).exists():
        for name, kind, labels in ROW.findall((root / REGISTRY).read_text(encoding="utf-8")):
            rows[name] = (kind, labels.split())
    findings = Findings()
    if not rows:
        findings.add(REGISTRY, 1, "holds no row: is this the right folder?")
    for path in own_files(root, ("include", "src")):
        if path.suffix not in {".cpp", ".hpp"} or str(path) == REGISTRY:
            continue
        text = (root / path).read_text(encoding="utf-8")
        for match in NAME.finditer(text):
            if match.group(1) not in rows:
                line = text.count("\n", 0, match.start()) + 1
                findings.add(path, line, f"{match.group(1)} is not in {REGISTRY}")
        for match in CALL.finditer(text):
            kind, labels = rows.get(match.group(2), (None, []))
            line = text.count("\n", 0, match.start()) + 1
            given = re.findall(r'\{"([a-z_]+)",', match.group(3) or "")
            if kind is not None and kind != TYPES[match.group(1)]:
                findings.add(path, line, f"{match.group(2)} is no {match.group(1)} in {REGISTRY}")
            elif kind is not None and not fits(given, labels):
                findings.add(path, line, f"{match.group(2)} has the labels {labels}, not {given}")
    return findings.finish(f"all reported metrics stand among the {len(rows)} of the registry")


if __name__ == "__main__":
    sys.exit(main())
