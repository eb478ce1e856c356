#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The checks can fail: each violation is planted alone in a clean tree and must be found there only."""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CHECKS = Path(__file__).resolve().parents[2] / "tools" / "checks"
SPDX = "// SPDX-License-" + "Identifier: Apache-2.0\n"  # in halves: this line is not this file's licence

CLEAN = {
    "include/aldis/base/time.hpp": SPDX + "#pragma once\n#include <cstdint>\n",
    "include/aldis/core/ids.hpp": SPDX + '#pragma once\n#include "aldis/base/time.hpp"\n',
    "src/core/names.cpp": SPDX + '#include "aldis/core/ids.hpp"\n#include "core/words.hpp"\n',
    "src/core/words.hpp": SPDX + "#pragma once\n",
    "src/core/CMakeLists.txt": "# " + SPDX[3:] + "aldis_module(NAME core RANK 2 NEEDS base LIBRARIES x::x)\n",
    "src/runtime/clock.cpp": SPDX + "#include <boost/asio/io_context.hpp>\n#include <thread>\n",
    "src/engine/engine.cpp": SPDX + '#include "aldis/routing/table.hpp"\n// std::mutex is a word here\n',
    "src/telemetry/registry.hpp": SPDX + "#pragma once\n" + '{"aldis_parts_total", \'c\', "door class"},\n',
    "src/core/counts.cpp": SPDX + 'r.counter("aldis_parts_total", {{"door", d}, {"class", f({c})}}, 1);\n',
    "tests/unit/core/names_test.cpp": SPDX + "int parts_count = 1;\n",
}


class PlantedTest(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix="aldis-checks-"))
        self.addCleanup(shutil.rmtree, self.root)
        shutil.copy(CHECKS.parents[1] / ".clang-format", self.root)
        for name, text in CLEAN.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run_check(self, check):
        command = [sys.executable, "-B", str(CHECKS / f"check_{check}.py"), str(self.root)]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def assert_found(self, check, place, words):
        run = self.run_check(check)
        found = [line for line in run.stdout.splitlines() if ": " in line]
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertTrue(any(line.startswith(place + ":") and words in line for line in found), run.stdout)
        self.assertTrue(all(line.startswith(place.split(":")[0]) for line in found), run.stdout)

    def test_a_clean_tree_passes(self):
        for check in ("ranks", "tidy", "format", "metrics"):
            run = self.run_check(check)
            if run.returncode == 77:
                continue
            self.assertEqual(run.returncode, 0, run.stdout + run.stderr)

    def test_an_empty_tree_is_not_taken_for_a_clean_one(self):
        shutil.rmtree(self.root / "src")
        shutil.rmtree(self.root / "include")
        shutil.rmtree(self.root / "tests")
        for check in ("ranks", "format", "metrics"):
            self.assertNotEqual(self.run_check(check).returncode, 0)

    def test_ranks(self):
        for name, line, words in [
            ("src/core/up.cpp", '#include "aldis/engine/engine.hpp"', "core must not include"),
            ("src/dispatch/side.cpp", '#include "aldis/routing/table.hpp"', "dispatch must not include"),
            ("src/engine/smpp.cpp", '#include "aldis/smpp/pdu.hpp"', "engine must not include"),
            ("src/engine/private.cpp", '#include "routing/prefix_tree.hpp"', "private to routing"),
            ("include/aldis/core/leak.hpp", '#include "core/words.hpp"', "public headers only"),
            ("tools/smppload/main.cpp", '#include "aldis/engine/engine.hpp"', "tools must not include"),
            ("src/gadgets/new.cpp", "", "no module 'gadgets'"),
            ("src/core/new.cpp", '#include "aldis/gadgets/new.hpp"', "no module 'gadgets'"),
        ]:
            with self.subTest(name):
                self.write(name, SPDX + line + "\n")
                self.assert_found("ranks", name, words)
                (self.root / name).unlink()

    def test_doors(self):
        for name, line, words in [
            ("src/ingress/a.cpp", "#include <boost/asio/post.hpp>", "Asio"),
            ("src/ingress/b.cpp", "# include  <openssl/sha.h>", "OpenSSL"),
            ("src/telemetry/c.cpp", "#include <mutex>", "threads"),
            ("src/spool/d.cpp", "#include <atomic>", "threads"),
            ("src/engine/e.cpp", "#include <yaml-cpp/yaml.h>", "yaml-cpp"),
            ("src/runtime/f.cpp", "#include <spdlog/spdlog.h>", "spdlog"),
            ("src/history/g.cpp", "#include <protozero/pbf_reader.hpp>", "protozero"),
            ("src/notify/h.cpp", "#include <re2/re2.h>", "RE2"),
            ("src/runtime/i.cpp", "#include <CLI/CLI.hpp>", "CLI11"),
            ("src/daemon/j.cpp", "#include <argon2.h>", "Argon2"),
            ("src/spool/k.cpp", "#include <fstream>", "files"),
            ("src/egress/l.cpp", "auto now = std::chrono::steady_clock::now();", "reads a clock"),
            ("src/daemon/m.cpp", "std::this_thread::yield();", "threads"),
            ("tools/smppload/n.cpp", "auto t = system_clock :: now();", "reads a clock"),
        ]:
            with self.subTest(name):
                self.write(name, SPDX + line + "\n")
                self.assert_found("ranks", f"{name}:2", words)
                (self.root / name).unlink()

    def test_cmake(self):
        for call, words in [
            ("aldis_module(NAME core RANK 3 NEEDS base)", "rank 2, not 3"),
            ("aldis_module(NAME core RANK 2 NEEDS base\n  smpp)", "must not need smpp"),
            ("aldis_module(NAME gadgets RANK 2)", "no module 'gadgets'"),
        ]:
            with self.subTest(call):
                self.write("src/core/CMakeLists.txt", call + "\n")
                self.assert_found("ranks", "src/core/CMakeLists.txt", words)

    def test_metrics(self):
        for call, words in [
            ('r.counter("aldis_parts", {}, 1);', "is not in"),
            ('constexpr auto kName = "aldis_part_total";', "is not in"),
            ('r.gauge("aldis_parts_total", {}, 1);', "is no gauge"),
            ('r.counter("aldis_parts_total", {{"operator", f(x)}}, 1);', "has the labels"),
            ('r.counter("aldis_parts_total",\n {{"class", f({a})}, {"door", b}}, 1);', "has the labels"),
        ]:
            with self.subTest(call):
                self.write("src/core/counts.cpp", SPDX + call + "\n")
                self.assert_found("metrics", "src/core/counts.cpp:2", words)

    def test_tidy(self):
        undone = "// TO" + "DO later"
        sleep = "std::this_thread::sle" + "ep_for(x);"
        for name, text, words in [
            ("src/core/bare.cpp", "int parts = 0;\n", "first line"),
            ("tools/run", "#!/usr/bin/env bash\necho\n", "first line"),
            ("src/core/long.cpp", SPDX + "\n" * 600, "601 lines"),
            ("src/core/long.hpp", SPDX + "\n" * 300, "301 lines"),
            ("tests/unit/core/long_test.cpp", SPDX + "\n" * 900, "901 lines"),
            ("src/core/wide.cpp", SPDX + "//" + "x" * 109 + "\n", "111 columns"),
            ("src/core/undone.cpp", SPDX + undone + "\n", "finish it"),
            ("src/core/space.hpp", SPDX + "using  namespace std;\n", "using namespace"),
            ("src/core/string_utils.cpp", SPDX, "which noun"),
            ("src/core/outside.cpp", SPDX + "// see ../sha" + "red/X\n", "outside the tree"),
            ("src/core/limit.cpp", SPDX + "int max_delay = 1;\n", "the limit goes last"),
            ("src/core/count.cpp", SPDX + "int num_parts = 1;\n", "what is counted"),
            ("src/core/bag.cpp", SPDX + "int data = 1;\n", "say what it holds"),
            ("src/core/boss.cpp", SPDX + "class LinkManager {};\n", "a noun"),
            ("tests/unit/core/slow_test.cpp", SPDX + sleep + "\n", "must not sleep"),
            ("tests/crash/slow.py", "# " + SPDX[3:] + "time.sle" + "ep(1)\n", "must not sleep"),
            ("tests/crash/port.py", "# " + SPDX[3:] + "connect('127.0.0.1:" + "2775')\n", "bind port 0"),
        ]:
            with self.subTest(name):
                self.write(name, text)
                self.assert_found("tidy", name, words)
                (self.root / name).unlink()

    def test_names_that_are_not_ours_pass(self):
        names = "auto a = x.data(); auto b = std::min_element(c); log.info(d); Pdu data_sm;"
        self.write("src/core/given.cpp", SPDX + names + '\nauto text = "manager";  // a helper\n')
        run = self.run_check("tidy")
        self.assertEqual(run.returncode, 0, run.stdout)

    def test_format(self):
        if self.run_check("format").returncode == 77:
            self.skipTest("clang-format 14 is not installed")
        self.write("src/core/gap.cpp", SPDX + "int a = 1;       // the gap is the writer's\n")
        self.assertEqual(self.run_check("format").returncode, 0)
        self.write("src/core/odd.cpp", SPDX + "int  b=1;\n")
        self.assert_found("format", "src/core/odd.cpp:2", "not as .clang-format says")

    def test_fix(self):
        if self.run_check("format").returncode == 77:
            self.skipTest("clang-format 14 is not installed")
        words = " ".join(["word"] * 30)
        name = "src/core/wide.cpp"
        self.write(name, SPDX + f"// {words}\n// and more\nint  b=1;  // {words[:100]}\n")
        command = [sys.executable, "-B", str(CHECKS / "check_format.py"), str(self.root), "--fix"]
        subprocess.run(command, capture_output=True, check=True)
        for check in ("format", "tidy"):
            run = self.run_check(check)
            self.assertEqual(run.returncode, 0, run.stdout)
        text = (self.root / name).read_text(encoding="utf-8")
        self.assertIn("word and more\n", text)
        self.assertIn(f"// {words[:99]}\nint b = 1;\n", text)


if __name__ == "__main__":
    unittest.main()
