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
    stack: list[tuple[int, bytes]] = []  # (height, hash) of perfect subtrees, the highest first
    for entry in entries:
        height, current = 0, leaf_hash(entry)
        while stack and stack[-1][0] == height:
            current = node_hash(stack.pop()[1], current)
            height += 1
        stack.append((height, current))
    if not stack:
        return EMPTY_ROOT
    root = stack.pop()[1]
    while stack:
        root = node_hash(stack.pop()[1], root)
    return root
