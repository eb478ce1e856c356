#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a visitor sees first: tools/demo on the programs of this tree ends by itself, all as it should."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
WANTED = {"plain": "delivered", "long": "delivered", "Arabic": "delivered", "rejected": "rejected"}


def main():
    with tempfile.TemporaryDirectory(prefix="aldis-demo-test-") as where:
        command = [sys.executable, "-B", ROOT / "tools" / "demo", "--once", "--no-build"]
        ran = subprocess.run(command, text=True, capture_output=True, timeout=110,
                             env={**os.environ, "TMPDIR": where})
        print(ran.stdout, ran.stderr)
        assert ran.returncode == 0, f"tools/demo ended with {ran.returncode}"
        left = os.listdir(where)
        assert not left, f"without --keep nothing stays, here {left}"
    lines = ran.stdout.splitlines()
    messages = json.loads(lines[-1])["messages"]
    assert {row["kind"]: row["state"] for row in messages} == WANTED, messages
    ids = {row["id"] for row in messages}
    assert len(ids) == len(messages) and all(re.fullmatch("[0-9a-f]{32}", each) for each in ids), ids
    steps = [line for line in lines if re.match(r"\[[1-5]/5\] ", line)]
    assert len(steps) == 5, steps
    assert any(re.search(r"long +accepted .* 3 parts", line) for line in lines), "three parts"
    assert any(re.search(r"Arabic +accepted .* ucs2", line) for line in lines), "Arabic goes in UCS-2"
    assert any(re.search(r"rejected +rejected .* stat REJECTD  err \d+", line) for line in lines), "its error"


if __name__ == "__main__":
    main()
