#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every row of the delivery contract has its tests: tests/contract.yaml against what the tree holds.

usage: check_contract.py [ROOT] [--write]

A row is D1..D15 (promises), H1..H36 (hard cases), I1..I18 (invariants), S1..S15 and B1..B16 (security). Its `tests` are
`case: SENTENCE` (Catch2), `spec: NAME` (a script), `ctest: NAME`, `sim: NAME` (a story) or `mutant: N` (a planted bug);
`later` says what a row, or the rest of it, waits for. Tests name their rows themselves: [H7] in a case, the first line of
a script. A row with neither tests nor later, a test that is not there, and a tag without row, or missing in its row, fail.
--write puts tags into the rows.
"""

import re
import sys
from pathlib import Path

import yaml

ROWS = ([f"D{n}" for n in range(1, 16)] + ["D5b"] + [f"H{n}" for n in range(1, 37)] + [f"I{n}" for n in range(1, 19)]
        + [f"S{n}" for n in range(1, 16)] + [f"B{n}" for n in range(1, 17)])
CASE = re.compile(r'TEST_CASE\(\s*((?:"(?:[^"\\]|\\.)*"\s*)+)(?:,\s*"([^"]*)")?')
TAG = re.compile(r"\[([DHISB]\d+b?)\]")
WORD = re.compile(r"\b([DHIS]\d+b?)\b")
HEAD = """# SPDX-License-Identifier: Apache-2.0
# Which tests hold which row of the delivery contract (docs/contract.md has the promises). tools/checks/check_contract.py
# compares this file with the tests: --write adds what they say of themselves; `later` is written by hand.
"""


def rank(row):
    return "DHISB".index(row[0]), int(re.sub(r"\D", "", row)), row


def cases(root):
    """Sentence of each Catch2 case and its tags; and what is wrong with where they stand."""
    found, misplaced = {}, []
    for path in sorted((root / "tests").rglob("*_test.cpp")):
        for match in CASE.finditer(path.read_text(encoding="utf-8")):
            text = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', match.group(1)))
            within = set(TAG.findall(text))  # Catch2 and tools/test --label do not see them there
            if within:
                misplaced.append(f"{path.relative_to(root)}: {', '.join(sorted(within))} stands in the sentence \"{text}\": "
                                 "tags are TEST_CASE's second argument")
            tags = within | set(TAG.findall(match.group(2) or ""))
            found[re.sub(r"\s*\[[^\]]*\]\s*", " ", text).strip()] = (tags, path)
    return found, misplaced


def scripts(root):
    found = {}
    for path in sorted((root / "tests/spec").glob("*.smpp")):
        first = path.read_text(encoding="utf-8").split("\n", 1)[0]
        found[path.stem] = (set(WORD.findall(first.split(":")[0])), path)
    return found


def ctests(root):
    """Words of the lists of tests, and the names that functions make of them."""
    words = set()
    for path in (root / "tests").rglob("CMakeLists.txt"):
        if "node_modules" not in path.parts:
            words |= set(re.findall(r"[a-z0-9_]+", path.read_text(encoding="utf-8")))
    return words


def exists(root, reference, known):
    kind, _, name = reference.partition(": ")
    if kind == "case":
        return name in known["case"]
    if kind == "spec":
        return name in known["spec"]
    if kind == "ctest":
        return name in known["ctest"] or name.partition("_")[2] in known["ctest"]
    if kind == "sim":
        return any((root / "tests/sim/stories").glob(name + ".*"))
    if kind == "mutant":
        table = root / "tests/mutants/table.txt"
        return table.exists() and re.search(rf"^\s*{re.escape(name)}\b", table.read_text(encoding="utf-8"), re.M)
    return False


def check(rows, root, known):
    problems = []
    tagged = {}
    for kind in ("case", "spec"):
        for name, (tags, path) in known[kind].items():
            for tag in tags:
                tagged.setdefault(tag, []).append(f"{kind}: {name}")
                if tag not in ROWS:
                    problems.append(f"{path.relative_to(root)}: no row is called {tag}")
                elif f"{kind}: {name}" not in rows.get(tag, {}).get("tests", []):
                    problems.append(f"tests/contract.yaml: {tag} does not list {kind}: {name} (--write does)")
    for row in ROWS:
        entry = rows.get(row) or {}
        if not entry.get("tests") and not entry.get("later"):
            problems.append(f"tests/contract.yaml: {row} has no test and does not say what it waits for")
        for reference in entry.get("tests", []):
            if not exists(root, reference, known):
                problems.append(f"tests/contract.yaml: {row}: there is no {reference}")
    problems += [f"tests/contract.yaml: {row} is no row" for row in rows if row not in ROWS]
    return problems, tagged


def write(rows, tagged, root, known):
    for row in ROWS:
        entry = rows.setdefault(row, {}) or {}
        listed = [one for one in entry.get("tests", []) if exists(root, one, known)]
        entry["tests"] = sorted(set(listed) | set(tagged.get(row, [])))
        rows[row] = entry
    lines = [HEAD]
    for row in sorted((row for row in rows if row in ROWS), key=rank):
        entry = rows[row]
        lines.append(f"{row}:\n")
        if entry["tests"]:
            lines.append("  tests:\n" + "".join(f"    - {quoted(one)}\n" for one in entry["tests"]))
        if entry.get("later"):
            lines.append(f"  later: {quoted(entry['later'])}\n")
    (root / "tests/contract.yaml").write_text("".join(lines), encoding="utf-8")


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def main():
    arguments = [one for one in sys.argv[1:] if not one.startswith("--")]
    root = Path(arguments[0] if arguments else Path(__file__).resolve().parents[2])
    known_cases, misplaced = cases(root)
    known = {"case": known_cases, "spec": scripts(root), "ctest": ctests(root)}
    rows = yaml.safe_load((root / "tests/contract.yaml").read_text(encoding="utf-8")) or {}
    problems, tagged = check(rows, root, known)
    if "--write" in sys.argv:
        write(rows, tagged, root, known)
        problems, _ = check(rows, root, known)
    problems += misplaced
    for problem in problems:
        print(problem)
    later = sum(1 for row in ROWS if not (rows.get(row) or {}).get("tests"))
    print(f"check_contract: {len(ROWS)} rows, {len(ROWS) - later} with tests, {later} later, {len(problems)} problems")
    return 1 if problems or not known["case"] else 0


if __name__ == "__main__":
    sys.exit(main())
