#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Callbacks of every style that signs, verified by the packages its customers use: npm standardwebhooks, twilio, vonage.

usage: callbacks_test.py --program callback_samples
"""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
SKIP = 77
PACKAGES = ("standardwebhooks", "twilio", "@vonage/server-sdk")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", required=True)
    program = parser.parse_args().program
    missing = [name for name in PACKAGES if not (HERE / "node_modules" / name / "package.json").exists()]
    if missing or not shutil.which("node"):
        print(f"SKIP callbacks: {', '.join(missing) or 'node'} is not installed: run tools/deps interop")
        return SKIP
    samples = subprocess.run([program, str(int(time.time()))], capture_output=True, check=True, timeout=60)
    judge = subprocess.run(["node", str(HERE / "callbacks_npm.js")], input=samples.stdout, capture_output=True,
                           cwd=HERE, timeout=60, check=False)
    if judge.returncode != 0:
        print(judge.stderr.decode())
        return 1
    judged = json.loads(judge.stdout)
    assert judged == {"standard": 4, "twilio": 8, "vonage": 30}, judged
    print(f"verified: {judged}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
