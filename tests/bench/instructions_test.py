#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the instructions of a fixed relay workload (callgrind) and compares them with instructions.json.

usage: instructions_test.py BENCH_ENGINE [--update-golden]

More than 10 % worse fails, and the table says which module grew. Code that was inlined counts where it was written; what no
module of ours wrote (libc, the standard library, protobuf) is "libraries". What peers, disk and turns of the harness cost is
left out of the total. A commit that moves the numbers on purpose says why and brings the new file with it (--update-golden).
"""
import collections
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SKIP = 77
GOLDEN = pathlib.Path(__file__).with_name("instructions.json")
MESSAGES = 20_000
DISK = re.compile(r"aldis::testing::SimFile::(write_at|sync)\(")  # what it calls in libraries is the harness's, too
WORSE = 1.10


# (instructions, source file, function) for each that has any.
def annotated(out, inclusive):
    told = subprocess.run(["callgrind_annotate", "--threshold=100", "--auto=no", f"--inclusive={inclusive}", out],
                          capture_output=True, text=True, check=True, timeout=300).stdout
    for line in told.splitlines():
        found = re.match(r"\s*([\d,]+) \([ \d.]+%\)\s+(\S+?):(.*)", line)
        if found:
            yield int(found.group(1).replace(",", "")), found.group(2), found.group(3)


def count(program):
    with tempfile.TemporaryDirectory(prefix="aldis-instructions-") as where:
        out = pathlib.Path(where) / "callgrind.out"
        done = subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", "--toggle-collect=aldis::spec::Stage::settle*",
             "--toggle-collect=aldis::spec::Pipe::feed*", program, str(MESSAGES)], capture_output=True, text=True, timeout=900)
        if done.returncode != 0:
            sys.exit(f"{program} ended with {done.returncode}: {done.stdout}{done.stderr[-2000:]}")
        own, with_callees = (list(annotated(out, inclusive)) for inclusive in ("no", "yes"))
    modules = collections.Counter()
    disk_own = 0
    for count, path, _ in own:
        ours = re.search(r"(?:^|/)(?:src|include/aldis)/([a-z]+)/", path)
        module = "harness" if "/tests/" in path else ours.group(1) if ours else "libraries"
        modules[module] += count
        disk_own += count if path.endswith("sim_disk.cpp") else 0
    disk = {}  # the largest of a function's lines has all that it called
    for count, _, function in sorted(with_callees):
        if found := DISK.match(function):
            disk[found.group()] = count
    modules["libraries"] -= sum(disk.values()) - disk_own
    modules["harness"] += sum(disk.values()) - disk_own
    return {module: round(count / MESSAGES) for module, count in modules.most_common()}


def main():
    if not shutil.which("valgrind"):
        print("SKIP bench_instructions: valgrind is not installed (tools/deps test)")
        sys.exit(SKIP)
    now = count(sys.argv[1])
    total = sum(each for module, each in now.items() if module != "harness")
    if "--update-golden" in sys.argv:
        GOLDEN.write_text(json.dumps({"instructions_per_message": total, "modules": now}, indent=1) + "\n")
        print(f"{GOLDEN.name}: {total} instructions per message")
        return
    golden = json.loads(GOLDEN.read_text())
    before = golden["instructions_per_message"]
    print(f"{'module':<12}{'committed':>10}{'now':>8}")
    for module in sorted({*now, *golden["modules"]}, key=lambda name: -now.get(name, 0)):
        was, each = golden["modules"].get(module, 0), now.get(module, 0)
        note = "   <-- grew" if each > was * WORSE and each - was > 50 else ""
        print(f"{module:<12}{was:>10}{each:>8}{note}")
    print(f"{'in all':<12}{before:>10}{total:>8}   {total / before - 1:+.1%}, instructions per message without the harness")
    if total > before * WORSE:
        sys.exit("more than 10 % worse than the committed count")
    if total < before / WORSE:
        print("more than 10 % better: commit the new count (--update-golden), so that it stays so")


if __name__ == "__main__":
    main()
