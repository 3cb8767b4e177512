"""in-toto Statements v1 (in-toto/attestation, spec/v1/statement.md): what a signed payload says about which digests. Pure.

Every subject must carry a digest. Parse only what a signature was verified over.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pratique.attest.members import as_list, as_object, as_text
from pratique.attest.strictjson import dump_json, load_json
from pratique.errors import Malformed
from pratique.model.digest import Digest, is_digest

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
_TYPES_READ = (STATEMENT_TYPE, "https://in-toto.io/Statement/v0.1")  # of the same form; much was signed with the older one
MAX_SUBJECTS = 10_000
_LARGE = 32 * 1024

_OWN_SPELLING = ("dirHash", "goModuleH1")
_HEX = re.compile(r"(?:[0-9a-f]{2})+")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementSubject:
    """One thing a statement is about. `digest`: algorithm → lower-case hex, at least one. `name`: for people, may be "".

    `annotations`: what the signer adds about this subject (spec/v1/resource_descriptor.md), of that the texts.
    """

    name: str = ""
    digest: Mapping[str, str]
    annotations: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, digest: Digest, annotations: Mapping[str, str] | None = None) -> "StatementSubject":
        """A subject named by a content digest."""
        return cls(name=name, digest={digest.algorithm: digest.hex}, annotations=annotations or {})


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementHead:
    """What a statement is about and of which type it is, without what it says."""

    subjects: tuple[StatementSubject, ...]
    predicate_type: str

    @property
    def digests(self) -> frozenset[Digest]:
        """All subjects' digests by which artifacts are named here (sha256, sha512)."""
        spelled = (f"{algorithm}:{value}" for subject in self.subjects for algorithm, value in subject.digest.items())
        return frozenset(Digest(text) for text in spelled if is_digest(text))

    @property
    def annotations(self) -> Mapping[Digest, Mapping[str, str]]:
        """What is added about the subjects of each digest."""
        notes: dict[Digest, dict[str, str]] = {}
        for subject in self.subjects:
            for algorithm, value in subject.digest.items():
                if subject.annotations and is_digest(f"{algorithm}:{value}"):
                    notes.setdefault(Digest(f"{algorithm}:{value}"), {}).update(subject.annotations)
        return notes

    def is_about(self, known: Callable[[str, int], bytes | None]) -> bool:
        """Whether a subject is the artifact whose digests `known` tells: of an algorithm's name and a digest's size in bytes, the
        digest, or None for what it cannot tell or what is too weak to name anything.

        A subject with several digests is one artifact (spec/v1/digest_set.md): one of them must be equal, and none may differ.
        """
        return any(_same_artifact(subject, known) for subject in self.subjects)


def _same_artifact(subject: StatementSubject, known: Callable[[str, int], bytes | None]) -> bool:
    pairs = [(known(name, len(value) // 2), value) for name, value in subject.digest.items()]
    told = [found.hex() == value for found, value in pairs if found is not None]
    return bool(told) and all(told)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement(StatementHead):
    """A parsed statement. `predicate` is as it stood in the payload; the module of its type reads it."""

    predicate: Mapping[str, Any] = field(default_factory=dict)


def render_statement(*, subjects: Iterable[StatementSubject], predicate_type: str, predicate: Mapping[str, Any]) -> bytes:
    """The payload to sign: compact JSON with sorted members, the same bytes for the same values. Raises Malformed."""
    rows = []
    for subject in subjects:
        digest = _checked_digest(dict(subject.digest), f"subject {subject.name!r}")
        row: dict[str, Any] = {"digest": digest}
        if subject.name:
            row["name"] = subject.name
        if subject.annotations:
            row["annotations"] = dict(subject.annotations)
        rows.append(row)
    if not rows:
        raise Malformed("statement without a subject")
    if not predicate_type:
        raise Malformed("statement without a predicate type")
    return dump_json({"_type": STATEMENT_TYPE, "subject": rows, "predicateType": predicate_type, "predicate": predicate})


def parse_statement(payload: bytes) -> Statement:
    """Read a payload whose signature was verified. At most 256 MiB, nested at most 64 deep. Raises Malformed, LimitExceeded."""
    members = as_object(load_json(payload, what="statement"), "statement")
    head = _head(members)
    predicate = as_object(members.get("predicate", {}), "predicate")
    return Statement(subjects=head.subjects, predicate_type=head.predicate_type, predicate=predicate)


def parse_head(payload: bytes) -> StatementHead:
    """Read all of a payload but its predicate, in a fraction of the time. Raises as `parse_statement`, but for the predicate."""
    if len(payload) < _LARGE:
        return parse_statement(payload)
    return _head(as_object(load_json(_without_predicate(payload), what="statement"), "statement"))


def _without_predicate(payload: bytes) -> bytes:
    """The payload with {} for its predicate: of two predicates one is left, and found to be named twice."""
    import msgspec

    try:
        raw = msgspec.json.decode(payload, type=dict[str, msgspec.Raw]).get("predicate", msgspec.Raw(b""))
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Malformed("statement is not JSON") from error
    predicate = bytes(raw)
    if not predicate:
        return payload
    at = payload.find(predicate)
    return payload[:at] + b"{}" + payload[at + len(predicate) :]


def _head(members: Mapping[str, Any]) -> StatementHead:
    if members.get("_type") not in _TYPES_READ:
        raise Malformed(f"not an in-toto statement v1: _type is {str(members.get('_type'))[:80]!r}")
    subjects = []
    for number, item in enumerate(as_list(members.get("subject"), "subject", limit=MAX_SUBJECTS)):
        where = f"subject[{number}]"
        entry = as_object(item, where)
        name = as_text(entry.get("name", ""), f"{where}.name")
        notes = entry.get("annotations") or {}
        if not isinstance(notes, dict):
            raise Malformed(f"{where}.annotations is not an object")
        notes = {key: text for key, text in notes.items() if isinstance(text, str)}
        subjects.append(StatementSubject(name=name, digest=_checked_digest(entry.get("digest"), where), annotations=notes))
    if not subjects:
        raise Malformed("statement without a subject")
    predicate_type = as_text(members.get("predicateType"), "predicateType")
    if not predicate_type:
        raise Malformed("statement without a predicate type")
    return StatementHead(subjects=tuple(subjects), predicate_type=predicate_type)


def _checked_digest(value: Any, where: str) -> dict[str, str]:
    # Digest sets (spec/v1/digest_set.md): algorithm names are the reader's; values are lower-case hex, unless the algorithm's
    # own text says otherwise, as for directories and Go modules, which are compared with nothing here.
    if not isinstance(value, dict) or not value:
        raise Malformed(f"{where} has no digest")
    for algorithm, digits in value.items():
        if not isinstance(algorithm, str) or not algorithm or not isinstance(digits, str) or not digits:
            raise Malformed(f"{where} has a digest that is no text")
        if not _HEX.fullmatch(digits) and not algorithm.startswith(_OWN_SPELLING):
            raise Malformed(f"{where} has a digest that is not lower-case hex")
        if algorithm in ("sha256", "sha512") and not is_digest(f"{algorithm}:{digits}"):
            raise Malformed(f"{where} has a {algorithm} digest of the wrong length")
    return value
