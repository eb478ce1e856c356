# SPDX-License-Identifier: Apache-2.0
"""docs/reliability/<harness>.jsonl: one line for every run that was made with --record, the failed ones too.

Whether a run is recorded is said before it begins, by --record and by nothing else: not by its size, nor by its result.
"""
import datetime
import json
import os
import subprocess
import sys

import gateway


def option(parser, harness):
    parser.add_argument("--record", action="store_true", help=f"add the run to docs/reliability/{harness}.jsonl")


def git(*arguments):
    return subprocess.run(["git", "-C", str(gateway.ROOT), *arguments], capture_output=True, text=True, check=False).stdout.strip()


def commit():
    """The commit that the programs were built from: ALDIS_COMMIT where the tree has no history of its own."""
    if os.environ.get("ALDIS_COMMIT"):
        return os.environ["ALDIS_COMMIT"]
    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!docs")  # docs: the records themselves
    return (git("describe", "--always") or "unknown") + ("-dirty" if changed else "")


def command():
    program = os.path.relpath(os.path.realpath(sys.argv[0]), gateway.ROOT)
    return " ".join([program, *sys.argv[1:]])


def verdict(wrong, stopped=False):
    return "failed" if wrong else "stopped" if stopped else "passed"


def append(harness, counts, judged, **more):
    """Adds a line to the harness's file."""
    path = gateway.ROOT / "docs" / "reliability" / f"{harness}.jsonl"
    row = {"commit": commit(), "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%MZ"),
           "command": command(), "counts": counts, "verdict": judged, **more}
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a", encoding="utf-8") as out:
        out.write(json.dumps(row) + "\n")
