#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Net::SMPP 1.19 (libnet-smpp-perl) as a customer of aldisd: perl_customer.pl acts, this judges.

What reached the operator is read from smscsim's log.
"""
import json
import pathlib
import re
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
import gateway  # noqa: E402

SKIP = 77
COUNT = 10
INBOUND = "from a handset"


def have_net_smpp():
    if not shutil.which("perl"):
        return False
    found = subprocess.run(["perl", "-MNet::SMPP", "-e", "1"], capture_output=True, check=False)
    return found.returncode == 0


def judge(saw, operator_log):
    assert saw["refused"] == {"status": 0x0D, "cmd": 0x80000009} and saw["closed"] == 1, saw
    for bind in ("transmitter", "receiver"):
        assert saw[bind] == {"status": 0, "system_id": "aldis"}, saw[bind]
    assert saw["transceiver"] == {"status": 0, "version": 0x34}, saw["transceiver"]
    assert saw["statuses"] == [0] * COUNT and len(set(saw["ids"])) == COUNT, saw
    assert saw["query"] == {"status": 0, "same": 1, "state": 1, "final_date": ""}, saw["query"]
    assert saw["cancel"] == 0 and saw["enquire_link"] == 0 and saw["unbind"] == 0, saw

    receipts = {}
    for receipt in saw["receipts"]:
        found = re.match(r"id:([0-9a-f]{32}) .* stat:DELIVRD err:000 ", receipt["short_message"])
        assert found and receipt["esm_class"] == 4 and receipt["destination_addr"] == "Aldis", receipt
        assert receipt["receipted_message_id"].rstrip("\0") == found[1], receipt
        receipts[found[1]] = receipt["source_addr"]
    assert receipts == {id_given: f"44770030000{i}" for i, id_given in enumerate(saw["ids"])}, receipts
    for message in saw["inbound"]:
        assert message["short_message"] == INBOUND and message["destination_addr"] == "80010", message

    rows = [line.split("\t") for line in operator_log.read_text().splitlines()]
    got = sorted((row[4], bytes.fromhex(row[7]).decode()) for row in rows)
    assert got == [(f"44770030000{i}", f"perl {i}") for i in range(COUNT)], got


def main():
    if not have_net_smpp():
        print("SKIP interop_perl_customer: libnet-smpp-perl is not installed (tools/deps interop)")
        sys.exit(SKIP)
    with gateway.folder("perl-customer") as where:
        log = where / "operator.tsv"
        sim = gateway.Smscsim(where, "--log", log, "--receipt-delay-ms", 5, 20, "--inbound-rate", 2,
                              "--inbound-to", "80010", "--inbound-text", INBOUND)
        daemon = gateway.Aldisd(where, gateway.config(
            where, {"north": sim.port}, storage_extra=gateway.SMALL_JOURNAL,
            extra='inbound: {numbers: [{number: "80010", account: demo}]}'))
        try:
            result = subprocess.run(
                ["perl", str(HERE / "perl_customer.pl"), str(daemon.smpp_port), str(COUNT)],
                capture_output=True, text=True, timeout=110, check=False)
        finally:
            code = daemon.stop()
            sim.stop()
        assert code == 0, f"aldisd ended with {code}: {daemon.text()[-2000:]}"
        assert result.returncode == 0, f"perl ended with {result.returncode}: {result.stderr[-2000:]}"
        saw = json.loads(result.stdout.splitlines()[-1])
        judge(saw, log)
        print(f"ok  {COUNT} messages, {len(saw['inbound'])} inbound")


if __name__ == "__main__":
    main()
