#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""README's "A relay by hand", run as it stands there, in a network of its own: its ports are fixed."""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gateway  # noqa: E402

ALONE = ["unshare", "--map-root-user", "--net", "--pid", "--fork", "--kill-child"]  # what it leaves behind ends with it
LOOPBACK = "ip link set lo up && "


def steps():
    text = (gateway.ROOT / "README.md").read_text()
    return re.search(r"^## A relay by hand\n.*?^```\n(.*?)^```", text, re.DOTALL | re.MULTILINE)[1]


def main():
    missing = [tool for tool in ("unshare", "ip", "curl") if shutil.which(tool) is None]
    if missing or subprocess.run([*ALONE, "sh", "-c", LOOPBACK + "true"], capture_output=True, check=False).returncode != 0:
        print(f"SKIP readme: needs {', '.join(missing) or 'a network namespace'}")
        sys.exit(77)
    with gateway.folder("readme") as where:
        # A checkout as the reader has it, without what is not named.
        (where / "build").mkdir()
        (where / "build" / "release").symlink_to(gateway.BUILD)
        (where / "conf").symlink_to(gateway.ROOT / "conf")
        script = "set -e -o pipefail; set -m\n" + steps()
        with subprocess.Popen([*ALONE, "sh", "-c", LOOPBACK + 'exec bash -c "$0"', script], cwd=where, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True) as shell:
            try:
                said = shell.communicate(timeout=90)[0]
            except subprocess.TimeoutExpired:
                os.killpg(shell.pid, signal.SIGKILL)
                said = shell.communicate()[0]
                raise AssertionError(f"not done after 90 s:\n{said}") from None
        assert shell.returncode == 0, f"exit {shell.returncode}:\n{said}"
        for expected in ("0 errors, 0 warnings", '{"status":"ready"}', "stat=DELIVRD", "daemon.stopped", "verdict   whole"):
            assert expected in said, f"no {expected} in:\n{said}"
    print("ok   README's relay by hand carries a message and leaves a whole journal")


if __name__ == "__main__":
    main()
