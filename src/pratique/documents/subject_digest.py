"""The digests by which documents of other tools say what they are about. Pure.

syft states the manifest's digest as the version of what the document is about, trivy references and the configuration's digest in
properties, others a package URL of type oci or a checksum. None of these binds a document to bytes as a file manifest does.
"""

from collections.abc import Iterator

from pratique.documents.document import Document, Part
from pratique.errors import Malformed
from pratique.lexicon.lazy_regex import lazy
from pratique.model import Digest

_DIGEST = lazy(r"sha(?:256:[0-9a-f]{64}|512:[0-9a-f]{128})")
_NAMES = lazy(
    r"aquasecurity:trivy:(?:RepoDigest|ImageID|Reference)|syft:image:(?:manifestDigest|imageID)|oci:image:(?:Id|RepoDigest|Digest)"
    r"|docker:image:digest|com\.docker\.image\.digest"
)


def stated_digests(document: Document) -> tuple[Digest, ...]:
    """Of the image that the document is about: of its manifest, an index or its configuration; each once."""
    found: dict[Digest, None] = {}
    for text in _texts(document):
        for one in _DIGEST.findall(text.replace("%3A", ":").replace("%3a", ":")):
            try:
                found[Digest.parse(one)] = None
            except Malformed:
                continue
    return tuple(found)


def _texts(document: Document) -> Iterator[str]:
    for one in document.properties:
        if _NAMES.fullmatch(one.name):
            yield one.value
    parts = [document.subject] if document.subject is not None else []
    # buildkit's scanners describe an image as one package among others.
    parts += [one for one in document.parts if one.kind == "container"] if not parts else []
    for part in parts:
        yield from _of_part(part)


def _of_part(part: Part) -> Iterator[str]:
    yield part.version
    yield part.ref
    if part.purl.startswith(("pkg:oci/", "pkg:docker/")):
        yield part.purl
    yield from (f"{one.algorithm}:{one.value}" for one in part.hashes if part.kind in ("container", ""))
    yield from (one.value for one in part.properties if _NAMES.fullmatch(one.name))
