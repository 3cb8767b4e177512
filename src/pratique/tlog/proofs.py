"""Inclusion and consistency proofs (RFC 9162 §2.1.3, §2.1.4): made from a reader of subtree hashes, and verified. Pure.

Verifiers refuse size 0 and hashes that are not 32 bytes, where several in the field did not.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pratique.errors import InputError, ProofInvalid
from pratique.model.merkle import node_hash

HashReader = Callable[[int, int], bytes]
"""`read(height, index)`: the 32-byte hash of the perfect subtree of 2^height leaves that begins at leaf index·2^height."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MerkleProof:
    """That an entry is in the log. `index`: zero-based, < `size`; `root`, `hashes`: 32 bytes each, the lowest hash first.

    `checkpoint`: the signed note of exactly this size and root.
    """

    index: int
    size: int
    root: bytes
    hashes: tuple[bytes, ...]
    checkpoint: str


def range_root(read: HashReader, start: int, end: int) -> bytes:
    """MTH of the leaves from `start` up to `end` (RFC 9162 §2.1.1); `start` aligned to the range's largest subtree."""
    count = end - start
    if count & (count - 1) == 0:
        height = count.bit_length() - 1
        return read(height, start >> height)
    split = start + _split(count)
    return node_hash(range_root(read, start, split), range_root(read, split, end))


def inclusion_proof(read: HashReader, index: int, size: int) -> tuple[bytes, ...]:
    """PATH(index, D_size) (§2.1.3.1). Raises InputError for an index that is not in a log of this size."""
    if not 0 <= index < size:
        raise InputError(f"no entry {index} in a log of {size}")
    hashes: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        split = start + _split(end - start)
        if index < split:
            hashes.append(range_root(read, split, end))
            end = split
        else:
            hashes.append(range_root(read, start, split))
            start = split
    return tuple(reversed(hashes))


def consistency_proof(read: HashReader, first: int, second: int) -> tuple[bytes, ...]:
    """PROOF(first, D_second) (§2.1.4.1); empty when the sizes are equal. Raises InputError unless 0 < first ≤ second."""
    if not 0 < first <= second:
        raise InputError(f"no consistency proof from size {first} to {second}")
    hashes: list[bytes] = []
    start, end, known = 0, second, True  # known: the verifier has the root of what remains of the first tree
    while first != end:
        split = start + _split(end - start)
        if first <= split:
            hashes.append(range_root(read, split, end))
            end = split
        else:
            hashes.append(range_root(read, start, split))
            start, known = split, False
    if not known:
        hashes.append(range_root(read, start, end))
    return tuple(reversed(hashes))


def verify_inclusion(leaf_hash: bytes, index: int, size: int, hashes: Sequence[bytes], root: bytes) -> None:
    """Check that a leaf is in the tree (§2.1.3.2). `leaf_hash`: SHA-256(0x00 ‖ entry). O(log size). Raises ProofInvalid."""
    _check_lengths(leaf_hash, root, *hashes)
    if size <= 0 or not 0 <= index < size:
        raise ProofInvalid(f"inclusion proof for entry {index} of a log of {size}")
    node, last, current = index, size - 1, leaf_hash
    for sibling in hashes:
        if last == 0:
            raise ProofInvalid(f"inclusion proof of entry {index} has too many hashes")
        if node & 1 or node == last:
            current = node_hash(sibling, current)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            current = node_hash(current, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofInvalid(f"inclusion proof of entry {index} has too few hashes")
    if current != root:
        raise ProofInvalid(f"inclusion proof of entry {index} comes to another root than the log's at size {size}")


def verify_consistency_proof(first: int, second: int, first_root: bytes, second_root: bytes, hashes: Sequence[bytes]) -> None:
    """Check that the tree of size `first` is the beginning of that of size `second` (§2.1.4.2). Raises ProofInvalid."""
    _check_lengths(first_root, second_root, *hashes)
    if not 0 < first <= second:
        raise ProofInvalid(f"consistency proof from size {first} to {second}")
    if first == second:
        if hashes or first_root != second_root:
            raise ProofInvalid(f"two different trees of size {first}")
        return
    path = [first_root, *hashes] if first & (first - 1) == 0 else list(hashes)
    if not hashes or not path:
        raise ProofInvalid("consistency proof has too few hashes")
    node, last = first - 1, second - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old = new = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProofInvalid("consistency proof has too many hashes")
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            new = node_hash(new, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise ProofInvalid("consistency proof has too few hashes")
    if old != first_root or new != second_root:
        raise ProofInvalid(f"the log of size {second} does not continue the log of size {first}")


def _split(count: int) -> int:
    """The largest power of two smaller than `count` (§2.1.1)."""
    return 1 << ((count - 1).bit_length() - 1)


def _check_lengths(*hashes: bytes) -> None:
    for value in hashes:
        if len(value) != 32:
            raise ProofInvalid(f"proof holds a hash of {len(value)} bytes, not 32")
