"""Signatures inside of Kubernetes manifests: a bundle in an annotation of each object that was signed. Pure.

Signed is a statement whose subjects are all objects of the file. An object's digest is the SHA-256 of its canonical JSON
(RFC 8785) without the annotation `pratique.dev/signature`, and without `metadata.annotations` if nothing else is in there.
The annotation is the bundle in base64, the same in each object; so an object can be verified alone, and a file shows which of
its objects are missing. Signing adds the annotation and leaves every other byte of the file as it was.

A list of objects is refused: clusters take it apart, and its signature with it. Signed is the file, not what a cluster makes of
it: what is applied gets defaults and further annotations.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pratique.attest.bundle import UnverifiedBundle, parse_bundle
from pratique.attest.kubernetes_yaml import Node, ValuePlace, read_documents
from pratique.attest.members import as_bytes
from pratique.attest.statement import Statement, StatementSubject, render_statement
from pratique.attest.strictjson import canonical_json
from pratique.errors import DigestMismatch, LimitExceeded, Malformed, NotFound
from pratique.model.digest import Digest
from pratique.model.predicates import KUBERNETES_OBJECTS

if TYPE_CHECKING:
    from pratique.attest.publickey import PublicKey
    from pratique.attest.sigstore.trusted_root import TrustedRoot
    from pratique.attest.sigstore.verify import Requirements
    from pratique.model.signer import Signed

ANNOTATION = "pratique.dev/signature"
MAX_ANNOTATION_SIZE = 192 * 1024  # a cluster allows 256 KiB for all annotations of an object
_CANONICAL_FORM = "RFC 8785"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestObject:
    """One object of a file. `name`: `apiVersion/kind/namespace/name`; `digest`: of its canonical form. `signature`: its
    annotation's bundle, b"" when there is none.
    """

    name: str
    digest: Digest
    signature: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedManifests:
    """A file all of whose objects are signed, by one statement, in `bundle`. `missing`: names of objects that were signed with
    them and are not in the file: each object holds, but the file is not whole.
    """

    bundle: UnverifiedBundle
    signed: "Signed"
    statement: Statement
    objects: tuple[ManifestObject, ...]
    missing: tuple[str, ...]


def parse_manifests(data: bytes) -> tuple[ManifestObject, ...]:
    """The objects of a file, at least one. Raises Malformed, LimitExceeded."""
    return tuple(_object(node) for node in _documents(data))


def mentions_signature(data: bytes) -> bool:
    """Whether the annotation's name stands anywhere in the file: then a file that cannot be read is broken, not unsigned."""
    return ANNOTATION.encode() in data


def draft_statement(data: bytes) -> bytes:
    """The payload to sign for a file: a statement about all of its objects. Raises Malformed, LimitExceeded."""
    objects = parse_manifests(data)
    digests = [item.digest for item in objects]
    if len(set(digests)) != len(digests):
        raise Malformed("the same object stands twice in the file")
    return render_statement(
        subjects=[StatementSubject.of(item.name, item.digest) for item in objects],
        predicate_type=KUBERNETES_OBJECTS,
        predicate={"canonicalForm": _CANONICAL_FORM, "without": ANNOTATION},
    )


def annotate(data: bytes, bundle: bytes) -> bytes:
    """The file with the bundle in each of its objects, and otherwise byte for byte as it was. Raises Malformed, LimitExceeded."""
    value = base64.b64encode(bundle).decode()
    if len(value) > MAX_ANNOTATION_SIZE:
        raise LimitExceeded(f"an annotation of {len(value)} bytes, more than a cluster takes", hint="sign fewer objects at once")
    before = parse_manifests(data)
    lines = data.decode("utf-8").split("\n")
    newline = "\r\n" if lines[0].endswith("\r") else "\n"
    edits = [_edit(node, value, newline) for node in _documents(data)]
    for start, end, text in sorted(edits, key=lambda edit: (edit[0].line, edit[0].column), reverse=True):
        _replace(lines, start, end, text)
    written = "\n".join(lines).encode("utf-8")
    # There are ways to write YAML that nobody uses and into which nothing can be put so simply.
    if _signed_objects(written) != [(item.digest, bundle) for item in before]:
        raise Malformed("the annotation cannot be put into this file", hint="write its metadata as plain lines of NAME: VALUE")
    return written


def _signed_objects(written: bytes) -> list[tuple[Digest, bytes]]:
    """Digest and annotation of each object; none of a file that is broken. Raises LimitExceeded."""
    try:
        return [(item.digest, item.signature) for item in parse_manifests(written)]
    except LimitExceeded:
        raise
    except Malformed:
        return []


def verify_manifests(
    data: bytes, root: "TrustedRoot", *, keys: "Mapping[str, PublicKey]", needs: "Requirements | None" = None
) -> SignedManifests:
    """Verify that each object of a file is signed, all by the same statement.

    `needs`: by default one log for a certificate, nothing but the key for a bare key. Raises NotFound when an object has no
    signature, Malformed, DigestMismatch when an object is not the one that was signed, and as
    `sigstore.verify.verify_attestation` does.
    """
    from pratique.attest.sigstore.verify import Requirements, verify_attestation

    objects = parse_manifests(data)
    bundle = _one_bundle(objects)
    found = verify_attestation(bundle, root, keys=keys, needs=needs or Requirements(logs=1 if bundle.certificates else 0))
    statement = found.statement()
    if statement.predicate_type != KUBERNETES_OBJECTS:
        raise Malformed(f"the annotation holds a statement of another type: {statement.predicate_type[:80]!r}")
    if statement.predicate != {"canonicalForm": _CANONICAL_FORM, "without": ANNOTATION}:
        raise Malformed("objects were signed in another canonical form")
    signed_digests = statement.digests
    for item in objects:
        if item.digest not in signed_digests:
            raise DigestMismatch(f"{item.name} is not the object that was signed")
    here = {item.digest for item in objects}
    missing = tuple(
        subject.name for subject in statement.subjects if Digest(f"sha256:{subject.digest.get('sha256')}") not in here
    )
    return SignedManifests(bundle=bundle, signed=found.signed, statement=statement, objects=objects, missing=missing)


def signed_together(data: bytes) -> UnverifiedBundle:
    """The one bundle in all objects of a file, unverified. Raises as `verify_manifests` does before it verifies."""
    return _one_bundle(parse_manifests(data))


def _one_bundle(objects: Sequence[ManifestObject]) -> UnverifiedBundle:
    for item in objects:
        if not item.signature:
            raise NotFound(f"{item.name} has no annotation {ANNOTATION}")
    if any(item.signature != objects[0].signature for item in objects):
        raise Malformed("the objects of the file were not signed together")
    return parse_bundle(objects[0].signature)


def _documents(data: bytes) -> list[Node]:
    nodes = read_documents(data)
    if not nodes:
        raise Malformed("no objects: the file is empty")
    return nodes


def _object(node: Node) -> ManifestObject:
    line = node.start.line + 1
    value = node.plain()
    if not isinstance(value, dict):
        raise Malformed(f"line {line}: no Kubernetes object")
    kind, version = (_text(value.get(name), f"line {line}: {name}") for name in ("kind", "apiVersion"))
    if kind.endswith("List") and isinstance(value.get("items"), list):
        raise Malformed(f"line {line}: a list of objects cannot be signed", hint="write each object as a document of its own")
    metadata = value.get("metadata")
    if not isinstance(metadata, dict):
        raise Malformed(f"line {line}: an object without metadata")
    name = _text(metadata.get("name") or metadata.get("generateName"), f"line {line}: metadata.name")
    namespace = metadata.get("namespace") or ""
    signature = _take_signature(metadata, line)
    return ManifestObject(
        name=f"{version}/{kind}/{namespace}/{name}",
        digest=Digest.of(canonical_json(value)),
        signature=signature,
    )


def _take_signature(metadata: dict[str, Any], line: int) -> bytes:
    """Take the annotation out of an object; b"" when there is none."""
    annotations = metadata.get("annotations")
    if annotations is None:
        return b""
    if not isinstance(annotations, dict):
        raise Malformed(f"line {line}: metadata.annotations is no mapping")
    found = annotations.pop(ANNOTATION, None)
    if not annotations:
        del metadata["annotations"]
    if found is None:
        return b""
    if isinstance(found, str) and len(found) > MAX_ANNOTATION_SIZE:
        raise LimitExceeded(f"line {line}: annotation {ANNOTATION} of more than {MAX_ANNOTATION_SIZE} bytes")
    return as_bytes(found, f"line {line}: annotation {ANNOTATION}")


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or not value:
        raise Malformed(f"{where} is no text")
    return value


def _edit(node: Node, value: str, newline: str) -> tuple[ValuePlace, ValuePlace, str]:
    """What to write where: a range of the text, and what stands there afterwards."""
    _object(node)  # it must be one
    metadata: Node = node.value["metadata"]
    annotations: Node | None = metadata.value.get("annotations")
    if annotations is None:
        return _insert(metadata, [("annotations", None), (ANNOTATION, value)], newline)
    if not isinstance(annotations.value, dict):
        line = annotations.start.line + 1
        raise Malformed(f"line {line}: metadata.annotations is empty", hint="remove the line, or write annotations: {}")
    old: Node | None = annotations.value.get(ANNOTATION)
    if old is not None:
        before = " " if old.start == old.end else ""  # nothing, behind a colon
        after = newline if old.end.line > old.start.line and not old.end.column else ""  # a block, which ends where a line begins
        return old.start, old.end, f"{before}{_quoted(value)}{after}"
    return _insert(annotations, [(ANNOTATION, value)], newline)


def _insert(mapping: Node, steps: list[tuple[str, str | None]], newline: str) -> tuple[ValuePlace, ValuePlace, str]:
    """New first members of a mapping that is in blocks or in braces."""
    if mapping.flow:
        at = ValuePlace(mapping.start.line, mapping.start.column + 1)  # behind the brace
        text = "".join(f'"{name}": {"{" if value is None else _quoted(value)}' for name, value in steps)
        closing = "}" * sum(1 for _, value in steps if value is None)
        return at, at, text + closing + (", " if mapping.value else "")
    at = next(iter(mapping.keys.values()))
    text = ""
    indent = at.column
    for name, value in steps:
        text += f"{name}:{'' if value is None else ' ' + _quoted(value)}{newline}"
        indent += 2 if value is None else 0
        text += " " * (indent if value is None else at.column)
    return at, at, text


def _quoted(value: str) -> str:
    return f'"{value}"'


def _replace(lines: list[str], start: ValuePlace, end: ValuePlace, text: str) -> None:
    first, last = lines[start.line], lines[end.line]
    lines[start.line : end.line + 1] = [first[: start.column] + text + last[end.column :]]
