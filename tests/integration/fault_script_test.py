#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A bad day at an operator, by smscsim's script: no message is lost, none is sent twice without reason."""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gateway  # noqa: E402

BAD_DAY = """faults:
  - {at: 3s, do: throttle, for: 300ms}
  - {at: 4s, do: queue_full, for: 300ms}
  - {at: 5s, do: drop}
  - {at: 5s, do: refuse_binds, for: 500ms}
  - {at: 6s, do: stop_reading, for: 500ms}
  - {at: 7s, do: hold_receipts, for: 1s}
"""


def a_wrong_script_is_told_at_its_place(where):
    script = where / "wrong.yaml"
    script.write_text("faults:\n  - {at: 5s, do: throtle, for: 1s}\n  - {at: 6s, do: silence}\n")
    ran = subprocess.run([gateway.program("smscsim"), "--listen", "127.0.0.1:0", "--script", script], timeout=20,
                         capture_output=True, text=True, check=False)
    assert ran.returncode == 2, ran
    for said in (f"{script}:2:18: faults[0].do", "did you mean throttle?", f"{script}:3:", "faults[1].for"):
        assert said in ran.stderr, f"nothing about {said} in: {ran.stderr}"
    example = gateway.ROOT / "conf" / "examples" / "smscsim-faults.yaml"
    ran = subprocess.run([gateway.program("smscsim"), "--listen", "127.0.0.1:0", "--script", example, "--seconds",
                          "0.1"], timeout=20, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran


def a_bad_day_loses_nothing(where):
    (where / "day.yaml").write_text(BAD_DAY)
    sim = gateway.Smscsim(where, "--script", where / "day.yaml", "--log", where / "operator.tsv")
    yaml = gateway.config(where, {"north": sim.port})
    daemon = gateway.Aldisd(where, yaml)
    try:
        totals = gateway.load(where, daemon.smpp, "--count", 0, "--seconds", 8, "--rate", 400, "--binds", 2,
                              "--drain-seconds", 60)
        lost = daemon.metric("aldis_link_up")
    finally:
        assert daemon.stop() == 0
    operator = sim.totals()
    assert lost == 1, "the link is up again"
    assert totals["receipts"] == totals["accepted"] > 1000 and totals["refused"] == {}, totals
    assert operator["throttled"] > 0 and operator["refused"] > operator["throttled"], f"the script was played: {operator}"
    assert "link.lost" in daemon.text() or daemon.text().count("link.bound") >= 2, "the connections were dropped"


def main():
    for case in (a_wrong_script_is_told_at_its_place, a_bad_day_loses_nothing):
        with gateway.folder("fault-script") as where:
            case(where)
        print(f"ok   {case.__name__.replace('_', ' ')}", flush=True)


if __name__ == "__main__":
    main()
