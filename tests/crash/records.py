# SPDX-License-Identifier: Apache-2.0
"""docs/reliability/<harness>.jsonl: one line for every long run that was really made, the failed ones too."""
import datetime
import json
import os
import subprocess
import sys

import gateway


def commit():
    """The commit that the programs were built from: ALDIS_COMMIT where the tree has no history of its own."""
    if os.environ.get("ALDIS_COMMIT"):
        return os.environ["ALDIS_COMMIT"]
    git = subprocess.run(["git", "-C", str(gateway.ROOT), "describe", "--always", "--dirty"], capture_output=True, text=True)
    return git.stdout.strip() or "unknown"


def command():
    program = os.path.relpath(os.path.realpath(sys.argv[0]), gateway.ROOT)
    return " ".join([program, *sys.argv[1:]])


def verdict(wrong, stopped=False):
    return "failed" if wrong else "stopped" if stopped else "passed"


def append(harness, counts, judged, **more):
    """Adds a line to the harness's file; None writes nothing: short runs are tests, not records."""
    if harness is None:
        return
    path = gateway.ROOT / "docs" / "reliability" / f"{harness}.jsonl"
    row = {"commit": commit(), "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%MZ"),
           "command": command(), "counts": counts, "verdict": judged, **more}
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a", encoding="utf-8") as out:
        out.write(json.dumps(row) + "\n")
