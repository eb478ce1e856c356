#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads every #include of include/, src/ and tools/: who may include whom, and which library has which door.

usage: check_ranks.py [ROOT]

A module includes public headers (aldis/<module>/...) of the modules in its row, and private ones of its own.
The CMakeLists.txt of a module must agree with its row.
"""

import re
import sys

from source_text import Findings, code_of, own_files, root_from_arguments

BELOW = {"base", "core", "text", "ports"}
RANK_3 = {"admission", "message", "routing", "dispatch", "receipts", "notify", "spool"}

# module: (rank, what it may include besides itself); None = everything of a lower rank.
MODULES = {
    "base": (0, set()),
    "text": (1, {"base"}),
    "ports": (1, {"base"}),
    "api": (1, {"base"}),
    "smpp": (2, {"base", "text"}),
    "core": (2, {"base", "text"}),
    **{name: (3, BELOW) for name in RANK_3},
    "engine": (4, BELOW | RANK_3),
    "ingress": (4, BELOW | {"smpp", "api"}),
    "egress": (4, BELOW | {"smpp"}),
    "runtime": (4, {"base", "ports"}),
    "history": (4, BELOW | {"spool"}),
    "config": (4, {"base", "text", "core"}),
    "telemetry": (4, {"base", "core", "ports"}),
    "daemon": (5, None),
    "console": (5, {"base", "api", "text", "ports", "runtime", "config", "telemetry"}),
    "tools": (5, BELOW | {"smpp", "api", "runtime", "spool", "config", "telemetry"}),
}

# What is fenced in: a pattern on the included path, the modules behind whose door it belongs, what it is.
LIBRARIES = [
    (r"boost/(asio|beast)", {"runtime"}, "Asio and Beast"),
    (r"openssl/", {"runtime"}, "OpenSSL"),
    (r"curl/", {"runtime"}, "libcurl"),
    (r"argon2", {"runtime"}, "Argon2"),
    (r"(thread|mutex|shared_mutex|atomic|condition_variable|future|semaphore|latch|barrier|stop_token)$",
     {"runtime"}, "threads, locks and atomics"),
    (r"pthread\.h$", {"runtime"}, "threads"),
    (r"(sys/socket\.h|sys/epoll\.h|sys/un\.h|netinet/|netdb\.h|poll\.h)", {"runtime"}, "sockets"),
    (r"random$", {"runtime", "tools"}, "random numbers (ports::Random)"),
    (r"(fstream|filesystem|fcntl\.h|sys/stat\.h)$",
     {"runtime", "config", "telemetry", "history", "daemon", "console", "tools"}, "files (ports::Files)"),
    (r"yaml-cpp/", {"config"}, "yaml-cpp"),
    (r"spdlog/", {"telemetry"}, "spdlog"),
    (r"(protozero/|google/protobuf|xxhash|xxh3)", {"spool"}, "protozero, protobuf and xxHash"),
    # config compiles a pattern once, to refuse a bad one at its place in the file, and keeps nothing of it.
    (r"re2/", {"routing", "admission", "egress", "config"}, "RE2"),
    (r"CLI/", {"tools", "daemon"}, "CLI11"),
    (r"(SQLiteCpp/|sqlite3\.h)", {"history"}, "SQLite"),
    (r"soci/", {"console"}, "SOCI"),
    (r"boost/(json|url)", {"ingress", "console", "telemetry", "tools"}, "JSON and URLs"),
    (r"(zlib\.h|zstd\.h)", {"runtime", "history", "tools"}, "compression"),
]

# Words of code that do what a library's door is for, without its header.
WORDS = [
    (r"\b(system|steady|high_resolution|utc)_clock\s*::\s*now\b|\b(clock_gettime|gettimeofday)\s*\(",
     {"runtime"}, "reads a clock; outside runtime time is an argument"),
    (r"\bstd::(this_thread|j?thread|mutex|atomic|lock_guard|unique_lock|scoped_lock)\b|\bthread_local\b",
     {"runtime"}, "uses threads; outside runtime a type that needs a lock has the wrong owner"),
    (r"\brandom_device\b|\bgetrandom\s*\(", {"runtime", "tools"}, "draws random numbers (ports::Random)"),
    (r"\bYAML::", {"config"}, "speaks YAML; config does that"),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
SOURCES = {".cpp", ".hpp", ".h", ".inc"}


def module_of(path):
    parts = path.parts
    if parts[0] == "tools":
        return "tools"
    at = 2 if parts[:2] == ("include", "aldis") else 1
    return parts[at] if len(parts) > at + 1 else None


def may_include(module, other):
    rank, allowed = MODULES[module]
    if other == module:
        return True
    return MODULES[other][0] < rank if allowed is None else other in allowed


def check_own_include(findings, path, line, module, target):
    parts = target.split("/")
    if parts[0] == "aldis":
        other = parts[1] if len(parts) > 2 else ""
        if other not in MODULES:
            findings.add(path, line, f"{target}: no module {other!r} stands in the table of check_ranks.py")
        elif not may_include(module, other):
            findings.add(path, line, f"{module} must not include {target}: {other} is not in its row")
    elif path.parts[0] == "include":
        findings.add(path, line, f"{target}: a public header includes public headers only (aldis/...)")
    elif parts[0] in MODULES and parts[0] != module and module != "tools":
        findings.add(path, line, f"{target} is private to {parts[0]}: what others need is in include/aldis/")


def check_file(findings, root, path):
    module = module_of(path)
    if module is None:
        return
    if module not in MODULES:
        findings.add(path, 1, f"no module {module!r} stands in the table of check_ranks.py")
        return
    code = code_of((root / path).read_text(encoding="utf-8", errors="replace"))
    for match in INCLUDE.finditer(code):
        target = match.group(2)
        line = code.count("\n", 0, match.start(1)) + 1
        for pattern, doors, what in LIBRARIES:
            if re.match(pattern, target) and module not in doors:
                findings.add(path, line, f"{target}: {what} only in {', '.join(sorted(doors))}")
        if match.group(1) == '"':
            check_own_include(findings, path, line, module, target)
    for pattern, doors, what in WORDS:
        if module in doors:
            continue
        for match in re.finditer(pattern, code):
            findings.add(path, code.count("\n", 0, match.start()) + 1, f"{match.group(0).strip()} {what}")


def check_cmake(findings, root, path):
    text = re.sub(r"#[^\n]*", "", (root / path).read_text(encoding="utf-8"))
    for call in re.findall(r"aldis_module\(([^)]*)\)", text):
        words = call.split()
        name = words[words.index("NAME") + 1]
        rank = int(words[words.index("RANK") + 1])
        needs = []
        if "NEEDS" in words:
            for word in words[words.index("NEEDS") + 1:]:
                if word.isupper():
                    break
                needs.append(word)
        if name not in MODULES:
            findings.add(path, 1, f"no module {name!r} stands in the table of check_ranks.py")
            continue
        if rank != MODULES[name][0]:
            findings.add(path, 1, f"{name} has rank {MODULES[name][0]}, not {rank}")
        for need in needs:
            if need not in MODULES or not may_include(name, need):
                findings.add(path, 1, f"{name} must not need {need}: it is not in its row")


def main():
    root = root_from_arguments()
    findings = Findings()
    seen = 0
    for path in own_files(root, ("include", "src", "tools")):
        if path.suffix in SOURCES:
            check_file(findings, root, path)
            seen += 1
        elif path.name == "CMakeLists.txt" and path.parts[0] == "src":
            check_cmake(findings, root, path)
    if seen == 0:
        findings.add(root, 1, "holds no source file: is this the right folder?")
    return findings.finish(f"{seen} files keep to their ranks and doors")


if __name__ == "__main__":
    sys.exit(main())
