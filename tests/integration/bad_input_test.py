#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What users get wrong, and what the machine does to them: aldisd says so, and exits with the code for it.

usage: bad_input_test.py [CASE...]
"""
import collections
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import gateway  # noqa: E402

CONFIG, JOURNAL, DIRECTORY, STORE = 2, 65, 73, 74
SEGMENTS = ", segment_size: 1MiB, reserve_segments: 2"
MOUNTED = []


def aldisd(where, *arguments, seconds=30):
    """Runs aldisd that is expected to end by itself."""
    return subprocess.run([gateway.program("aldisd"), *map(str, arguments)], capture_output=True, text=True,
                          timeout=seconds, cwd=where)


def refused(ran, code, *said):
    text = ran.stdout + ran.stderr
    assert ran.returncode == code, f"exit {ran.returncode}, not {code}: {text}"
    for each in said:
        assert each in text, f"nothing about {each!r} in: {text}"
    return text


def written(where, yaml, name="aldisd.yaml"):
    path = where / name
    path.write_text(yaml)
    return path


def good(where, **more):
    return gateway.config(where, {"north": 1}, **more)


# --- configuration --------------------------------------------------------------------------------


def wrong_config_tells_every_error_at_once(where):
    yaml = good(where).replace("queue_max: 100000000", "queue_max: 0").replace("per_second:", "per_secnd:")
    yaml = yaml.replace("{operator: north}", "{operator: nroth}")
    yaml = yaml.replace("window_in: 1000", "window_in: many")
    path = written(where, yaml)
    ran = aldisd(where, "--config", path, "--ports-file", where / "ports")
    text = refused(ran, CONFIG, "queue_max: 0 is below 1",
                   "did you mean per_second?", "did you mean north?", "window_in", "errors", "not loaded")
    places = [line for line in text.splitlines() if line.startswith(f"{path}:")]
    assert len(places) >= 4, f"each with its place: {text}"
    by_place = sorted(places, key=lambda line: [int(n) for n in line[len(str(path)):].split(":")[1:3]])
    assert places == by_place, "in their order"
    assert not (where / "state").exists() and not (where / "ports").exists(), "nothing was started"


def missing_and_unreadable_files_are_named(where):
    refused(aldisd(where, "--config", where / "nowhere.yaml"), CONFIG, "nowhere.yaml")
    (where / "password-demo").unlink(missing_ok=True)
    yaml = good(where)
    (where / "password-demo").unlink()
    refused(aldisd(where, "--config", written(where, yaml)), CONFIG, "password-demo")
    path = written(where, "schema_version: 1\n\tsmpp: 1\n")
    refused(aldisd(where, "--config", path), CONFIG, "aldisd.yaml:2")
    refused(aldisd(where, "--no-such-option"), CONFIG, "--no-such-option")


def check_reads_and_starts_nothing(where):
    path = written(where, good(where))
    ran = aldisd(where, "--check", path)
    refused(ran, 0, "0 errors")
    assert not (where / "state").exists(), "--check makes no directory"
    bad = written(where, good(where) + "bogus: 1\n", "bad.yaml")
    refused(aldisd(where, "--check", bad), CONFIG, "bogus: unknown key")


def print_schema_knows_every_form(where):
    schema = json.loads(aldisd(where, "--print-schema", "json").stdout)
    assert "operators" in schema["properties"], "the JSON Schema has the keys"
    for form, file in (("yaml", "conf/aldisd.yaml"), ("markdown", "docs/configuration.md")):
        assert "throttle" in aldisd(where, "--print-schema", form).stdout, file
    refused(aldisd(where, "--print-schema", "xml"), CONFIG, "xml")


def a_port_in_use_is_named(where):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        path = written(where, good(where, smpp_port=port))
        refused(aldisd(where, "--config", path), CONFIG, f"127.0.0.1:{port}", "Address already in use")


# --- the state folder -----------------------------------------------------------------------------


def an_unwritable_state_folder_is_named(where):
    (where / "file").write_text("not a folder")
    path = written(where, good(where, state="file"))
    refused(aldisd(where, "--config", path), DIRECTORY, f"{where}/file")
    path = written(where, good(where, state="file/below"))
    refused(aldisd(where, "--config", path), DIRECTORY, f"{where}/file/below")
    if os.geteuid() != 0:  # root may write anywhere
        (where / "sealed").mkdir(mode=0o500)
        path = written(where, good(where, state="sealed"))
        refused(aldisd(where, "--config", path), DIRECTORY, f"{where}/sealed")


def a_second_daemon_on_the_same_folder_is_refused(where):
    first = gateway.Aldisd(where, good(where))
    try:
        second = aldisd(where, "--config", written(where, good(where), "second.yaml"))
        refused(second, DIRECTORY, f"{where}/state", str(first.pid))
        assert first.get("/readyz"), "the first goes on"
    finally:
        assert first.stop() == 0


def bodies_at_operator(where):
    """What smscsim's log has, by body, and how often."""
    path = where / "operator.tsv"
    lines = path.read_text().splitlines() if path.exists() else []
    return collections.Counter(line.split("\t")[7] for line in lines)


def mount(where, size):
    """A small file system of its own, or None where that is not allowed."""
    if os.geteuid() != 0:
        return None
    place = where / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "aldis-test", place]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        return None
    MOUNTED.append(place)
    return place


def a_full_disk_at_start_is_named(where):
    if mount(where, "1m") is None:
        return "needs root and a mount"
    path = written(where, good(where, state="small", storage_extra=SEGMENTS.replace("1MiB", "4MiB")))
    refused(aldisd(where, "--config", path), DIRECTORY, f"{where}/small", "No space left on device")
    return None


def a_state_folder_in_memory_is_doubted(where):
    if mount(where, "32m") is None:
        return "needs root and a mount"
    daemon = gateway.Aldisd(where, good(where, state="small", storage_extra=SEGMENTS))
    assert daemon.stop() == 0
    [line] = [line for line in daemon.text().splitlines() if "storage.doubtful" in line]
    assert "warn" in line and f"path={where}/small" in line and "file_system=tmpfs" in line, line
    return None


def a_disk_that_fills_up_loses_nothing(where):
    if mount(where, "6m") is None:
        return "needs root and a mount"
    sim = gateway.Smscsim(where, "--log", where / "operator.tsv")
    yaml = gateway.config(where, {"north": sim.port}, state="small",
                          storage_extra=SEGMENTS)
    daemon = gateway.Aldisd(where, yaml)
    filler = where / "small" / "filler"
    # Unbuffered: a buffered writer keeps what did not fit, and fails once more when it is closed.
    with open(filler, "wb", buffering=0) as out:
        try:
            while True:
                out.write(b"x" * 65536)
        except OSError:
            pass
    totals = gateway.load(where, daemon.smpp, "--count", 20000, "--binds", 1, "--drain-seconds", 3,
                          "--seconds", 8, check=False)
    text = daemon.text()
    if daemon.running():
        assert totals["refused"] or totals["accepted"] == 20000, f"{totals}"
        assert daemon.stop() in (0, STORE), "ends in order"
    else:
        assert daemon.process.returncode == STORE and "No space left" in text, text[-1000:]
    filler.unlink()
    again = gateway.Aldisd(where, yaml)
    gateway.wait_until(lambda: len(bodies_at_operator(where)) >= totals["accepted"],
                       f"the operator gets all {totals['accepted']} that were accepted", 60)
    assert again.stop() == 0
    sim.stop()
    return None


# --- the journal ----------------------------------------------------------------------------------


def type_of_a_middle_record(segment):
    """Where the type of the record stands that covers the middle of a segment's used octets (spool/format.hpp)."""
    at, half = 64, len(bytes(segment).rstrip(b"\0")) // 2
    while True:
        octets = (24 + struct.unpack_from("<I", segment, at)[0] + 8 + 7) // 8 * 8
        if at + octets > half:
            return at + 4
        at += octets


def a_damaged_journal_stops_the_start_and_verify_explains(where):
    sim = gateway.Smscsim(where)
    yaml = gateway.config(where, {"north": sim.port}, storage_extra=SEGMENTS)
    daemon = gateway.Aldisd(where, yaml)
    gateway.load(where, daemon.smpp, "--count", 300)
    daemon.kill()
    journal = where / "state" / "journal"
    segments = sorted(each for each in journal.iterdir() if each.stat().st_size >= 1 << 20)
    # The first segment with records; the type of one in their middle, with many durable ones behind it. (Not just
    # any octet: between two records stand up to seven zeros that mean nothing, and damage to them costs nothing.)
    used = max(segments, key=lambda each: len(each.read_bytes().rstrip(b"\0")))
    octets = bytearray(used.read_bytes())
    middle = type_of_a_middle_record(octets)
    octets[middle] ^= 0x40
    used.write_bytes(octets)
    ran = aldisd(where, "--config", where / "aldisd.yaml")
    refused(ran, JOURNAL, used.name, "record")
    assert used.read_bytes() == bytes(octets), "damage is left as it is found"
    ctl = gateway.BUILD / "bin" / "aldisctl"
    if not ctl.exists():
        sim.stop()
        return f"no {ctl}: verify not tried"
    verify = subprocess.run([ctl, "journal", "verify", journal], capture_output=True, text=True, timeout=60)
    assert verify.returncode != 0 and used.name in verify.stdout + verify.stderr, verify
    # The same segment whole again, but cut short within its records.
    octets[middle] ^= 0x40
    used.write_bytes(octets[:middle])
    refused(aldisd(where, "--config", where / "aldisd.yaml"), JOURNAL, used.name, "cut short")
    verify = subprocess.run([ctl, "journal", "verify", journal], capture_output=True, text=True, timeout=60)
    assert verify.returncode != 0 and "cut short" in verify.stdout + verify.stderr, verify
    # Whole, but without the key behind the ids that were given out.
    used.write_bytes(octets)
    key = where / "state" / "installation.key"
    kept = key.read_bytes()
    key.unlink()
    refused(aldisd(where, "--config", where / "aldisd.yaml"), DIRECTORY, "installation.key", "backup")
    assert not key.exists(), "no other key is made in its place"
    for damaged in (kept[:16], bytes([kept[0] ^ 1]) + kept[1:], kept[:-1] + bytes([kept[-1] ^ 0x80])):
        key.write_bytes(damaged)
        refused(aldisd(where, "--config", where / "aldisd.yaml"), DIRECTORY, "installation.key", "backup")
    key.write_bytes(kept)
    again = gateway.Aldisd(where, yaml)
    assert again.stop() == 0
    sim.stop()
    return None


# --- stopping -------------------------------------------------------------------------------------


def sigterm_finishes_what_is_in_flight(where):
    sim = gateway.Smscsim(where, "--latency-ms", 400, "--log", where / "operator.tsv", "--receipt-delay-ms",
                          200, 600)
    yaml = gateway.config(where, {"north": sim.port}, operator_extra="window: {start: 20, min: 20, max: 20}")
    daemon = gateway.Aldisd(where, yaml)
    port = daemon.smpp_port
    yaml = yaml.replace("127.0.0.1:0", f"127.0.0.1:{port}", 1)
    load = subprocess.Popen([gateway.program("smppload"), "--target", daemon.smpp, "--customer", "demo:demo",
                             "--count", "300", "--reconnect", "--oracle", str(where / "customer.tsv"),
                             "--drain-seconds", "60"],
                            stdout=open(where / "load.out", "wb"), stderr=subprocess.STDOUT)
    try:
        gateway.wait_until(lambda: (where / "operator.tsv").exists() and
                           (where / "operator.tsv").read_text().count("\n") >= 50, "messages are in flight")
        began = time.monotonic()
        code = daemon.stop(signal.SIGTERM, 15)
        took = time.monotonic() - began
        assert code == 0, f"exit {code}: {daemon.text()[-2000:]}"
        daemon = gateway.Aldisd(where, yaml)
        assert load.wait(90) == 0, (where / "load.out").read_text()
    finally:
        if load.poll() is None:
            load.kill()
            load.wait()
        daemon.stop()
    totals = json.loads((where / "load.out").read_text().strip().splitlines()[-1])
    sim.stop()
    bodies = bodies_at_operator(where)
    doubled = [body for body, count in bodies.items() if count > 1]
    assert not doubled, f"{len(doubled)} sent twice after an orderly stop"
    assert len(bodies) >= totals["accepted"] > 0, f"{len(bodies)} of {totals['accepted']} sent"
    print(f"     stopped in {took:.1f} s")


CASES = (wrong_config_tells_every_error_at_once, missing_and_unreadable_files_are_named,
         check_reads_and_starts_nothing, print_schema_knows_every_form, a_port_in_use_is_named,
         an_unwritable_state_folder_is_named,
         a_second_daemon_on_the_same_folder_is_refused, a_full_disk_at_start_is_named,
         a_state_folder_in_memory_is_doubted, a_disk_that_fills_up_loses_nothing,
         a_damaged_journal_stops_the_start_and_verify_explains,
         sigterm_finishes_what_is_in_flight)


def main():
    failed, skipped = [], []
    for case in CASES:
        if sys.argv[1:] and case.__name__ not in sys.argv[1:]:
            continue
        sentence = case.__name__.replace("_", " ")
        began = time.monotonic()
        try:
            with gateway.folder("bad-input") as where:
                try:
                    why = case(where)
                finally:
                    while MOUNTED:
                        subprocess.run(["umount", "--lazy", MOUNTED.pop()], check=False)
        except (AssertionError, OSError, subprocess.TimeoutExpired) as error:
            print(f"FAIL {sentence}: {error}")
            failed.append(sentence)
            continue
        if why:
            skipped.append(f"{sentence}: {why}")
        took = time.monotonic() - began
        print(f"{'SKIP' if why else 'ok  '} {sentence}{': ' + why if why else ''} ({took:.1f} s)", flush=True)
    if failed:
        sys.exit(f"{len(failed)} failed")
    if skipped and len(sys.argv) > 1:
        sys.exit(77)


if __name__ == "__main__":
    main()
