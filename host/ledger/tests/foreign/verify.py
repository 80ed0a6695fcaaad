#!/usr/bin/env python3
"""Verifies a ledger without any code of Belljar.

usage: verify.py FOLDER [KEY]

Reads `ledger.jsonl` and the checkpoints in FOLDER. Prints the size, the root in Base64 and `ok`,
and exits with 0, if the checkpoint is signed by the key that the lines name and covers exactly
these lines, and each change of the key is signed by both keys. Otherwise it says why not on
standard error and exits with 1. With KEY (`ed25519:` and 64 hexadecimal digits), one of the keys
of the ledger must be this one.

The Merkle tree is that of the package pymerkle; Ed25519 is written down here from RFC 8032.
"""

import base64
import hashlib
import json
import pathlib
import sys

from pymerkle import InmemoryTree


class Wrong(Exception):
    """The ledger is not what it should be."""


# Ed25519: points of the curve -x^2 + y^2 = 1 + d x^2 y^2 over the integers modulo P.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def add(one, other):
    (x1, y1), (x2, y2) = one, other
    product = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P
    return x, y


def times(number, point):
    result = (0, 1)
    while number:
        if number & 1:
            result = add(result, point)
        point = add(point, point)
        number >>= 1
    return result


def point(data):
    """Reads a point from 32 bytes: y, and in the highest bit whether x is odd."""
    number = int.from_bytes(data, "little")
    is_odd, y = number >> 255, number & (2**255 - 1)
    if y >= P:
        raise Wrong("a point of the signature is malformed")
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and is_odd):
        raise Wrong("a point of the signature is malformed")
    return (P - x if x & 1 != is_odd else x), y


BASE = point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def has_signed(key, text, signature):
    scalar = int.from_bytes(signature[32:], "little")
    if scalar >= ORDER:
        return False
    hashed = hashlib.sha512(signature[:32] + key + text).digest()
    hashed = int.from_bytes(hashed, "little") % ORDER
    return times(scalar, BASE) == add(point(signature[:32]), times(hashed, point(key)))


class Checkpoint:
    """A C2SP tlog-checkpoint."""

    def __init__(self, data):
        head, _, signatures = data.decode().rpartition("\n\n")
        self.text = (head + "\n").encode()
        self.origin, size, root = head.split("\n")[:3]
        self.size, self.root = int(size), base64.b64decode(root, validate=True)
        self.signatures = []
        for line in signatures.splitlines():
            dash, name, signed = line.split(" ")
            if dash != "\u2014":
                raise ValueError("a signature begins with a dash")
            self.signatures.append((name, base64.b64decode(signed, validate=True)))

    def is_signed_by(self, key):
        key_hash = hashlib.sha256(self.origin.encode() + b"\n\x01" + key).digest()[:4]
        return any(
            name == self.origin and signed[:4] == key_hash and has_signed(key, self.text, signed[4:])
            for name, signed in self.signatures
        )


def checkpoint(path):
    """The checkpoint in a file, or None if none is there or it is unreadable."""
    try:
        return Checkpoint(path.read_bytes())
    except (OSError, ValueError):
        return None


def key_bytes(text):
    kind, _, digits = text.partition(":")
    if kind != "ed25519" or len(digits) != 64:
        raise Wrong(f"{text!r} is no key")
    return bytes.fromhex(digits)


def keys_of(lines):
    """The origin, and each key with the number of lines before the one that names it."""
    keys, origin = [], None
    for seq, line in enumerate(lines):
        event = json.loads(line)
        if event["seq"] != seq:
            raise Wrong(f"line {seq + 1}: seq is {event['seq']}")
        if (event["type"] == "ledger-opened") != (seq == 0):
            raise Wrong(f"line {seq + 1}: a ledger begins with ledger-opened, and only there")
        if seq == 0:
            origin = event["origin"]
            keys.append((0, key_bytes(event["key"])))
        elif event["type"] == "key-changed":
            if key_bytes(event["old"]) != keys[-1][1]:
                raise Wrong(f"line {seq + 1}: another key is changed than that of the ledger")
            keys.append((seq, key_bytes(event["new"])))
    return origin, keys


def signers(keys, size):
    """Who must have signed a checkpoint of this size."""
    before = [key for named, key in keys if named < size - 1] or [keys[0][1]]
    until = [key for named, key in keys if named < size] or [keys[0][1]]
    return {before[-1], until[-1]}


def verify(folder, expected):
    data = (folder / "ledger.jsonl").read_bytes()
    if not data.endswith(b"\n"):
        raise Wrong("the last line is not complete")
    lines = data[:-1].split(b"\n")
    origin, keys = keys_of(lines)
    if expected is not None and all(key != expected for _, key in keys):
        raise Wrong("the ledger is not of the expected key")
    tree = InmemoryTree.init_from_entries(lines, algorithm="sha256")

    def check(found, what):
        if found is None or found.origin != origin:
            raise Wrong(f"{what} is missing, unreadable or of another log")
        if not all(found.is_signed_by(key) for key in signers(keys, found.size)):
            raise Wrong(f"{what} is not signed by the key of the ledger")
        if found.size > len(lines):
            raise Wrong(f"{what} covers {found.size} lines, but {len(lines)} are there")
        if found.size and tree.get_root(found.size) != found.root:
            raise Wrong(f"{what} covers other lines than those that are there")

    slots = []
    for name in ("checkpoint.0", "checkpoint.1"):
        slots.append(checkpoint(folder / name))
        check(slots[-1], name)
    best = max(slots, key=lambda slot: slot.size)
    if best.size != len(lines):
        raise Wrong(f"{len(lines) - best.size} lines at the end are covered by no checkpoint")
    for size in (named + 1 for named, _ in keys[1:]):
        kept = [found for found in slots if found.size == size]
        kept = kept[0] if kept else checkpoint(folder / f"rotation-{size}.checkpoint")
        check(kept, f"the checkpoint of the change of the key at {size}")
        if kept.size != size:
            raise Wrong(f"the change of the key at {size} is not proved")
    return best.size, base64.b64encode(best.root).decode()


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    try:
        expected = key_bytes(sys.argv[2]) if len(sys.argv) == 3 else None
        size, root = verify(pathlib.Path(sys.argv[1]), expected)
    except (Wrong, OSError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"not ok: {error}")
    print(size, root, "ok")


if __name__ == "__main__":
    main()
