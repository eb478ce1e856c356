# SPDX-License-Identifier: Apache-2.0
"""Cases of one test program: functions whose names are sentences. Names on the command line choose some of them."""
import subprocess
import sys


def run(cases, call):
    """Calls call(case) for each and returns how many failed."""
    failed = 0
    for case in cases:
        if sys.argv[1:] and case.__name__ not in sys.argv[1:]:
            continue
        sentence = case.__name__.replace("_", " ")
        try:
            call(case)
            print(f"ok   {sentence}", flush=True)
        except (AssertionError, OSError, subprocess.TimeoutExpired, TypeError) as error:
            print(f"FAIL {sentence}: {error or type(error).__name__}", flush=True)
            failed += 1
    return failed
