"""Files that hold bundles, one or several, in the forms that tools leave beside what they sign. Pure; nothing is verified.

    FILE.sigstore.json, FILE.sigstore          a Sigstore bundle (sigstore-python, gh, cosign 3)
    FILE.bundle                                a Sigstore bundle, or what `cosign sign-blob --bundle` wrote before
    FILE.intoto.jsonl, FILE.sigstore.jsonl     one a line: bundles, or bare DSSE envelopes (in-toto, spec/v1/bundle.md)

Registries of packages and GitHub answer with an object whose `attestations` hold bundles; a list of bundles is read too. Each
part keeps its bytes as they came, for they are what is signed, logged and revoked.
"""

from dataclasses import dataclass
from enum import StrEnum

from pratique.attest.bundle import MAX_BUNDLE_SIZE
from pratique.errors import LimitExceeded, Malformed

SUFFIXES = (".sigstore.json", ".sigstore", ".bundle", ".intoto.jsonl", ".sigstore.jsonl")
MAX_PARTS = 1_000


class PartKind(StrEnum):
    """What one part is, told by the members that only it has."""

    BUNDLE = "bundle"
    ENVELOPE = "envelope"
    COSIGN = "cosign"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class BundlePart:
    """One signed thing of a file. `data`: its JSON as it stands there."""

    kind: PartKind
    data: bytes


def split_bundles(data: bytes) -> tuple[BundlePart, ...]:
    """The parts of a file, in their order. Raises Malformed for what is no JSON or holds nothing, LimitExceeded."""
    if len(data) > MAX_BUNDLE_SIZE:
        raise LimitExceeded(f"a file of {len(data)} bytes, more than the limit of {MAX_BUNDLE_SIZE}")
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        found = _values(data)
    except Malformed:
        lines = [line for line in data.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
        _check_count(len(lines))
        found = [item for line in lines for item in _values(line)]
    _check_count(len(found))
    if not found:
        raise Malformed("no bundle in the file")
    return tuple(BundlePart(kind=_kind(item), data=item) for item in found)


def looks_like_json(data: bytes) -> bool:
    """Whether a file begins as JSON objects and lists do: `.bundle` is the name of many things."""
    return data.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


def _check_count(count: int) -> None:
    if count > MAX_PARTS:
        raise LimitExceeded(f"{count} bundles in one file, at most {MAX_PARTS} are read")


def _values(data: bytes) -> list[bytes]:
    """The objects that one JSON value holds: itself, those of a list, or the bundles under `attestations`."""
    import msgspec

    try:
        if data.lstrip()[:1] == b"[":
            return [bytes(item).strip() for item in msgspec.json.decode(data, type=list[msgspec.Raw])]
        members = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        if "attestations" not in members:
            return [data.strip()]
        items = msgspec.json.decode(members["attestations"], type=list[dict[str, msgspec.Raw]])
        return [bytes(item["bundle"]).strip() for item in items if "bundle" in item]
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise Malformed("neither a bundle nor one a line", hint="expected JSON, as signers write it") from error


def _kind(data: bytes) -> PartKind:
    import msgspec

    try:
        members = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return PartKind.UNKNOWN
    if "mediaType" in members or "verificationMaterial" in members:
        return PartKind.BUNDLE
    if "base64Signature" in members:
        return PartKind.COSIGN
    return PartKind.ENVELOPE if "payloadType" in members else PartKind.UNKNOWN
