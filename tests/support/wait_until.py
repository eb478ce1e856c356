# SPDX-License-Identifier: Apache-2.0
"""The one place where a test waits: for a condition, never for a time."""
import time


def wait_until(condition, what, seconds=30.0):
    """Polls until condition() is true and returns what it returned."""
    deadline = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(0.02)
