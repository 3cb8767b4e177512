"""The Merkle tree hash of RFC 9162 §2.1.1, over leaves given in order. Used by the file manifest and the log. Pure."""

import hashlib
from collections.abc import Iterable

EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 ‖ entry): 32 bytes."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right) of two 32-byte hashes: 32 bytes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root_hash(entries: Iterable[bytes]) -> bytes:
    """MTH of the entries (RFC 9162 §2.1.1): 32 bytes; the hash of the empty string for none. O(log n) memory."""
    sha256 = hashlib.sha256
    stack: list[bytes] = []  # of perfect subtrees, the highest first: the ones of the count in binary say how high
    for count, entry in enumerate(entries):
        current = sha256(b"\x00" + entry).digest()
        while count & 1:
            current = sha256(b"\x01" + stack.pop() + current).digest()
            count >>= 1  # noqa: PLW2901
        stack.append(current)
    if not stack:
        return EMPTY_ROOT
    root = stack.pop()
    while stack:
        root = node_hash(stack.pop(), root)
    return root
