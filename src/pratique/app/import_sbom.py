"""Other tools' bills of materials into the catalog: what they say is found by a search, and stays marked as somebody's word.

Nothing is verified: of a signed statement the signature is passed over, and nothing of a document reaches `verify` or `gate`.
What it says of an artifact stands beside what was found in that artifact.
"""

import re
import sys
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pratique.catalog.component_rows import ImportedComponent, ImportOrigin
from pratique.errors import InputError, LimitExceeded, Malformed, PratiqueError
from pratique.files import read_limited
from pratique.lexicon.encodings import as_utf8
from pratique.lexicon.text import clean
from pratique.model import Digest, is_digest

if TYPE_CHECKING:
    from pratique.attest.dsse import Envelope
    from pratique.catalog.ledger import Catalog
    from pratique.documents.claims import ParsedComponent, ParsedSbom
    from pratique.documents.document import Document
    from pratique.documents.read import Reading

MAX_SUBJECTS = 100
MAX_NAME_CHARS = 500
MAX_LINES = 1_000
_GZIP = b"\x1f\x8b"
MAX_MEMBERS = 100_000  # of gzip: block-wise packers write one for each 64 KiB or less
_CHUNK = 1 << 20
_PORTION = 16 << 10
_WRAPPERS = frozenset({"payloadType", "dsseEnvelope", "predicateType"})
_MEDIA_TYPES = {
    "cyclonedx-json": "application/vnd.cyclonedx+json",
    "cyclonedx-xml": "application/vnd.cyclonedx+xml",
    "spdx-json": "application/spdx+json",
    "spdx-tag-value": "text/spdx",
    "syft-json": "application/vnd.syft+json",
}
_CONFIGURATIONS = frozenset({"ImageID", "imageID", "Id"})
_DIGESTS = frozenset({"ImageID", "RepoDigest"})
_SOMETHING = re.compile(rb"\S")
_LINE = re.compile(rb"[^\r\n]+")
_DIGEST = re.compile(r"\bsha256:[0-9a-f]{64}\b")
_PLACEHOLDERS = frozenset({"_", "snapshot", "unnamed"})
"""What tools and readers write for a name that they were not given."""
_UNVERIFIED = "in a statement, its signature not verified"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A document that was read. `data`: as it came, unpacked, `digest`: of that. `title`: its format, for people. `subjects`:
    the digests it is about, the likeliest first, none where it names none; `every`: whether it is about each of them, or all
    are of one thing. `name`: what it calls that. `remarks`: what was taken out of it or could not be taken over."""

    file: str
    data: bytes
    digest: Digest
    title: str
    media_type: str
    name: str
    subjects: tuple[Digest, ...]
    every: bool
    components: tuple[ImportedComponent, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """An artifact that a document was recorded for. `is_new`: it was not before. `is_named`: the document names no other."""

    digest: Digest
    name: str
    is_new: bool
    is_named: bool


@dataclass(frozen=True, slots=True)
class _Wrapped:
    """A document, and what the statement around it is about."""

    reading: "Reading"
    subjects: tuple[Digest, ...] = ()
    name: str = ""
    stated: bool = False


def read_imported(place: str, *, lenient: bool = False) -> Imported:
    """The document in a file, `-` for standard input. Raises NotFound, InputError, Malformed, LimitExceeded."""
    from pratique.documents.claims import stated_by
    from pratique.documents.read import MAX_BYTES

    if not place.strip():
        raise InputError("no file is named", hint="- is standard input")
    data = sys.stdin.buffer.read(MAX_BYTES + 1) if place == "-" else read_limited(Path(place), MAX_BYTES)
    data = _unpacked(data, MAX_BYTES)
    wrapped = _unwrapped(data, lenient)
    reading = wrapped.reading
    said = stated_by(reading.document)
    file = "standard input" if place == "-" else clean(Path(place).name, MAX_NAME_CHARS) or "a file"
    components, unread = _components(said, reading.document)
    remarks = [f"read without {one}" for one in reading.repaired[:3]]
    if len(reading.repaired) > 3:
        remarks.append(f"and without {len(reading.repaired) - 3} more errors")
    if unread:
        remarks.append(f"{unread} package URLs are none: what has them is found by name")
    return Imported(
        file=file,
        data=data,
        digest=Digest.of(data),
        title=f"{reading.title} {_UNVERIFIED}" if wrapped.stated else reading.title,
        media_type=_MEDIA_TYPES.get(reading.format, "application/octet-stream"),
        name=_name(reading.document) or wrapped.name or file,
        subjects=wrapped.subjects or _subjects(reading.document, said),
        every=bool(wrapped.subjects),
        components=components,
        remarks=tuple(remarks),
    )


def bring_in(catalog: "Catalog", imported: Imported, subject: Digest | None, *, now: int | None = None) -> list[Recorded]:
    """Record a document for `subject`, else for what it is about: all or nothing. Raises InputError, Locked, StorageError."""
    about = [subject] if subject is not None else _chosen(catalog, imported)
    if len(about) > MAX_SUBJECTS:
        raise LimitExceeded(f"about {len(about)} artifacts", hint=f"at most {MAX_SUBJECTS}: choose one with --subject")
    at = int(time.time()) if now is None else now
    origin = ImportOrigin(name=imported.name, file=imported.file, title=imported.title, media_type=imported.media_type)
    done = []
    with catalog.transaction() as ledger:
        for digest in about:
            is_new = ledger.record_import(digest, imported.data, imported.components, origin=origin, at=at)
            done.append((digest, is_new))
    rows = {row.digest: row for digest in about for row in catalog.find_artifacts(digest)}
    named = {*imported.subjects}
    return [
        Recorded(digest, rows[digest].name, is_new, not named or bool(named & {digest, rows[digest].config or digest}))
        for digest, is_new in done
    ]


def _chosen(catalog: "Catalog", imported: Imported) -> list[Digest]:
    """What the document is about: of several names of one thing that by which the catalog knows it already."""
    if not imported.subjects:
        return [imported.digest]
    if imported.every:
        return list(imported.subjects)
    known = (row for digest in imported.subjects for row in catalog.find_artifacts(digest))
    row = next(known, None)
    return [row.digest if row is not None else imported.subjects[0]]


def _unpacked(data: bytes, limit: int) -> bytes:
    """What gzip packed, if it did. Raises Malformed, LimitExceeded."""
    if not data.startswith(_GZIP):
        return data
    found = bytearray()
    at = members = 0
    while data.startswith(_GZIP, at):
        members += 1
        if members > MAX_MEMBERS:
            raise LimitExceeded(f"compressed with gzip in more than {MAX_MEMBERS} members")
        unpacker = zlib.decompressobj(wbits=31)
        try:
            while not unpacker.eof and at < len(data):  # in portions, for what is left of one is copied
                portion = data[at : at + _PORTION]
                found += unpacker.decompress(portion, limit + 1 - len(found))
                while not unpacker.eof and unpacker.unconsumed_tail and len(found) <= limit:
                    found += unpacker.decompress(unpacker.unconsumed_tail, _CHUNK)
                if len(found) > limit:
                    raise LimitExceeded(f"a bill of materials of more than {limit >> 20} MiB, unpacked")
                at += len(portion) - len(unpacker.unused_data)
        except zlib.error as error:
            raise Malformed("compressed with gzip, and damaged") from error
        if not unpacker.eof:
            raise Malformed("compressed with gzip, and cut short")
    return bytes(found)


def _unwrapped(data: bytes, lenient: bool) -> _Wrapped:
    """The document, also within a statement, an envelope, a bundle, or what GitHub's interface answers."""
    from pratique.documents.read import read_document, read_value

    received, data = data, as_utf8(data)
    first, _, more = data.partition(b"\n")
    if _SOMETHING.search(more) and _WRAPPERS & _members(first):
        return _the_one_of(data, lenient)
    names = _members(data)
    if "payloadType" in names:
        from pratique.attest.dsse import parse_envelope
        from pratique.attest.strictjson import load_json

        return _in_envelope(parse_envelope(load_json(data, what="the envelope")), lenient)
    if "dsseEnvelope" in names:
        from pratique.attest.bundle import parse_bundle

        return _in_envelope(parse_bundle(data).envelope, lenient)
    if "_type" in names and "predicateType" in names:
        return _in_statement(data, lenient)
    if names == {"sbom"}:
        from pratique.attest.strictjson import load_json

        return _Wrapped(read_value(load_json(data, what="the document")["sbom"], lenient=lenient))
    return _Wrapped(read_document(received, lenient=lenient))


def _the_one_of(data: bytes, lenient: bool) -> _Wrapped:
    """Of statements in lines, as cosign hands them out, the one that is a bill of materials."""
    found: list[_Wrapped] = []
    failed: PratiqueError | None = None
    for count, line in enumerate(_lines(data)):
        if count == MAX_LINES:
            raise LimitExceeded(f"more than {MAX_LINES} statements")
        try:
            found.append(_unwrapped(line, lenient))
        except PratiqueError as error:
            failed = failed or error
    if len(found) == 1:
        return found[0]
    if failed is not None and not found:
        raise failed
    raise Malformed(f"{len(found)} bills of materials in one file", hint="give each in a file of its own, a line of this one")


def _lines(data: bytes) -> Iterator[bytes]:
    """Those with something in them, one at a time: a file may be nothing but ends of lines."""
    for found in _LINE.finditer(data):
        if line := found[0].strip():
            yield line


def _members(data: bytes) -> frozenset[str]:
    """The names at the top of a JSON object; none for anything else, of which its reader says what is wrong."""
    import msgspec

    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return frozenset()
    try:
        return frozenset(msgspec.json.decode(data.removeprefix(b"\xef\xbb\xbf"), type=dict[str, msgspec.Raw]))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return frozenset()


def _in_envelope(envelope: "Envelope", lenient: bool) -> _Wrapped:
    from pratique.attest.dsse import IN_TOTO

    if envelope.payload_type != IN_TOTO:
        raise Malformed(f"an envelope around {clean(envelope.payload_type, 80)!r}, no statement about an artifact")
    return _in_statement(envelope.payload, lenient)


def _in_statement(payload: bytes, lenient: bool) -> _Wrapped:
    from pratique.attest.statement import parse_statement
    from pratique.documents.read import read_document, read_value

    statement = parse_statement(payload)
    value: Any = statement.predicate
    if "Data" in value and not {"bomFormat", "spdxVersion", "@context"} & value.keys():
        value = value["Data"]  # as older versions of cosign wrap what they attest
    try:
        if isinstance(value, str):
            reading = read_document(value.encode("utf-8", "surrogatepass"), lenient=lenient)
        else:
            reading = read_value(dict(value) if isinstance(value, Mapping) else value, lenient=lenient)
    except PratiqueError as error:
        error.message = f"a statement of the type {clean(statement.predicate_type, 80)}: {error.message}"
        raise
    name = next((one.name for one in statement.subjects if one.name), "")
    return _Wrapped(reading, tuple(sorted(statement.digests)), clean(name, MAX_NAME_CHARS), stated=True)


def _subjects(document: "Document", said: "ParsedSbom") -> tuple[Digest, ...]:
    """By which digests the document names what it is about; those of an image's configuration come last."""
    if said.subject_digest is not None:
        return (said.subject_digest,)
    stated = _stated(document)
    configurations = {value for name, value in stated if name in _CONFIGURATIONS}
    written = (one for name, value in stated if name in _DIGESTS for one in _DIGEST.findall(value))
    found = dict.fromkeys((*said.digests, *map(Digest, written)))
    subject = document.subject
    if not found and subject is not None and is_digest(f"sha256:{subject.hash('sha256')}"):
        found = {Digest(f"sha256:{subject.hash('sha256')}"): None}
    return tuple(sorted(found, key=lambda digest: digest in configurations))


def _stated(document: "Document") -> list[tuple[str, str]]:
    """Names and values that tools state of what a document is about: properties, and annotations where a format has none."""
    subject = document.subject
    rows = [*document.properties, *(subject.properties if subject is not None else ())]
    pairs = [(one.name.rpartition(":")[2], one.value) for one in rows]
    about = {"", subject.ref} if subject is not None else {""}
    texts = (one.text.partition(": ") for one in document.annotations if about & set(one.subjects))
    return [*pairs, *((name, value) for name, colon, value in texts if colon)]


def _name(document: "Document") -> str:
    """What the document calls what it is about, with its version; "" where it calls it nothing."""
    subject = document.subject
    tag = next((value for name, value in _stated(document) if name == "RepoTag"), "")
    if tag:  # better than the file in which the image was
        return clean(tag, MAX_NAME_CHARS)
    name = clean(subject.full_name if subject is not None else document.name, MAX_NAME_CHARS)
    version = clean(subject.version, 100) if subject is not None else ""
    if name in _PLACEHOLDERS:
        return ""
    if not name or not version or version.startswith(("sha256:", "sha512:")) or name.endswith(f":{version}"):
        return name
    return f"{name}@{version}"


def _components(said: "ParsedSbom", document: "Document") -> tuple[tuple[ImportedComponent, ...], int]:
    """What the ledger lists of a document, each once; and how many package URLs were none.

    What the document is about is among it where it is a package: whoever looks for that looks for this artifact, too.
    """
    found: dict[str, ImportedComponent] = {}
    unread = 0
    subject = said.others[:1] if document.subject is not None and document.subject.purl else ()
    for one in (*said.components, *subject):
        component, is_read = _component(one)
        unread += not is_read
        if component is not None:
            found.setdefault(component.purl, component)
    return tuple(found.values()), unread


def _component(one: "ParsedComponent") -> tuple[ImportedComponent | None, bool]:
    from pratique.lexicon.purl_read import parse_purl

    name, version = clean(one.name, MAX_NAME_CHARS), clean(one.version, MAX_NAME_CHARS)
    licences, cpes = tuple(one.licences), tuple(dict.fromkeys(one.cpes))
    is_read = True
    if one.purl:
        try:
            purl = parse_purl(one.purl)
        except Malformed:
            is_read = False
        else:
            text = str(purl)
            stated = version if not purl.version else ""
            named = ImportedComponent(purl=text, type=purl.type, name=purl.name, version=stated, licences=licences, cpes=cpes)
            return named, True
    if not name or (one.kind == "file" and not cpes):
        return None, is_read
    kind = clean(one.kind, 40) or "component"
    ref = f"{kind} {name}{f'@{version}' if version else ''}"
    return (
        ImportedComponent(purl=ref, type=kind, name=name, version=version, licences=licences, cpes=cpes, has_purl=False),
        is_read,
    )
