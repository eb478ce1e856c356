# SPDX-License-Identifier: Apache-2.0
"""What customers and operators saw, compared. The gateway's own counters, journal and ids are not asked.

A customer's history is smppload's oracle file (A: an accepted message and its id, R: a receipt, I: a message from a
handset); an operator's is smscsim's log of messages received. Each message has a destination of its own, made of its
customer's prefix and its number, and its text begins with a token that names both again.
"""
import bisect
import collections
import dataclasses
import pathlib
import re

READ_LATE_US = 2_000_000  # an operator reads within this
NUMBER_DIGITS = 8  # of a destination, behind the prefix (smppload --destination-prefix)


@dataclasses.dataclass
class Customer:
    name: str
    seed: int
    prefix: str
    path: pathlib.Path
    at_most_once: bool = False
    receipts: bool = True
    submitted: int = 0  # messages that it tried to submit, as it says itself


@dataclasses.dataclass
class Kill:
    how: str  # "random", "recovery", or a failpoint's name
    bound: int  # parts that could be leased when it came: lease of each link together
    at: int = 0  # microseconds since 1970, once the process was gone


class Report(collections.Counter):
    """Figures in the words of queue tests; the rest of a verdict is the list of what is wrong."""

    WORDS = ("kills", "attempted", "acknowledged", "ok", "lost", "unexpected", "duplicated", "duplicated_bound",
             "duplicated_messages", "flagged", "recovered", "receipts", "receipts_lost", "receipts_repeated",
             "receipts_wrong", "unknown", "inbound_acknowledged", "inbound_lost", "inbound_repeated")

    def __init__(self):
        super().__init__({word: 0 for word in self.WORDS})
        self.duplicated_largest = 0  # after one kill
        self.largest_bound = 0  # of that kill
        self.wrong = []

    def add(self, other):
        for word, count in other.items():
            self[word] += count
        if other.duplicated_largest > self.duplicated_largest:
            self.duplicated_largest, self.largest_bound = other.duplicated_largest, other.largest_bound
        self.wrong += other.wrong

    def figures(self):
        return {**self, "duplicated_largest": self.duplicated_largest, "largest_bound": self.largest_bound}


def token_of(body):
    """The token's tilde may come as GSM 7-bit has it."""
    found = re.search(rb"(?:~|\x1b=)([0-9a-v]{13})", body) or re.search(rb"\x00~((?:\x00[0-9a-v]){13})", body)
    return int(found.group(1).replace(b"\x00", b"").decode(), 32) if found else None


def part_of(esm_class, body):
    """(part, parts) of a message, from its concatenation header; (1, 1) without one."""
    if esm_class & 0x40 and body:
        at, end = 1, 1 + body[0]
        while at + 1 < end:
            element, length = body[at], body[at + 1]
            if element in (0x00, 0x08) and length in (3, 4):
                return body[at + 1 + length], body[at + length]
            at += 2 + length
    return 1, 1


def read_operator(path):
    """Yields (time in microseconds, destination, part, parts, token of the first part) of every message received."""
    if not path.exists():
        return
    with open(path, encoding="ascii") as lines:
        for line in lines:
            time, _, _, _, destination, esm_class, _, body_hex = line.rstrip("\n").split("\t")
            body = bytes.fromhex(body_hex)
            part, parts = part_of(int(esm_class), body)
            yield int(time), destination, part, parts, token_of(body) if part == 1 else None


def read_customer(paths):
    accepted, receipts, inbound = {}, collections.defaultdict(collections.Counter), collections.Counter()
    for path in paths:
        for line in path.read_text().splitlines() if path.exists() else ():
            kind, *fields = line.split("\t")
            if kind == "A":
                accepted[int(fields[0])] = fields[1].lower()
            elif kind == "R":
                receipts[fields[0].lower()][fields[1]] += 1
            elif kind == "I":
                inbound[fields[0]] += 1
    return accepted, receipts, inbound


class Histories:
    """All that was seen while one state folder was used."""

    def __init__(self, customers, operator_logs, kills, more_receipts=(), inbound_log=None, flagged=0):
        self.customers = customers
        self.kills = kills
        self.report = Report()
        self.seen = collections.defaultdict(lambda: collections.defaultdict(list))  # destination -> part -> times
        self.parts = {}
        self.inbound_log = inbound_log
        self.more = list(more_receipts)
        self.report["kills"] = len(kills)
        self.report["flagged"] = flagged
        by_prefix = {customer.prefix: customer for customer in customers}
        for path in operator_logs:
            for time, destination, part, parts, token in read_operator(path):
                self.seen[destination][part].append(time)
                self.parts[destination] = parts
                customer = by_prefix.get(destination[:-NUMBER_DIGITS])
                number = int(destination[-NUMBER_DIGITS:])
                known = customer and number < customer.submitted
                if not known or (part == 1 and token != (customer.seed << 40 | number)):
                    self.fail("unexpected", f"the operator got {destination}, token {token}: nobody sent that")

    def fail(self, word, sentence):
        self.report[word] += 1
        self.report.wrong.append(sentence)

    def judge(self):
        inbound = collections.Counter()
        for customer in self.customers:
            accepted, receipts, heard = read_customer([customer.path, *self.more])
            inbound += heard if customer is self.customers[0] else {}
            self.judge_messages(customer, accepted, receipts)
        self.judge_duplicates()
        self.judge_inbound(inbound)
        return self.report

    def judge_messages(self, customer, accepted, receipts):
        report = self.report
        report["attempted"] += customer.submitted
        accepted = {token: given for token, given in accepted.items() if token >> 40 == customer.seed}
        report["acknowledged"] += len(accepted)
        for token, given in accepted.items():
            name = f"{customer.name} {token & (1 << 40) - 1} (id {given})"
            destination = f"{customer.prefix}{token & (1 << 40) - 1:0{NUMBER_DIGITS}d}"
            arrived = destination in self.seen and len(self.seen[destination]) == self.parts[destination]
            words = receipts.get(given, {})
            unknown = customer.at_most_once and words.get("UNKNOWN", 0) > 0
            report["unknown"] += 1 if unknown else 0
            if arrived or unknown:
                report["ok"] += 1
            else:
                self.fail("lost", f"{name} was accepted, and the operator never got all of it")
            if not customer.receipts:
                continue
            report["receipts"] += 1 if words else 0
            report["receipts_repeated"] += max(0, sum(words.values()) - 1)
            if not words:
                self.fail("receipts_lost", f"{name} was accepted and got no receipt")
            for word in words:
                if word != "DELIVRD" and not (word == "UNKNOWN" and customer.at_most_once):
                    self.fail("receipts_wrong", f"{name} was delivered, and a receipt says {word}")
        numbers = {token & (1 << 40) - 1 for token in accepted}
        report["recovered"] += sum(1 for destination in self.seen if destination[:-NUMBER_DIGITS] == customer.prefix
                                   and int(destination[-NUMBER_DIGITS:]) not in numbers)

    def judge_duplicates(self):
        """Each repeat belongs to the first kill after the copy before it: that one left it in doubt. An operator that had no
        time to read stamps what it got from a dead gateway late: then it is the kill before."""
        once = {customer.prefix for customer in self.customers if customer.at_most_once}
        times = [kill.at for kill in self.kills]
        after = collections.Counter()
        resent = set()  # messages, once for each kill: the log has one line for all parts of one
        for destination, parts in self.seen.items():
            for sent in parts.values():
                ordered = sorted(sent)
                for earlier, later in zip(ordered, ordered[1:]):
                    kill = bisect.bisect_left(times, earlier)
                    between = kill < len(times) and times[kill] <= later
                    if not between and kill > 0 and earlier - times[kill - 1] < READ_LATE_US:
                        kill -= 1
                    after[kill] += 1
                    resent.add((destination, kill))
                    self.report["duplicated"] += 1
                    if destination[:-NUMBER_DIGITS] in once:
                        self.fail("unexpected", f"{destination} is at_most_once and came twice")
                    if kill == len(times):
                        self.fail("unexpected", f"{destination} came twice, and nothing was killed in between")
        self.report["duplicated_bound"] = sum(kill.bound for kill in self.kills)
        for index, count in after.items():
            bound = self.kills[index].bound if index < len(self.kills) else 0
            if count > self.report.duplicated_largest:
                self.report.duplicated_largest, self.report.largest_bound = count, bound
            if count > bound:
                self.report.wrong.append(f"{count} duplicates after kill {index}, the bound is {bound}")
        self.report["duplicated_messages"] = len(resent)
        if len(resent) > self.report["flagged"]:
            self.report.wrong.append(f"{len(resent)} messages came twice, {self.report['flagged']} were flagged as resent")

    def judge_inbound(self, heard):
        if self.inbound_log is None or not self.inbound_log.exists():
            return
        acknowledged = self.inbound_log.read_text().split()
        self.report["inbound_acknowledged"] = len(acknowledged)
        self.report["inbound_repeated"] = sum(count - 1 for count in heard.values())
        for sender in acknowledged:
            if heard[sender] == 0:
                self.fail("inbound_lost", f"the message from {sender} was acknowledged and reached no customer")


def rule_of_three(events, what, whom="a message"):
    """What none seen in so many says about the next one."""
    return (f"0 lost in {events} {what}: with 95 % confidence fewer than {100 * 3 / max(1, events):.2g} % of {what} lose "
            f"{whom} (rule of three)")
