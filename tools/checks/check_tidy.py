#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What no compiler sees and every reader does: licence line, file size, width, names, tests that sleep.

usage: check_tidy.py [ROOT]
"""

import re
import sys

from source_text import Findings, code_of, own_files, root_from_arguments

COLUMNS = 110
COLUMNS_SCRIPTS = 132  # Python and CMake: clang-format does not wrap them for us
LINES_MAX = {".cpp": 600, ".hpp": 300}
LINES_MAX_TESTS = 900
CODE = {".cpp", ".hpp"}
LICENSED = CODE | {".py", ".cmake", ".sh", ".js", ".mjs", ".pl", ".proto"}
TEXT = LICENSED | {".txt", ".yaml", ".yml", ".md", ".smpp", ".json", ""}
WIDE = CODE | {".py", ".cmake", ".sh", ".mjs", ".pl"}
SPDX = "SPDX-License-Identifier: Apache-2.0"

# Words for work left undone. Spelled in halves, so that this file does not find itself.
UNDONE = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"]) + r")\b")
OUTSIDE = re.compile(r"\.\./" + "shared|/work/" + r"(shared|main)\b")
CATCH_ALL = re.compile(r"(^|_)(utils?|helpers?|managers?|misc|common|stuff)(_|$|\.)")

# Names that say nothing. The important word goes first, unit and limit last: retry_delay_max.
GIVEN = {"max_loss",  # keys of the configuration file keep their names in the code
         "max_object_size", "max_array_size", "max_key_size", "max_string_size"}  # a handler of Boost.JSON must have them
_NO_MEMBER = r"(?<![.:>\w])"
NAMES = [
    (re.compile(_NO_MEMBER + r"((?:max|min)_[a-z][a-z_0-9]*)"), "the limit goes last (retry_delay_max)"),
    (re.compile(_NO_MEMBER + r"(num|nums|num_[a-z_]+|[a-z_]+_num)\b"), "say what is counted (parts_count)"),
    (re.compile(_NO_MEMBER + r"(data|info)\b(?!\s*\()"), "say what it holds"),
    (re.compile(r"\b([a-z_]*(?:manager|helper|utils?)(?:_[a-z_]*)?)\b"), "a noun that says what it does"),
    (re.compile(r"\b(\w*(?:Manager|Helper|Utils?)(?![a-z])\w*)"), "a noun that says what it does"),
]

SLEEPS = re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|(?<![.\w])sleep\s*\(|\btime\.sleep\s*\(")
SHELL_SLEEP = re.compile(r"^\s*sleep\s+[\d$]")
PORTS = re.compile(r"(?:127\.0\.0\.1|localhost|0\.0\.0\.0|\[::1?\]):(?!0\b)\d+"
                   r"|\bport['\"]?\s*[=:]\s*[1-9]\d{2,4}\b")
# Below these real sockets are used; parsers' tests may write any address they like.
WITH_SOCKETS = re.compile(r"tests/(?!unit/(?!runtime/)|spec/|checks/|fuzz/)")


def check_head(findings, path, lines):
    """The licence stands on the first line, or behind `#!`."""
    licensed = path.suffix in LICENSED or path.name == "CMakeLists.txt"
    if (licensed or lines[0].startswith("#!")) and SPDX not in "\n".join(lines[:2]):
        findings.add(path, 1, f"the first line must say {SPDX}")


def check_size(findings, path, lines):
    limit = LINES_MAX_TESTS if path.parts[0] == "tests" else LINES_MAX.get(path.suffix)
    if limit and path.suffix in CODE | {".py"} and len(lines) > limit:
        findings.add(path, limit + 1, f"{len(lines)} lines, more than {limit}: which noun wants a file?")
    if path.suffix in WIDE or path.name == "CMakeLists.txt":
        columns = COLUMNS if path.suffix in CODE else COLUMNS_SCRIPTS
        for number, line in enumerate(lines, 1):
            if len(line) > columns:
                findings.add(path, number, f"{len(line)} columns, more than {columns}")


def check_words(findings, path, lines):
    for number, line in enumerate(lines, 1):
        if match := UNDONE.search(line):
            findings.add(path, number, f"{match.group(0)}: finish it, or let the code refuse clearly")
        if match := OUTSIDE.search(line):
            findings.add(path, number, f"{match.group(0)} is outside the tree: say it in place")


def check_code(findings, path, text):
    code = code_of(text)
    if path.suffix == ".hpp":
        for match in re.finditer(r"\busing\s+namespace\b", code):
            line = code.count("\n", 0, match.start()) + 1
            findings.add(path, line, "using namespace in a header reaches everyone who includes it")
    if path.parts[0] == "tests":
        return
    for number, line in enumerate(code.split("\n"), 1):
        if re.match(r"\s*#", line):
            continue
        for pattern, why in NAMES:
            for match in pattern.finditer(line):
                if match.group(1) not in GIVEN:
                    findings.add(path, number, f"{match.group(1)}: {why}")


def check_test(findings, path, text):
    lines = (code_of(text) if path.suffix in CODE else text).split("\n")
    waits = path.stem == "wait_until"  # the one place where a condition of another process is polled
    for number, line in enumerate(lines, 1):
        shell = path.suffix in {".sh", ""}
        if not waits and (SLEEPS.search(line) or (shell and SHELL_SLEEP.search(line))):
            findings.add(path, number, "a test must not sleep: virtual time, or wait_until(condition)")
    if WITH_SOCKETS.match(str(path)):
        for number, line in enumerate(text.split("\n"), 1):
            if match := PORTS.search(line):
                findings.add(path, number, f"{match.group(0)}: bind port 0 and read the real one")


def main():
    root = root_from_arguments()
    findings = Findings()
    seen = 0
    for path in own_files(root):
        if path.suffix not in TEXT or path.name in {"LICENSE", "package-lock.json"}:
            continue
        text = (root / path).read_text(encoding="utf-8", errors="replace")
        lines = text.removesuffix("\n").split("\n")
        seen += 1
        if CATCH_ALL.search(path.stem.lower()):
            findings.add(path, 1, "a name for anything says nothing: which noun does this file hold?")
        check_head(findings, path, lines)
        check_size(findings, path, lines)
        if path.suffix != ".json":
            check_words(findings, path, lines)
        if path.suffix in CODE:
            check_code(findings, path, text)
        if path.parts[0] == "tests" and path.suffix in LICENSED | {""}:
            check_test(findings, path, text)
    if seen == 0:
        findings.add(root, 1, "holds no file: is this the right folder?")
    return findings.finish(f"{seen} files are tidy")


if __name__ == "__main__":
    sys.exit(main())
