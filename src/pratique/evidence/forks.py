"""Logs that were forked, as far as the evidence at hand proves it. Pure.

A log that signed two trees of one size, or gave one number to two entries, told two readers different things: neither bundle
proves anything then. Checkpoints of different sizes say nothing about each other without a consistency proof, and nothing is said
of them.
"""

from collections.abc import Iterable

from pratique.model import Digest
from pratique.model.signer import ProvenTree

MAX_ORIGIN = 120  # characters that are repeated to people


def find_forks(proven: Iterable[tuple[Digest, ProvenTree]]) -> dict[Digest, str]:
    """Which bundles contradict another, each with a line that names both. `proven`: bundles, with the trees that prove them."""
    told: dict[Digest, str] = {}
    known: dict[tuple[str, str, str, int], tuple[Digest, bytes]] = {}
    for bundle, tree in proven:
        for what, number, value in (("tree", tree.size, tree.root), ("entry", tree.index, tree.leaf)):
            other, seen = known.setdefault((tree.key, tree.origin, what, number), (bundle, value))
            if seen != value:
                said = f"two trees of {number} entries" if what == "tree" else f"two entries with the number {number}"
                line = f"the log {tree.origin[:MAX_ORIGIN]} was forked: it has {said}, by the bundles {other} and {bundle}"
                told.setdefault(bundle, line)
                told.setdefault(other, line)
    return told
