#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The programs around the gateway tell what they are, and what is wrong when nothing works yet.

usage: tools_test.py [CASE...]
"""
import json
import pathlib
import re
import socket
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import cases  # noqa: E402
import gateway  # noqa: E402

PROGRAMS = ("aldisd", "aldisctl", "aldis-send", "smppload", "smscsim")


def run(name, *arguments, seconds=60):
    return subprocess.run([gateway.program(name), *map(str, arguments)], capture_output=True, text=True, timeout=seconds,
                          check=False)


def every_program_tells_its_version(_):
    cmake = (gateway.ROOT / "CMakeLists.txt").read_text()
    version = re.search(r"project\(aldis VERSION ([0-9.]+)", cmake)[1]
    for name in PROGRAMS:
        ran = run(name, "--version")
        assert (ran.returncode, ran.stdout) == (0, f"{name} {version}\n"), f"{name}: {ran}"


def help_is_plain_text(_):
    for arguments in [(name,) for name in PROGRAMS] + [("aldisctl", "journal"), ("aldisctl", "journal", "verify")]:
        ran = run(*arguments, "--help")
        assert ran.returncode == 0, ran
        odd = sorted({each for each in ran.stdout if each != "\n" and not " " <= each <= "~"})
        assert not odd, f"{arguments}: {odd}"


def wrong_usage_is_exit_code_2(_):
    for arguments in (("aldisctl", "journl"), ("smscsim", "--dialect", "1"), ("smscsim", "--error", "x"), ("smppload",),
                      ("aldis-send", "--to", "1")):
        ran = run(*arguments)
        assert ran.returncode == 2 and ran.stderr, f"{arguments}: {ran}"


def smppload_says_that_nobody_listens(where):
    port, = gateway.free_ports(1)
    ran = run("smppload", "--target", f"127.0.0.1:{port}", "--customer", "demo:demo", "--count", 10, "--connect-seconds", 0.5)
    lines = ran.stderr.splitlines()
    assert lines[0] == (f"smppload: cannot connect to 127.0.0.1:{port}: Connection refused; "
                        "trying again until 0.5 s have passed (--connect-seconds)"), ran
    assert lines[1:] == [f"smppload: no bind to 127.0.0.1:{port} ever succeeded"], ran
    assert ran.returncode == 2 and json.loads(ran.stdout)["submitted"] == 0, ran
    ran = run("smppload", "--customer", "demo:demo", "--oracle", where / "gone" / "oracle")
    assert ran.returncode == 2 and f"cannot open {where}/gone/oracle: No such file or directory" in ran.stderr, ran


def smppload_says_why_it_may_not_bind(where):
    sim = gateway.Smscsim(where, "--system-id", "demo:right")
    ran = run("smppload", "--target", sim.address, "--customer", "demo:wrong", "--count", 10)
    assert "smppload: bind as demo refused: ESME_R" in ran.stderr, ran
    assert ran.returncode == 2 and f"no bind to {sim.address} ever succeeded" in ran.stderr, ran
    assert sim.stop() == 0


def smppload_waits_for_a_late_gateway(where):
    port, = gateway.free_ports(1)
    with subprocess.Popen([gateway.program("smppload"), "--target", f"127.0.0.1:{port}", "--customer", "demo:demo",
                           "--count", "10"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as load:
        try:
            assert "Connection refused" in load.stderr.readline()
            sim = gateway.Smscsim(where, listen=f"127.0.0.1:{port}")
            out, _ = load.communicate(timeout=60)
        finally:
            load.kill()
    assert load.returncode == 0 and json.loads(out)["receipts"] == 10, out
    assert sim.stop() == 0


def smscsim_names_what_it_cannot_open(where):
    for option in ("--log", "--inbound-log"):
        ran = run("smscsim", "--listen", "127.0.0.1:0", option, where / "gone" / "log")
        assert ran.returncode == 2, ran
        assert ran.stderr == f"smscsim: cannot open {where}/gone/log: No such file or directory\n", ran
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        ran = run("smscsim", "--listen", address)
    assert (ran.returncode, ran.stderr) == (2, f"smscsim: cannot listen on {address}: Address already in use\n"), ran


def smscsim_keeps_off_the_port_of_aldisd(_):
    def port(name, option):
        return int(re.search(rf"{option} TEXT=\S+:(\d+)", run(name, "--help").stdout)[1])
    relay = (gateway.ROOT / "conf" / "examples" / "relay.yaml").read_text()
    listener, operator = (int(re.search(rf'{key}: \[?"\S+:(\d+)"', relay)[1]) for key in ("name: plain, address", "hosts"))
    assert port("smscsim", "--listen") == operator != listener
    assert port("smppload", "--target") == port("aldis-send", "--target") == listener


CASES = (every_program_tells_its_version, help_is_plain_text, wrong_usage_is_exit_code_2, smppload_says_that_nobody_listens,
         smppload_says_why_it_may_not_bind, smppload_waits_for_a_late_gateway, smscsim_names_what_it_cannot_open,
         smscsim_keeps_off_the_port_of_aldisd)


def in_a_folder(case):
    with gateway.folder("tools") as where:
        case(where)


def main():
    failed = cases.run(CASES, in_a_folder)
    if failed:
        sys.exit(f"{failed} failed")


if __name__ == "__main__":
    main()
