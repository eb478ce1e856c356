#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/test counts what happened and answers with the right status: in small trees of known outcome."""

import json
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools" / "test"

LISTS = """
cmake_minimum_required(VERSION 3.25)
project(small LANGUAGES NONE)
enable_testing()
function(put name label command)
  add_test(NAME ${name} COMMAND sh -c "${command}")
  set_tests_properties(${name} PROPERTIES LABELS "${label}" SKIP_RETURN_CODE 77)
endfunction()
"""


class TestCommand(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix="aldis-test-command-"))
        self.addCleanup(shutil.rmtree, self.root)
        (self.root / "tools").mkdir()
        shutil.copy(TOOL, self.root / "tools")
        presets = [{"name": name, "generator": "Ninja", "binaryDir": "${sourceDir}/build/${presetName}"}
                   for name in ("asan", "release", "tsan")]
        (self.root / "CMakePresets.json").write_text(json.dumps({"version": 6, "configurePresets": presets}))

    def run_tool(self, tests, *arguments, tail=""):
        calls = "\n".join(f'put({name} "{label}" "{command}")' for name, label, command in tests)
        (self.root / "CMakeLists.txt").write_text(LISTS + calls + "\n" + tail)
        run = subprocess.run(["bash", str(self.root / "tools" / "test"), "--no-deps", *arguments],
                             capture_output=True, text=True, check=False)
        return run.returncode, run.stdout.strip().split("\n")[-1], run.stdout + run.stderr

    def test_all_levels_of_both_trees_run_and_are_counted(self):
        tests = [("a", "unit", "true"), ("b", "crash", "true"), ("c", "oddly_named", "true")]
        self.assertEqual(self.run_tool(tests)[:2], (0, "3 passed, 0 failed, 0 skipped"))

    def test_a_failure_in_either_tree_fails(self):
        for label in ("unit", "interop"):
            with self.subTest(label):
                tests = [("good", "unit", "true"), ("good_too", "crash", "true"), ("bad", label, "exit 3")]
                self.assertEqual(self.run_tool(tests)[:2], (1, "2 passed, 1 failed, 0 skipped"))

    def test_a_skip_is_said_and_counted_and_fails_when_asked(self):
        tests = [("good", "unit", "true"), ("gone", "unit", "echo SKIP gone: no peer; exit 77")]
        status, last, output = self.run_tool(tests)
        self.assertEqual((status, last), (0, "1 passed, 0 failed, 1 skipped"))
        self.assertIn("SKIP gone: no peer", output)
        self.assertEqual(self.run_tool(tests, "--no-skip")[0], 1)

    def test_a_program_that_is_not_there_is_a_failure_and_no_skip(self):
        tail = "add_test(NAME lost COMMAND /nowhere)\nset_tests_properties(lost PROPERTIES LABELS unit)\n"
        self.assertEqual(self.run_tool([("good", "unit", "true")], tail=tail)[:2],
                         (1, "1 passed, 1 failed, 0 skipped"))

    def test_levels_depth_names_and_labels_choose(self):
        tests = [("a_one", "unit", "true"), ("a_two", "spec", "true"), ("b_one", "crash;kill;H1", "true"),
                 ("b_two", "bench", "exit 1")]
        for arguments, passed in [(["quick"], 2), (["unit"], 1), (["kill", "spec"], 2), (["-k", "one"], 2),
                                  (["crash"], 1), (["power", "unit"], 1), (["--label", "H1"], 1),
                                  (["crash", "--label", "crash"], 1)]:
            with self.subTest(arguments):
                self.assertEqual(self.run_tool(tests, *arguments)[:2],
                                 (0, f"{passed} passed, 0 failed, 0 skipped"))

    def test_a_name_is_not_asked_of_programs_that_know_no_cases(self):
        program = self.root / "build" / "asan" / "tests" / "spec_runner"
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\n[ \"$1\" = ok ] || { echo \"cannot read $2\"; exit 1; }\n")
        program.chmod(0o755)
        tail = ("add_test(NAME spec_throttled COMMAND ${CMAKE_BINARY_DIR}/tests/spec_runner ok)\n"
                "set_tests_properties(spec_throttled PROPERTIES LABELS spec)\n")
        status, last, output = self.run_tool([], "spec", "-k", "throttled", tail=tail)
        self.assertEqual((status, last), (0, "1 passed, 0 failed, 0 skipped"), output)

    def test_a_row_chooses_the_cases_of_unit_programs_too(self):
        for module, text in (("one", 'TEST_CASE("x", "[D3][H7]")'), ("two", 'TEST_CASE("y", "[H70]")')):
            (self.root / "tests" / "unit" / module).mkdir(parents=True)
            (self.root / "tests" / "unit" / module / "a_test.cpp").write_text(text)
            program = self.root / "build" / "asan" / "tests" / f"unit_{module}"
            program.parent.mkdir(parents=True, exist_ok=True)
            # As Catch2: two cases with the tag, and the number of names as the status.
            program.write_text("#!/bin/sh\n[ \"$1\" != --list-test-names-only ] || { echo a; echo b; exit 2; }\n"
                               f"echo unit_{module} ran $1\n")
            program.chmod(0o755)
        tail = "".join(f"add_test(NAME unit_{module} COMMAND ${{CMAKE_BINARY_DIR}}/tests/unit_{module})\n"
                       f"set_tests_properties(unit_{module} PROPERTIES LABELS unit)\n" for module in ("one", "two"))
        tests = [("script", "spec;H7", "true"), ("other", "spec", "exit 1")]
        status, last, output = self.run_tool(tests, "--label", "H7", tail=tail)
        self.assertEqual((status, last), (0, "3 passed, 0 failed, 0 skipped"), output)
        self.assertIn("unit_one ran [H7]", output)
        self.assertNotIn("unit_two ran", output)
        self.assertEqual(self.run_tool(tests, "spec", "--label", "H7", tail=tail)[1], "1 passed, 0 failed, 0 skipped")
        self.assertRegex(self.run_tool(tests, "--label", "H7", "--list", tail=tail)[2], r"(?m)^unit_one +unit ")

    def test_a_test_of_a_deeper_depth_runs_there_and_deeper(self):
        tests = [("a", "spec", "true"), ("b", "spec;full", "true"), ("c", "crash;night", "true"),
                 ("d", "sim;release", "true")]
        for arguments, passed in [(["quick"], 1), ([], 2), (["--depth", "night"], 3), (["sim", "release"], 1)]:
            with self.subTest(arguments):
                self.assertEqual(self.run_tool(tests, *arguments)[:2],
                                 (0, f"{passed} passed, 0 failed, 0 skipped"))
        self.assertEqual(self.run_tool(tests, "--depth", "deep")[0], 2)

    def test_the_threaded_parts_run_in_their_own_tree_and_at_night_all_unit_tests_do(self):
        tests = [("unit_runtime", "unit", "true"), ("unit_other", "unit", "true")]
        self.assertEqual(self.run_tool(tests, "tsan")[1], "1 passed, 0 failed, 0 skipped")
        self.assertEqual(self.run_tool(tests)[1], "3 passed, 0 failed, 0 skipped")
        self.assertEqual(self.run_tool(tests, "tsan", "--depth", "night")[1], "2 passed, 0 failed, 0 skipped")

    def test_no_step_takes_longer_than_the_minutes_given(self):
        tests = [("depth", "unit", "test $ALDIS_DEPTH$ALDIS_MINUTES = night7")]
        self.assertEqual(self.run_tool(tests, "unit", "--depth", "night", "--minutes", "7")[0], 0)
        self.assertEqual(self.run_tool(tests, "unit", "--minutes", "soon")[0], 2)

    def test_nothing_to_run_is_not_a_success(self):
        tests = [("a", "unit", "true")]
        self.assertEqual(self.run_tool(tests, "-k", "nobody")[0], 1)
        self.assertEqual(self.run_tool(tests, "sim")[0], 1)
        self.assertEqual(self.run_tool(tests, "gossip")[0], 2)

    def test_a_tree_that_cannot_be_configured_or_is_not_whole_fails(self):
        self.assertEqual(self.run_tool([("a", "unit", "true")], tail="message(FATAL_ERROR no)\n")[0], 1)
        tail = 'message(WARNING "module engine is left out: it needs nothing")\n'
        self.assertEqual(self.run_tool([("a", "unit", "true")], tail=tail)[0], 1)

    def test_the_list_runs_nothing(self):
        status, _, output = self.run_tool([("a", "unit", "touch ran"), ("b", "crash", "exit 1")], "--list")
        self.assertEqual(status, 0)
        self.assertRegex(output, r"(?m)^a +unit ")
        self.assertRegex(output, r"(?m)^b +crash ")

    def test_until_fail_finds_the_second_run(self):
        marks = self.root / "marks"
        tests = [("flaky", "unit", f"test ! -e {marks} && touch {marks}")]
        self.assertEqual(self.run_tool(tests, "--until-fail", "3")[0], 1)


if __name__ == "__main__":
    unittest.main()
