#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""npm twilio and @vonage/server-sdk with their base URL at the daemon: cases T1 to T13 and V1 to V6.

What the packages were told is compared with what the operator got: nothing more, nothing twice, octet for octet.
"""
import json
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import gateway  # noqa: E402
from dialect_scene import POOL, TOKEN, Scene, account_sid, key_sid, open_to  # noqa: E402

SKIP = 77
PACKAGES = ("twilio", "@vonage/server-sdk")
# Sent through the packages, in any order: what the operator must have of each.
WANTED = {("ACME", "pooled".encode().hex()): 1, ("15005550006", "hi".encode().hex()): 1,
          ("ACME", "vonage".encode().hex()): 1, ("ACME", "04360438"): 1, ("ACME", "0605040b8423f00011ff"): 1}


def main():
    missing = [name for name in PACKAGES if not (HERE / "node_modules" / name / "package.json").exists()]
    if missing or not shutil.which("node"):
        print(f"SKIP dialects_npm: {', '.join(missing) or 'node'} is not installed: run tools/deps interop")
        return SKIP
    with gateway.folder("dialects-npm") as where:
        port = gateway.free_ports(1)[0]
        scene = Scene(where, "--reject-text", "rejected", accounts=("demo", "slow"),
                      account_extra={"slow": "throttle: {per_second: 5, burst: 10}"},
                      extra=open_to(port), operator_extra="errors: [{status: 0x45, class: perm}]")
        key = scene.key()
        told = {"address": scene.address, "sid": account_sid("demo"), "slow_sid": account_sid("slow"), "token": TOKEN,
                "pool": POOL, "port": port, "key_sid": key_sid(key), "key_proof": key.split("_")[2], "only": sys.argv[1:] or None}
        judge = subprocess.run(["node", str(HERE / "dialects_npm.js")], input=json.dumps(told), capture_output=True,
                               text=True, cwd=HERE, timeout=150, check=False)
        print(judge.stdout, end="", flush=True)
        assert judge.returncode == 0, judge.stderr
        if not sys.argv[1:]:
            rows = [line.split("\t") for line in scene.log.read_text().splitlines()]
            got = {}
            for row in rows:
                got[(row[3], row[7])] = got.get((row[3], row[7]), 0) + 1
            for key, count in WANTED.items():
                assert got.get(key) == count, (key, got.get(key))
            assert "never".encode().hex() not in {row[7] for row in rows}, "a canceled message was sent"
            assert got.get(("15005550006", "once".encode().hex()), 0) <= 1, "a retried message was sent twice"
        scene.end()
    return 0


if __name__ == "__main__":
    sys.exit(main())
