#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The checks of the contract's rows and of docs/RELIABILITY.md can fail, each for its own reason."""

import importlib.machinery
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "checks"))
import check_contract  # noqa: E402

CASE = 'TEST_CASE("a receipt comes twice", "[H4]") {}\n'


class ContractRows(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix="aldis-contract-"))
        self.addCleanup(shutil.rmtree, self.root)
        (self.root / "tests/spec").mkdir(parents=True)
        (self.root / "tests/one_test.cpp").write_text(CASE)
        (self.root / "tests/spec/twice.smpp").write_text("# D7 H4: told once\n")
        (self.root / "tests/CMakeLists.txt").write_text("aldis_test(NAME unit_one)\n")
        self.rows = {row: {"later": "its stage"} for row in check_contract.ROWS}
        self.rows["H4"] = {"tests": ["case: a receipt comes twice", "spec: twice", "ctest: unit_one"]}
        self.rows["D7"] = {"tests": ["spec: twice"]}

    def problems(self):
        (self.root / "tests/contract.yaml").write_text(json.dumps(self.rows))
        run = subprocess.run([sys.executable, "-B", check_contract.__file__, str(self.root)], capture_output=True, text=True,
                             check=False)
        return run.returncode, run.stdout

    def assert_found(self, words):
        status, said = self.problems()
        self.assertEqual(status, 1, said)
        self.assertIn(words, said)
        self.assertIn(" 1 problems", said)

    def test_rows_with_their_tests_pass(self):
        self.assertEqual(self.problems()[0], 0, self.problems()[1])

    def test_a_row_without_test_and_without_reason_is_found(self):
        self.rows["H9"] = {}
        self.assert_found("H9 has no test")

    def test_a_test_that_is_not_there_is_found(self):
        for gone in ("case: nobody wrote this", "spec: nobody", "ctest: unit_nobody", "sim: nobody", "mutant: 999"):
            with self.subTest(gone):
                self.rows["H9"] = {"tests": [gone]}
                self.assert_found("H9: there is no " + gone)

    def test_a_tag_within_the_sentence_is_found(self):
        (self.root / "tests/one_test.cpp").write_text(CASE + 'TEST_CASE("told\\n"\n  " late [H4]") {}\n')
        self.rows["H4"]["tests"].append("case: told\\n late")
        self.assert_found("H4 stands in the sentence")

    def test_a_tag_that_its_row_does_not_list_is_found(self):
        self.rows["D7"] = {"later": "something"}
        self.assert_found("D7 does not list spec: twice")

    def test_a_tag_without_row_and_a_row_that_is_none_are_found(self):
        (self.root / "tests/one_test.cpp").write_text(CASE + 'TEST_CASE("another", "[H99]") {}\n')
        self.assert_found("no row is called H99")
        (self.root / "tests/one_test.cpp").write_text(CASE)
        self.rows["Z1"] = {"later": "never"}
        self.assert_found("Z1 is no row")


def figures():
    """The rows of the page, by the tool itself."""
    loader = importlib.machinery.SourceFileLoader("reliability", str(ROOT / "tools/reliability"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("reliability", loader))
    loader.exec_module(module)
    return module.FIGURES


class ReliabilityPage(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix="aldis-reliability-"))
        self.addCleanup(shutil.rmtree, self.root)
        (self.root / "tools").mkdir()
        shutil.copy(ROOT / "tools/reliability", self.root / "tools")
        (self.root / "docs/reliability").mkdir(parents=True)
        (self.root / "docs/track-record.yaml").write_text(
            "[{date: 2026-01-01, what: w, introduced: i, found: f, fixed: x, reproducer: r}]")

    def record(self, harness, **line):
        with open(self.root / f"docs/reliability/{harness}.jsonl", "a", encoding="utf-8") as out:
            out.write(json.dumps({"commit": "abc", "date": "2026-01-01T00:00Z", "command": "c", **line}) + "\n")

    def run_and_hear(self, *arguments):
        run = subprocess.run([sys.executable, "-B", str(self.root / "tools/reliability"), *arguments], capture_output=True,
                             text=True, check=False)
        return run.returncode, run.stdout + run.stderr

    def run_tool(self, *arguments):
        return self.run_and_hear(*arguments)[0]

    def page(self):
        self.assertEqual(self.run_tool(), 0)
        self.assertEqual(self.run_tool("--check"), 0)
        return (self.root / "docs/RELIABILITY.md").read_text(encoding="utf-8")

    def test_what_was_not_run_is_not_claimed(self):
        self.assertEqual(self.page().count("not measured |"), 2 * len(figures()))

    def test_runs_are_summed_with_the_bound_that_they_support_and_failures_take_it_away(self):
        self.record("kill", counts={"kills": 1000, "acknowledged": 5, "lost": 0}, verdict="passed")
        self.record("kill", counts={"kills": 500, "acknowledged": 6, "lost": 0}, verdict="passed")
        self.assertIn("0 in 1,500 kills, of 11 acknowledged; below 0.2 % per kill (95 %, rule of three) (2 runs)", self.page())
        self.record("kill", counts={"kills": 1, "acknowledged": 1, "lost": 1}, verdict="failed")
        text = self.page()
        self.assertIn("1 in 1,501 kills, of 12 acknowledged (3 runs, 1 failed)", text)
        self.assertNotIn("rule of three", text)

    def test_a_page_that_is_older_than_its_data_is_found(self):
        self.page()
        self.record("power", counts={"cuts": 10, "lost": 0, "file_system": "ext4"}, verdict="passed")
        self.assertEqual(self.run_tool("--check"), 1)

    def test_every_command_on_the_page_records_its_run(self):
        for *_, command in figures():
            with self.subTest(command):
                program, *options = command.split()
                self.assertIn("--record", options)
                source = "tests/sim/main.cpp" if program == "tools/sim" else program  # the options are the simulator's
                said = (ROOT / source).read_text(encoding="utf-8")
                for option in set(options) - {"--record"}:
                    self.assertTrue(not option.startswith("--") or f'"{option}"' in said, option)
                self.assertRegex(said, r'records\.option\(|"--record"')

    def test_a_crash_is_open_until_its_line_names_the_commit_that_mended_it(self):
        self.record("fuzz", executions={"tlv": 7}, cpu_seconds=3600, crashes=2, mended=["abc"])
        self.record("fuzz", counts={"executions": {"tlv": 2_000_000}, "cpu_seconds": 0, "crashes": {"tlv": 1}}, verdict="failed")
        text = self.page()
        self.assertIn("2,000,007 executions, 1.0 CPU-h; crashes: 3 found, 1 of them mended, 2 open (2 runs, 2 failed)", text)
        self.assertIn("| tlv | 2,000,007 | 2 |", text)

    def test_thin_targets_are_named(self):
        self.record("fuzz", counts={"executions": {"tlv": 9, "smpp_time": 2_000_000}, "cpu_seconds": 1, "crashes": {}})
        self.assertIn("thin: tlv 9 (1 run)", self.page())

    def test_injected_errors_say_what_they_left_out(self):
        self.record("inject", command="c --calls-max 3", verdict="passed",
                    counts={"points": 5, "acknowledged": 8, "lost": 0, "fired": {"fsync EIO": 2, "fdatasync EIO": 3}})
        self.assertIn("0 lost at 5 failing calls, of 8 acknowledged; every call that came in four seconds of load: fsync EIO; "
                      "only the first 3, later ones left out: fdatasync EIO", self.page())

    def git(self, *arguments):
        return subprocess.run(["git", "-c", "user.name=n", "-c", "user.email=e", "-C", str(self.root), *arguments], check=True,
                              capture_output=True, text=True).stdout.strip()

    def commit_core(self, what):
        (self.root / "src/engine").mkdir(parents=True, exist_ok=True)
        (self.root / "src/engine/engine.cpp").write_text(what)
        self.git("add", "-A")
        self.git("commit", "-qm", what)
        return self.git("rev-parse", "--short", "HEAD")

    def with_history(self):
        self.git("init", "-q")
        (self.root / "docs/track-record.yaml").write_text("[]")
        return self.commit_core("one")

    def test_a_record_of_a_commit_that_is_not_in_the_history_is_found(self):
        commit = self.with_history()
        self.record("kill", commit=commit, counts={"kills": 1})
        self.page()
        self.record("kill", counts={"kills": 1})  # "abc"
        for arguments in ([], ["--check"]):
            with self.subTest(arguments):
                status, said = self.run_and_hear(*arguments)
                self.assertEqual(status, 1)
                self.assertIn("docs/reliability/kill.jsonl:2: commit abc is not an ancestor of HEAD", said)

    def test_a_page_that_calls_runs_recent_that_are_not_is_found(self):
        self.record("kill", commit=self.with_history(), counts={"kills": 3})
        self.assertEqual(self.page().count("0 in 3 kills"), 2)
        (self.root / "src/engine/engine.cpp").write_text("two")
        self.assertIn("and the core has changed since", self.run_and_hear("--check")[1])
        self.assertEqual(self.page().count("0 in 3 kills"), 1)  # the page can be in the same commit as the change
        self.commit_core("two")
        self.assertEqual(self.run_tool("--check"), 0)


if __name__ == "__main__":
    unittest.main()
