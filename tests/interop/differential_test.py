#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Valid PDUs of every type, read by our decoder, by tshark and by npm smpp: every field must be the same.

Where a foreign decoder is known to differ, differences.txt says so and which paragraph decides; any other
difference fails.

usage: differential_test.py --program differential_pdus [--count N] [--seed N] [--keep] [--record]

--record leaves a line in docs/reliability/differential.jsonl.
"""
import argparse
import collections
import fnmatch
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import records  # noqa: E402

SKIP = 77
CHUNK = 2500  # PDUs at a time: tshark's JSON takes 10 KB for each
IP_AND_TCP = 40
HEADER = (("command_length", 0), ("command_id", 4), ("command_status", 8), ("sequence_number", 12))
TEXT_TLVS = {0x001D, 0x001E, 0x0609, 0x060D, 0x060E}  # may end in NUL


class Differences:
    """What was found, by "DECODER COMMAND FIELD KIND", and what of it is known."""

    def __init__(self, path):
        self.known = []
        for line in path.read_text().splitlines():
            if line and not line.startswith("#"):
                pattern, why = line.split("|", 1)
                self.known.append((pattern.split(), why.strip()))
        self.seen = collections.Counter()
        self.unknown = collections.Counter()
        self.examples = {}

    def stops_at(self, decoder):
        """Fields behind which this decoder reads nothing right."""
        return {pattern[2] for pattern, _ in self.known if pattern[0] == decoder and pattern[3] == "stops"}

    def add(self, decoder, pdu, field, kind, detail=""):
        words = [decoder, pdu["command"], field, kind]
        for pattern, _ in self.known:
            if all(fnmatch.fnmatchcase(word, part) for word, part in zip(words, pattern)):
                self.seen[" ".join(pattern)] += 1
                return
        key = " ".join(words)
        self.unknown[key] += 1
        self.examples.setdefault(key, f"{detail} in {json.dumps(pdu)[:1500]}")


def skip(reason):
    print(f"SKIP interop_differential: {reason}")
    sys.exit(SKIP)


def layout(pdu):
    """Our reading as (field, offset, octets in hex): where each field stands on the wire."""
    at = 16
    for name, value in pdu["fields"]:
        if isinstance(value, int):
            yield name, at, f"{value:02x}"
            at += 1
        elif name in ("short_message", "details"):
            if name == "short_message":
                yield "sm_length", at, f"{len(value) // 2:02x}"
                at += 1
            yield name, at, value
            at += len(value) // 2
        elif isinstance(value, str):
            yield name, at, value + "00"
            at += len(value) // 2 + 1
        else:
            yield name + "_count", at, f"{len(value):02x}"
            at += 1
            for parts in items_of(name, value):
                for part, octets in parts:
                    yield part, at, octets
                    at += len(octets) // 2
    for tag, value in pdu["tlvs"]:
        yield "tlv_tag", at, f"{tag:04x}"
        yield "tlv_length", at + 2, f"{len(value) // 2:04x}"
        yield f"tlv_{tag:04x}", at + 4, value
        at += 4 + len(value) // 2
    assert at == pdu["octets"], pdu


def items_of(name, items):
    for item in items:
        if name == "message_ids":
            yield [("message_id", item + "00")]
        elif name == "dest_address" and item[0] == 2:
            yield [("dest_flag", "02"), ("dl_name", item[1] + "00")]
        elif name == "dest_address":
            yield [("dest_flag", "01"), ("dest_addr_ton", f"{item[1]:02x}"), ("dest_addr_npi", f"{item[2]:02x}"),
                   ("destination_addr", item[3] + "00")]
        else:
            yield [("dest_addr_ton", f"{item[0]:02x}"), ("dest_addr_npi", f"{item[1]:02x}"),
                   ("destination_addr", item[2] + "00"), ("error_status_code", f"{item[3]:08x}")]


# --- tshark ---

def nodes_of(tree):
    """Every field of a dissection as (name, offset in the PDU, size, bit mask, octets in hex)."""
    for name, value in tree:
        if isinstance(value, list) and value and isinstance(value[0], tuple):
            yield from nodes_of(value)
        elif name.endswith("_raw"):
            octets, at, size, mask = value[:4]
            yield name[len("smpp."):-len("_raw")], at - IP_AND_TCP, size, mask, octets


def cut(path, first, last):
    """These packets in a file of their own: tshark would read all of them each time."""
    octets = path.read_bytes()
    at, number = 24, 0
    while number < first - 1:
        at += 16 + int.from_bytes(octets[at + 8:at + 12], "little")
        number += 1
    begin = at
    while number < last:
        at += 16 + int.from_bytes(octets[at + 8:at + 12], "little")
        number += 1
    chunk = path.with_name("chunk.pcap")
    chunk.write_bytes(octets[:24] + octets[begin:at])
    return chunk


def dissected(path, first, last):
    result = subprocess.run(
        [shutil.which("tshark"), "-r", str(cut(path, first, last)), "-d", "tcp.port==2775,smpp",
         "-T", "jsonraw", "-J", "smpp _ws.malformed"],
        capture_output=True, text=True, timeout=600, check=True)
    for packet in json.loads(result.stdout, object_pairs_hook=list):
        yield dict(dict(packet)["_source"])["layers"]


TSHARK_NAMES = {
    "esm_class": ("esm.",), "registered_delivery": ("regdel.",), "short_message": ("message", "message_text"),
    "schedule_delivery_time": ("schedule_delivery_time",), "validity_period": ("validity_period",),
    "final_date": ("final_date",), "tlv_tag": ("opt_param_tag",), "tlv_length": ("opt_param_len",),
    "dest_address_count": ("dlist",), "unsuccess_sme_count": ("dlist_resp",),
}


def tshark_has(name, at, octets, found):
    """Whether a dissection has this field, there, with these octets."""
    wanted = TSHARK_NAMES.get(name, (name,))
    size = len(octets) // 2
    bits = seen = 0
    for other, mask, raw, length in found.get(at, ()):
        if name.startswith("tlv_") and name[4:] not in ("tag", "length"):
            if not other.startswith("opt_param"):
                return length <= size
        elif any(other == one or other == one + "_r" or (one.endswith(".") and other.startswith(one))
                 for one in wanted):
            if mask == 0 or size != 1:
                if raw == octets:
                    return True
                continue
            shift = (mask & -mask).bit_length() - 1
            bits |= int(raw, 16) << shift & mask
            seen |= mask
    return seen != 0 and bits == int(octets, 16) & seen


def compare_tshark(pdu, layers, differences):
    layers = dict(layers)
    stops = {f"tlv_{tag:04x}" for tag, _ in pdu["tlvs"]} & differences.stops_at("tshark")
    if "smpp" not in layers:
        return differences.add("tshark", pdu, "*", "not_smpp")
    if "_ws.malformed" in layers and not stops:
        differences.add("tshark", pdu, "*", "malformed")
    found = collections.defaultdict(list)
    for name, at, size, mask, octets in nodes_of(layers["smpp"]):
        found[at].append((name, mask, octets, size))
    for name, at in HEADER:
        if name == "command_status" and not pdu["id"] & 0x80000000:
            continue  # reserved in requests: tshark does not show it
        value = {"command_length": pdu["octets"], "command_id": pdu["id"], "command_status": pdu["status"],
                 "sequence_number": pdu["sequence"]}[name]
        if not tshark_has(name, at, f"{value:08x}", found):
            differences.add("tshark", pdu, name, "absent" if at not in found else "other", f"{found.get(at)}")
    for name, at, octets in layout(pdu):
        if name in stops:
            return differences.add("tshark", pdu, name, "stops")
        if not octets or tshark_has(name, at, octets, found):
            continue
        kind = "other" if at in found else "absent_empty" if octets == "00" else "absent"
        differences.add("tshark", pdu, name, kind, f"octet {at} is {octets}, tshark has {found.get(at)}")
    return None


# --- npm ---

def compare_npm(pdu, theirs, differences):
    if theirs.get("error"):
        last = f"tlv_{pdu['tlvs'][-1][0]:04x}" if pdu["tlvs"] else "*"  # which it wants longer than it is
        return differences.add("npm", pdu, last, "error", theirs["error"])
    for name, value in (("command", pdu["command"]), ("command_id", pdu["id"]), ("command_status", pdu["status"]),
                        ("sequence_number", pdu["sequence"]), ("command_length", pdu["octets"])):
        if theirs[name] != value:
            differences.add("npm", pdu, name, "other", f"{theirs[name]}")
    for name, value in pdu["fields"]:
        if name not in theirs["fields"]:
            differences.add("npm", pdu, name, "absent", f"{theirs}")
        elif theirs["fields"][name] != value:
            differences.add("npm", pdu, name, "other", f"{theirs['fields'][name]}")
    ours = collections.defaultdict(list)
    for tag, value in pdu["tlvs"]:
        ours[str(tag)].append(value)
    for tag, values in ours.items():
        field = f"tlv_{int(tag):04x}"
        if tag not in theirs["tlvs"]:
            differences.add("npm", pdu, field, "absent", f"{theirs}")
        elif not any(same_tlv(int(tag), value, theirs["tlvs"][tag]) for value in values):
            differences.add("npm", pdu, field, "other", f"{theirs['tlvs'][tag]}")
        if len(values) > 1:
            differences.add("npm", pdu, field, "repeated")
    for tag in set(theirs["tlvs"]) - set(ours):
        differences.add("npm", pdu, f"tlv_{int(tag):04x}", "invented", f"{theirs['tlvs'][tag]}")
    return None


def same_tlv(tag, value, theirs):
    if isinstance(theirs, list):
        return any(same_tlv(tag, value, one) for one in theirs)
    if isinstance(theirs, int):
        return int(value or "0", 16) == theirs
    if tag in TEXT_TLVS and value.endswith("00"):
        return value == theirs or value[:-2] == theirs
    return value == theirs


def compare(arguments, where):
    subprocess.run([arguments.program, str(arguments.seed), str(arguments.count), str(where)], check=True, timeout=300)
    pdus = [json.loads(line) for line in (where / "ours.jsonl").read_text().splitlines()]
    assert len(pdus) == arguments.count
    differences = Differences(HERE / "differences.txt")

    read_by_npm = subprocess.run(["node", str(HERE / "differential_npm.js"), str(where / "pdus.bin")],
                                 capture_output=True, text=True, timeout=600, check=True).stdout.splitlines()
    assert len(read_by_npm) == len(pdus), (len(read_by_npm), len(pdus))
    for pdu, line in zip(pdus, read_by_npm):
        compare_npm(pdu, json.loads(line), differences)

    compared = 0
    for first in range(1, arguments.count + 1, CHUNK):
        last = min(first + CHUNK - 1, arguments.count)
        for pdu, layers in zip(pdus[first - 1:last], dissected(where / "pdus.pcap", first, last), strict=True):
            compare_tshark(pdu, layers, differences)
            compared += 1
    assert compared == arguments.count, (compared, arguments.count)
    return differences, sum(4 + len(pdu["fields"]) + len(pdu["tlvs"]) for pdu in pdus)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", required=True)
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", action="store_true", default=bool(os.environ.get("ALDIS_KEEP")))
    records.option(parser, "differential")
    arguments = parser.parse_args()
    if not os.access(arguments.program, os.X_OK):
        sys.exit(f"{arguments.program} is not there: build it first: "
                 f"ninja -C {pathlib.Path(arguments.program).parent.parent} differential_pdus")
    if not shutil.which("tshark"):
        skip("tshark is not installed (tools/deps interop)")
    if not shutil.which("node") or not (HERE / "node_modules" / "smpp").is_dir():
        skip("npm smpp is not installed (tools/deps interop)")
    where = pathlib.Path(tempfile.mkdtemp(prefix="aldis-differential-"))
    differences, fields_count = compare(arguments, where)
    for pattern, count in sorted(differences.seen.items()):
        print(f"known {count:7}  {pattern}")
    for key, count in differences.unknown.most_common():
        print(f"NEW   {count:7}  {key}: {differences.examples[key]}")
    print(f"{arguments.count} PDUs, {fields_count} fields, seed {arguments.seed}: "
          f"{sum(differences.unknown.values())} unknown differences")
    if arguments.record:
        unknown = sum(differences.unknown.values())
        records.append("differential", {"pdus": arguments.count, "fields": fields_count, "unknown": unknown},
                       records.verdict(unknown), seed=arguments.seed)
    if arguments.keep or differences.unknown:
        print(f"kept: {where}")
    else:
        shutil.rmtree(where)
    sys.exit(1 if differences.unknown else 0)


if __name__ == "__main__":
    main()
