#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every C++ file looks as .clang-format says (clang-format 14, which Debian 12 ships).

usage: check_format.py [ROOT] [--fix [FILE...]]

The gap before a comment behind code is the writer's: clang-format 14 can align such comments or push them
together, but not leave them. --fix mends the named files, or all: comments that are too wide are wrapped or
moved above their line, then clang-format does the rest.
"""

import argparse
import difflib
import os
import re
import shutil
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from source_text import code_of, own_files

SKIPPED = 77  # what ctest takes as "skipped"
COLUMNS = 110


def without_gaps(text):
    return [re.sub(r"(?<=\S) +//", " //", line) for line in text.split("\n")]


PROSE = re.compile(r"( *)// (?!clang-format|SPDX|[-=*] )(?!.*\S {2,})(\S.*)$")


def wrapped_comments(text):
    """The text with comments that pass the last column wrapped, or moved above the line they stand behind."""
    lines = []
    rest = ""  # what did not fit into the comment line before
    for line, code in zip(text.split("\n"), code_of(text).split("\n")):
        prose = PROSE.match(line)
        indent = re.match(" *", line).group(0)
        if rest and prose and prose.group(1) == rest_indent:
            line = f"{indent}// {rest} {prose.group(2)}"
        elif rest:
            lines.append(f"{rest_indent}// {rest}")
        rest = ""
        at = len(code.rstrip())
        if len(line) <= COLUMNS or line.endswith("\\"):
            lines.append(line)
        elif prose:
            first, *others = textwrap.wrap(PROSE.match(line).group(2), COLUMNS - len(indent) - 3,
                                           break_long_words=False, break_on_hyphens=False)
            lines.append(f"{indent}// {first}")
            rest, rest_indent = " ".join(others), indent
        elif at and (behind := re.match(r"\s*// (.*)", line[at:])):
            lines += [f"{indent}// {behind.group(1)}", line[:at]]
        else:
            lines.append(line)
    return "\n".join(lines)


def differences(program, root, path):
    """First lines, counted from 1, of the places where the file looks otherwise."""
    text = (root / path).read_text(encoding="utf-8")
    command = [program, "--style=file", str(path)]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    matcher = difflib.SequenceMatcher(None, without_gaps(text), without_gaps(run.stdout), autojunk=False)
    return [first + 1 for kind, first, _, _, _ in matcher.get_opcodes() if kind != "equal"]


def fix_all(program, root, files):
    for path in files:
        text = (root / path).read_text(encoding="utf-8")
        if (wrapped := wrapped_comments(text)) != text:
            (root / path).write_text(wrapped, encoding="utf-8")
    return subprocess.run([program, "--style=file", "-i", *map(str, files)], cwd=root, check=False).returncode


def main():
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=raw)
    parser.add_argument("root", nargs="?", type=Path, default=Path(__file__).resolve().parents[2])
    parser.add_argument("--fix", nargs="*", metavar="FILE")
    arguments = parser.parse_args()
    root = arguments.root.resolve()
    program = shutil.which("clang-format-14") or shutil.which("clang-format")
    if program is None:
        print("SKIP check_format: clang-format is not installed (tools/deps build)")
        return SKIPPED
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    if not re.search(r"version 14\.", version):
        print(f"SKIP check_format: version 14 decides, and this is {version.strip()}")
        return SKIPPED
    sources = own_files(root, ("include", "src", "tools", "tests"))
    files = [path for path in sources if path.suffix in {".cpp", ".hpp"}]
    if not files:
        print(f"{root} holds no source file: is this the right folder?")
        return 1
    if arguments.fix is not None:
        named = [Path(name).resolve().relative_to(root) for name in arguments.fix]
        if others := [str(path) for path in named if path.suffix not in {".cpp", ".hpp"}]:
            parser.error(f"not C++, so left as they are: {', '.join(others)}; name .cpp and .hpp files only")
        return fix_all(program, root, named or files)
    found = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, lines in zip(files, pool.map(lambda path: differences(program, root, path), files)):
            found += len(lines)
            for line in lines:
                print(f"{path}:{line}: not as .clang-format says")
    if found:
        print(f"{found} places; tools/checks/check_format.py --fix mends them (named files only, if any)")
        return 1
    print(f"{len(files)} files look as .clang-format says")
    return 0


if __name__ == "__main__":
    sys.exit(main())
