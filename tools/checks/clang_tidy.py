#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy 14 over sources that changed, or all of them; .clang-tidy says what it looks at.

usage: clang_tidy.py [--build DIR] (--changed | --all) [--seconds N]

--changed  against the merge base with the main branch, or the last commit when that is where we are
--seconds  files that it did not get to in that time are named, and no failure
Exit status: 1 findings, 76 nothing to look at, 77 clang-tidy 14 is not installed.
"""

import argparse
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# gcc's own warnings and sanitizer options stand in the compile commands.
EXTRA = ["--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-ignored-optimization-argument"]


def git(*arguments):
    run = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return run.stdout.split("\n") if run.returncode == 0 else []


def changed():
    head = "".join(git("rev-parse", "HEAD"))
    for main in ("origin/main", "origin/master", "main", "master"):
        base = "".join(git("merge-base", "HEAD", main))
        if base and base != head:
            break
    else:
        base = "HEAD~1"
    names = git("diff", "--name-only", "--diff-filter=d", base) + git("ls-files", "--others", "--exclude-standard")
    return {name for name in names if name.endswith(".cpp")}


def without_pch(commands):
    """A folder with the same commands, but for g++'s precompiled headers, which clang cannot read, and the sources there."""
    folder = commands.parent / "clang-tidy"
    folder.mkdir(exist_ok=True)
    text = re.sub(r" -include \S+cmake_pch\.hxx| -fpch-preprocess| -Winvalid-pch", "", commands.read_text())
    rows = json.loads(text)
    known = {row["file"] for row in rows}
    for unity in [row for row in rows if "/Unity/unity_" in row["file"]]:  # one file that includes sources: each by itself
        sources = re.findall(r'^#include "(\S+\.cpp)"', Path(unity["file"]).read_text(), re.MULTILINE)
        rows += [{**unity, "file": source, "command": unity["command"].replace(unity["file"], source)}
                 for source in sources if source not in known]
        known.update(sources)
    (folder / "compile_commands.json").write_text(json.dumps(rows))
    return str(folder), {os.path.relpath(file, ROOT) for file in known}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default="build/asan")
    parser.add_argument("--changed", action="store_true")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    options = parser.parse_args()
    commands = ROOT / options.build / "compile_commands.json"
    folder, known = without_pch(commands) if commands.exists() else ("", set())
    names = sorted(known & changed() if options.changed else known)
    names = [name for name in names if not name.startswith((".", "build"))]
    if not names:
        print("clang-tidy: nothing to look at")
        return 76
    if shutil.which("clang-tidy") is None:
        print("SKIP tidy: clang-tidy 14 is not installed")
        return 77
    end = time.monotonic() + options.seconds
    left, bad, missing = [], 0, False

    def look_at(name):
        if time.monotonic() > end:
            return name, None
        command = ["clang-tidy", "-p", folder, "--quiet", *EXTRA, name]
        return name, subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, run in pool.map(look_at, names):
            if run is None:
                left.append(name)
            elif run.returncode != 0:
                bad += 1
                missing = missing or "/generated/" in run.stdout and "file not found" in run.stdout
                print(run.stdout.strip())
    if missing:
        print("clang-tidy: headers that are generated are not there yet: ninja -C "
              f"{options.build} aldis_smpp_tables journal_proto")
    if left:
        print(f"clang-tidy: no time for {len(left)} of {len(names)} files: {' '.join(left)}")
    print(f"clang-tidy: {len(names) - len(left)} files, {bad} with findings")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
