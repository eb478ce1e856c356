# SPDX-License-Identifier: Apache-2.0
"""PDUs as octets, for tests that speak SMPP by hand: right ones, and wrong ones."""
import struct

RESP = 0x80000000
BIND_RECEIVER, BIND_TRANSMITTER, BIND_TRANSCEIVER, BIND_TRANSCEIVER_RESP = 0x01, 0x02, 0x09, 0x80000009
SUBMIT_SM, SUBMIT_SM_RESP, DELIVER_SM, DELIVER_SM_RESP = 0x04, 0x80000004, 0x05, 0x80000005


def pdu(command, body=b"", sequence=1, status=0, length=None):
    """One PDU; `length` says what its command_length claims, if not the truth."""
    length = 16 + len(body) if length is None else length
    return struct.pack(">IIII", length, command, status, sequence) + body


def bind_body(name, version=0x34):
    """system_id and password are both `name`, as in gateway.config()."""
    return f"{name}\0{name}\0\0".encode() + bytes([version, 0, 0, 0])


def pop(pending):
    """(command, status, sequence, body) of the first PDU and the octets behind it, or None and all of them."""
    if len(pending) < 16 or len(pending) < struct.unpack(">I", pending[:4])[0]:
        return None, pending
    length, command, status, sequence = struct.unpack(">IIII", pending[:16])
    return (command, status, sequence, pending[16:length]), pending[length:]
