"""What is known about one artifact when a policy is asked: verified pieces of evidence, and what could not be had. Pure.

Facts hold only what a policy may rely on: a piece whose signature, log proof or subject failed carries its cause and no
content that a requirement could read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pratique.model import Cause, Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One attestation found beside the artifact.

    `cause`: NONE when verified. `authority`: who said it, by the policy's names; empty unless verified.
    `predicate`: what was said; empty unless verified. `log_index`: place in the transparency log, None when not proven.
    """

    bundle: Digest
    predicate_type: str
    cause: Cause
    detail: str = ""
    authority: str = ""
    keyid: str = ""
    predicate: Mapping[str, Any] = field(default_factory=dict)
    log_index: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SbomFacts:
    """What the verified SBOM and file manifest say, compared with each other and, where bytes were read, with those.

    `components`: (purl, licences). `authority` vouches for the SBOM. `cause`: NONE when SBOM, manifest and bytes agree.
    `compared_bytes`: whether the artifact's own bytes were part of the comparison.
    """

    authority: str
    cause: Cause
    detail: str
    components: tuple[tuple[str, tuple[str, ...]], ...] = ()
    compared_bytes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything gathered about one digest. `gathering`: NONE, or why evidence as such could not be asked for."""

    subject: Digest
    subject_name: str
    pieces: tuple[Piece, ...]
    sboms: tuple[SbomFacts, ...] = ()
    gathering: Cause = Cause.NONE
    gathering_detail: str = ""

    def of_type(self, *predicate_types: str) -> tuple[Piece, ...]:
        """Pieces of these types, verified or not. A broken piece whose type could not be read counts for every type."""
        return tuple(piece for piece in self.pieces if piece.predicate_type in predicate_types or not piece.predicate_type)
