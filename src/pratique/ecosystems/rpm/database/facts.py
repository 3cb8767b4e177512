"""What is kept of an rpm database: of each package its names, what it needs and provides, and its files with their digests.

Written and read here alone, as JSON: folders apart from names, as rpm has them, so that facts are no larger than headers.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pratique.artifact.content import FileContent
from pratique.ecosystems.rpm.database import bdb, header, ndb, sqlite
from pratique.ecosystems.rpm.database.header import Header, HeaderProof
from pratique.errors import Malformed
from pratique.lexicon.text import clean

_ALGORITHMS = {1: "md5", 2: "sha1", 8: "sha256", 9: "sha384", 10: "sha512", 11: "sha224"}
_CONFIGURATION, _GHOST = 1 << 0, 1 << 6
_RPMLIB = 1 << 24
_FOLDER, _LINK = 0o040000, 0o120000
_TYPE = 0o170000
_NOT_THERE = frozenset({1, 2, 3, 4})  # replaced by another package, not installed, on a shared volume, of another word size
_MAX_PACKAGES = 100_000
_SHOWN = 8
_MAX_PATH = 4096  # each folder stands before many names

LISTED, DIGEST, TARGET = 0, 1, 2
"""What the last field of a file is: nothing, a digest, the target of a link. Plus `CONFIGURATION`."""
CONFIGURATION = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RpmPackage:
    """`files`: (index into `folders`, name, kind, digest or target). `algorithm`: of hashlib, for the digests."""

    name: str
    version: str
    release: str
    epoch: int | None
    arch: str
    licence: str
    vendor: str
    summary: str
    url: str
    source: str
    module: str
    sha256: str
    provides: list[str]
    requires: list[str]
    algorithm: str
    folders: list[str]
    files: list[tuple[int, str, int, str]]


_FIELDS = tuple(RpmPackage.__dataclass_fields__)


def read_database(content: FileContent) -> bytes:
    """The facts of a database in any of the three containers: its packages in the order of the file, and what was wrong.

    Raises Malformed for what is no database at all; one that breaks off keeps what stands before.
    """
    packages: list[list[Any]] = []
    rows: list[tuple[int, int]] = []
    problems: list[str] = []
    proofs: dict[HeaderProof, list[str]] = {proof: [] for proof in HeaderProof}
    blobs = _blobs(content)
    try:
        for page, row, blob in blobs:
            if len(packages) >= _MAX_PACKAGES:
                problems.append(f"more than {_MAX_PACKAGES} packages: the rest was left out")
                break
            try:
                tags = Header(blob)
                proof = tags.proof()
                package = package_of(tags, proof)
            except Malformed as error:
                problems.append(error.message)
                continue
            if package is not None:
                proofs[proof].append(f"{package.name} {package.version}")
                packages.append(as_row(package))
                rows.append((page, row))
    except Malformed as error:
        problems.append(f"{error.message}: what follows was not read")
    problems = [*counted(problems), *doubts(proofs)]
    return json.dumps({"packages": packages, "rows": rows, "problems": problems}, separators=(",", ":")).encode()


def load_facts(facts: bytes) -> tuple[list[RpmPackage], list[str]]:
    """Packages and problems, as `read_database` wrote them."""
    document = json.loads(facts)
    return [from_row(row) for row in document["packages"]], document["problems"]


def as_row(package: RpmPackage) -> list[Any]:
    """The values of its fields, for JSON."""
    return [getattr(package, name) for name in _FIELDS]


def from_row(row: list[Any]) -> RpmPackage:
    """The package that `as_row` was given."""
    return RpmPackage(**dict(zip(_FIELDS, row, strict=True)))


def _blobs(content: FileContent) -> Iterator[tuple[int, int, bytes]]:
    """Page and rowid, where the container has such, and the header."""
    head = content.read(0, 16)
    if head.startswith(ndb.MAGIC):
        return ((0, 0, value) for value in ndb.read_ndb(content))
    if bdb.is_bdb(head):
        return ((0, 0, value) for value in bdb.read_bdb(content) if len(value) > 8)  # a counter stands among the headers
    rows = sqlite.Database(content).rows("Packages")
    return ((row.page, row.number, blob) for row in rows if len(row.values) > 1 and isinstance(blob := row.values[1], bytes))


def package_of(tags: Header, proof: HeaderProof) -> RpmPackage | None:
    """The package that a header is about; None for a key."""
    name = tags.text(header.NAME)
    if name == "gpg-pubkey":  # a trusted key, kept among the packages
        return None
    folders, files = _files(tags)
    number = tags.number(header.DIGEST_ALGORITHM)
    return RpmPackage(
        name=name,
        version=tags.text(header.VERSION),
        release=tags.text(header.RELEASE),
        epoch=tags.number(header.EPOCH),
        arch=tags.text(header.ARCH),
        licence=tags.text(header.LICENSE),
        vendor=tags.text(header.VENDOR) or tags.text(header.PACKAGER),
        summary=tags.text(header.SUMMARY),
        url=tags.text(header.URL),
        source=tags.text(header.SOURCE_RPM),
        module=tags.text(header.MODULE),
        sha256=tags.text(header.HEADER_SHA256) if proof is not HeaderProof.DIFFERENT else "",
        provides=list(dict.fromkeys(tags.texts(header.PROVIDES))),
        requires=_requires(tags),
        algorithm="md5" if number is None else _ALGORITHMS.get(number, ""),
        folders=folders,
        files=files,
    )


def _requires(tags: Header) -> list[str]:
    names, flags = tags.texts(header.REQUIRES), tags.numbers(header.REQUIRE_FLAGS)
    if len(flags) == len(names):
        names = [name for name, flag in zip(names, flags, strict=True) if not flag & _RPMLIB]
    return list(dict.fromkeys(names))


def _files(tags: Header) -> tuple[list[str], list[tuple[int, str, int, str]]]:
    """Folders, and the files in them; what rpm did not install, or another package replaced, is left out."""
    names, folders = tags.texts(header.BASE_NAMES), tags.texts(header.DIR_NAMES)
    indexes: tuple[int, ...] | list[int] = tags.numbers(header.DIR_INDEXES)
    if not names:
        folders, names = [""], tags.texts(header.OLD_FILENAMES)
        indexes = [0] * len(names)
    if any(len(folder) > _MAX_PATH for folder in folders):
        raise Malformed("a folder in the file list of an rpm header has too long a name")
    count = len(names)
    if len(indexes) != count or (count and max(indexes) >= len(folders)):
        raise Malformed("the file list of an rpm header is broken")
    modes, flags = _column(tags.numbers(header.FILE_MODES), count), _column(tags.numbers(header.FILE_FLAGS), count)
    states = _column(tags.numbers(header.FILE_STATES), count)
    digests, links = _texts(tags.texts(header.FILE_DIGESTS), count), _texts(tags.texts(header.FILE_LINKS), count)
    files: list[tuple[int, str, int, str]] = []
    for index, name, mode, flag, state, digest, link in zip(indexes, names, modes, flags, states, digests, links, strict=True):
        if mode & _TYPE == _FOLDER or state in _NOT_THERE:
            continue
        kind, said = (DIGEST, digest) if digest else (LISTED, "")
        if mode & _TYPE == _LINK and link:
            kind, said = TARGET, link
        if flag & _GHOST:  # made by the package's scripts or programs: nobody knows what it will be
            kind, said = LISTED, ""
        files.append((index, name, kind | (CONFIGURATION if flag & _CONFIGURATION else 0), said))
    return folders, files


def _column(values: tuple[int, ...], count: int) -> tuple[int, ...]:
    if values and len(values) != count:
        raise Malformed("the file lists of an rpm header are of different lengths")
    return values or (0,) * count


def _texts(values: list[str], count: int) -> list[str]:
    if values and len(values) != count:
        raise Malformed("the file lists of an rpm header are of different lengths")
    return values or [""] * count


def doubts(proofs: dict[HeaderProof, list[str]]) -> Iterator[str]:
    """What is not as it was built, or cannot be shown to be: one line each."""
    for proof, what in (
        (HeaderProof.DIFFERENT, "does not have the digest that was stated when it was built: it was edited"),
        (HeaderProof.ABSENT, "states no digest: whether it was edited cannot be told"),
    ):
        if found := proofs[proof]:
            few = ", ".join(clean(name, 80) for name in found[:_SHOWN]) + (" …" if len(found) > _SHOWN else "")
            yield f"the record of {few} {what}" if len(found) == 1 else f"each of {len(found)} records {what}: {few}"


def counted(problems: list[str]) -> list[str]:
    """Each problem once, with how often it came."""
    counts: dict[str, int] = {}
    for problem in problems:
        counts[problem] = counts.get(problem, 0) + 1
    return [problem if number == 1 else f"{problem} ({number} times)" for problem, number in list(counts.items())[:20]]
