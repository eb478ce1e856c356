# SPDX-License-Identifier: Apache-2.0
"""What a benchmark reads off processes and the disk, and how it prints: medians of the runs with min and max."""
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time


def cpu_seconds(pid):
    """User and system time of all threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def status_mib(pid, word):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(word + ":"):
            return int(line.split()[1]) / 1024
    raise AssertionError(f"/proc/{pid}/status says no {word}")


def resident_mib(pid):
    return status_mib(pid, "VmRSS")


def peak_mib(pid):
    return status_mib(pid, "VmHWM")


def disk(where):
    """The disk itself: fdatasync of 32 KiB overwrites (ms) and sequential writing (MB/s)."""
    path = where / "probe"
    fd = os.open(path, os.O_RDWR | os.O_CREAT)
    block = b"\0" * (1 << 20)
    os.write(fd, block * 8)
    os.fsync(fd)
    times = []
    for i in range(300):
        began = time.monotonic()
        os.pwrite(fd, b"x" * 32768, (i % 256) * 32768)
        os.fdatasync(fd)
        times.append((time.monotonic() - began) * 1e3)
    began = time.monotonic()
    for _ in range(256):
        os.write(fd, block)
    os.fdatasync(fd)
    speed = 256 * len(block) / 1e6 / (time.monotonic() - began)
    os.close(fd)
    path.unlink()
    times.sort()
    return {"fdatasync_p50_ms": times[150], "fdatasync_p99_ms": times[297], "sequential_mb_s": speed}


def machine(where):
    def first(path, word):
        for line in pathlib.Path(path).read_text().splitlines():
            if line.startswith(word):
                return line.split(":", 1)[1].strip()
        return "unknown"
    mount = subprocess.run(["findmnt", "-no", "FSTYPE", "-T", str(where)], capture_output=True, text=True).stdout.strip()
    commit = subprocess.run(["git", "-C", str(pathlib.Path(__file__).parent), "describe", "--always", "--dirty"],
                            capture_output=True, text=True).stdout.strip()
    return {"commit": commit, "cpu": first("/proc/cpuinfo", "model name"), "cores": os.cpu_count(),
            "kernel": platform.release(), "file_system": mount}


def form(value):
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


class Table:
    """Figures of one scenario: cases with a row of figures for each run."""

    def __init__(self, scenario, about):
        self.scenario = scenario
        self.about = about
        self.cases = {}  # case -> figure -> values

    def add(self, case, **figures):
        rows = self.cases.setdefault(case, {})
        for name, value in figures.items():
            rows.setdefault(name, []).append(float(value))
        said = ", ".join(f"{name} {form(value)}" for name, value in figures.items())
        print(f"  {case}: {said}", file=sys.stderr, flush=True)

    def median(self, case, figure):
        return statistics.median(self.cases[case][figure])

    def ratio(self, case, other, figure):
        return self.median(case, figure) / self.median(other, figure)

    def show(self):
        print(f"{self.scenario}: {self.about}")
        for case, rows in self.cases.items():
            print(f"  {case}")
            for name, values in rows.items():
                middle = statistics.median(values)
                spread = (max(values) - min(values)) / abs(middle) if middle else 0
                note = "   unstable" if spread > 0.2 else ""
                print(f"    {name:<28} {form(middle):>12}   ({form(min(values))} to {form(max(values))}; {len(values)} runs){note}")
        sys.stdout.flush()

    def data(self):
        return {case: {name: {"median": statistics.median(values), "min": min(values), "max": max(values), "runs": len(values)}
                       for name, values in rows.items()} for case, rows in self.cases.items()}


def write_json(path, tables, about):
    pathlib.Path(path).write_text(json.dumps({**about, "scenarios": {table.scenario: table.data() for table in tables}},
                                             indent=1) + "\n")
