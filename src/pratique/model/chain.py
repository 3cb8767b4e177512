"""Layer chains: one digest for a stack of layers (OCI image-spec, config.md, «Layer ChainID»). Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pratique.model.digest import Digest


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Base:
    """An image that others are built on: what it is called, and the digest of its manifest."""

    name: str
    digest: Digest


Bases = Mapping[Digest, Sequence[Base]]
"""Chain ID → the images that consist of just those layers; several where one differs from another in its configuration alone."""


def chain_ids(diff_ids: Sequence[Digest]) -> list[Digest]:
    """The chain ID of each layer with all below it. `diff_ids`: the lowest first. Time: linear."""
    chain: list[Digest] = []
    for diff_id in diff_ids:
        chain.append(Digest.of(f"{chain[-1]} {diff_id}".encode()) if chain else diff_id)
    return chain
