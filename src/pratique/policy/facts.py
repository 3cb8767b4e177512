"""What is known about one artifact when a policy is asked: verified pieces of evidence, and what could not be had. Pure.

Facts hold only what a policy may rely on: a piece whose signature, log proof or subject failed carries its cause and no
content that a requirement could read.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pratique.lexicon.text import clean
from pratique.model import Cause, Digest, FileManifest
from pratique.model.signer import Signed


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One signature or attestation found beside the artifact.

    `cause`: NONE when verified. `authority`: who said it, by the policy's names; empty unless verified; `in_place`: named there
    and not by a trust. `form`: in which form.
    `said`: reads what was said, and nothing unless verified; a large statement is not parsed before somebody asks. `signed`: who
    signed, and the times and log places that were proven. `unproven`: the log entries that prove nothing here, each with the
    reason. `wanted`: URLs of revocation servers whose answers are needed before it can be verified, or may prove an earlier time.
    `about`: the index that leads to the artifact, where it is said about that. `unread`: nobody looked at it, for a limit was
    reached: it may have been any evidence. `lost`: it is attached, and its place does not hand it out as it was attached.
    """

    bundle: Digest
    predicate_type: str
    cause: Cause
    detail: str = ""
    authority: str = ""
    form: str = ""
    in_place: bool = False
    said: Callable[[], Mapping[str, Any]] = field(default=dict, compare=False)
    signed: Signed | None = None
    unproven: tuple[str, ...] = ()
    wanted: tuple[str, ...] = ()
    about: Digest | None = None
    unread: bool = False
    lost: bool = False

    @property
    def predicate(self) -> Mapping[str, Any]:
        """What was said; empty unless verified. Raises Malformed, LimitExceeded when signed bytes are no statement."""
        return self.said()

    @property
    def log_index(self) -> int | None:
        """Its place in a transparency log, the first of several; None when none is proven."""
        return self.signed.places[0].index if self.signed is not None and self.signed.places else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentFacts:
    """What an SBOM says of one component, as it is written there. `name`: with its group. `kind`: in CycloneDX's words, or "".

    `licences`: identifiers, names or expressions, all of which hold: declared and concluded, and those found in files where
    nothing else is said.
    """

    purl: str = ""
    name: str = ""
    version: str = ""
    kind: str = ""
    cpes: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """What to call it in a line of text: its package URL, or its name and version, on one line."""
        return (
            clean(self.purl, 200)
            or clean(f"{self.name}@{self.version}" if self.version else self.name, 200)
            or "a component without a name"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SbomFacts:
    """What a verified SBOM says, compared with the file manifest that it names and, where bytes were read, with those.

    `bundle`: the piece it came in; `authority` vouches for it. `cause`: NONE when nothing contradicts it. `bound`: it names a
    file manifest, and that agrees; an SBOM that names none, as other tools make them, proves nothing about bytes.
    `components`: all of them, whatever they are nested in, and what the SBOM is about. `licence_names`: what the SBOM says of
    names that are no SPDX identifiers: further names, addresses, the beginning of a text. `unread`: why components could not be
    read, "" where they were.
    """

    bundle: Digest
    authority: str
    cause: Cause
    detail: str
    bound: bool = False
    components: tuple[ComponentFacts, ...] = ()
    licence_names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unread: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestFacts:
    """A verified file manifest, compared with the files where those were read. `manifest`: None where it cannot be read.

    `about`: as in `Piece`.
    """

    bundle: Digest
    authority: str
    cause: Cause
    detail: str
    manifest: FileManifest | None = None
    about: Digest | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Whether the several authorities that a trust asks for agree on a kind of statement. `cause`: NONE when they do."""

    predicate_type: str
    cause: Cause
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything gathered about one digest. `gathering`: NONE, or why a place of evidence could not be asked.

    A claim that too few authorities made is no verified piece: there is nothing here that a reader could take it from.
    """

    subject: Digest
    subject_name: str
    pieces: tuple[Piece, ...]
    sboms: tuple[SbomFacts, ...] = ()
    manifests: tuple[ManifestFacts, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    gathering: Cause = Cause.NONE
    gathering_detail: str = ""

    @property
    def wanted(self) -> tuple[str, ...]:
        """URLs of revocation servers that are still to be asked."""
        return tuple(dict.fromkeys(url for piece in self.pieces for url in piece.wanted))

    def of_type(self, *predicate_types: str) -> tuple[Piece, ...]:
        """Pieces of these types, verified or not. A broken piece whose type could not be read counts for every type."""
        return tuple(piece for piece in self.pieces if piece.predicate_type in predicate_types or not piece.predicate_type)
