# SPDX-License-Identifier: Apache-2.0
"""What the checks share: which files are ours, C++ without comments and literals, printing of findings."""

import os
import re
import sys
from pathlib import Path

FOLDERS = ("cmake", "conf", "include", "proto", "src", "tests", "tools", "web", ".ci")
FOREIGN = {"node_modules", "__pycache__", "build", ".git", "golden", "corpus"}


def root_from_arguments():
    """The tree to check: the first argument, or the one this file stands in."""
    return Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else Path(__file__).resolve().parents[2]


def own_files(root, folders=FOLDERS):
    """Our files below `folders` and those at the top, as paths relative to root, sorted."""
    found = []
    if folders is FOLDERS:
        found += [Path(name) for name in os.listdir(root) if (root / name).is_file()]
    for folder in folders:
        for where, inside, names in os.walk(root / folder):
            inside[:] = sorted(name for name in inside if name not in FOREIGN)
            found += [(Path(where) / name).relative_to(root) for name in names]
    return sorted(found)


_TOKEN = re.compile(
    r'//[^\n]*'
    r'|/\*.*?\*/'
    r'|R"(?P<tag>[^()\\\s]{0,16})\(.*?\)(?P=tag)"'
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'",
    re.DOTALL,
)


def code_of(text):
    """C++ with comments and literals blanked; line numbers stay, and #include lines keep their paths."""

    def blank(match):
        word = match.group(0)
        if word[0] == '"':
            line = text[text.rfind("\n", 0, match.start()) + 1:match.start()]
            if re.match(r"\s*#\s*include\s*$", line):
                return word
        return re.sub(r"[^\n]", " ", word)

    return _TOKEN.sub(blank, text)


class Findings:
    """Collects `file:line: sentence` and decides the exit status."""

    def __init__(self):
        self.lines = []

    def add(self, path, line, sentence):
        self.lines.append(f"{path}:{line}: {sentence}")

    def finish(self, good):
        for line in self.lines:
            print(line)
        print(f"{len(self.lines)} found" if self.lines else good)
        return 1 if self.lines else 0
