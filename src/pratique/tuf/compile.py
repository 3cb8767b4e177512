"""From a `trust.yaml` and the files it names to what is published: the same sources, the same bytes.

Files are looked for below the folder of the document and nowhere else: what they hold is published.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pratique.attest.keyfile import parse_public_key
from pratique.attest.logkeys import parse_log_keys
from pratique.attest.publickey import PublicKey
from pratique.attest.strictjson import load_json
from pratique.errors import InputError, Malformed
from pratique.files import read_limited
from pratique.model.digest import Digest
from pratique.trust import Carried, Trust
from pratique.trust.document import Files, parse_source
from pratique.trust.published import render_published
from pratique.trust.strictyaml import MAX_BYTES
from pratique.tuf.value import DOCUMENT, FollowedTrust, check_keys

MAX_FILE_BYTES = 4 << 20  # of one carried file
_TRUSTED_ROOT = "application/vnd.dev.sigstore.trustedroot"


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """`targets`: everything to be published, by path, the document itself included. `expiry`: days by role."""

    trust: Trust
    targets: Mapping[str, bytes]
    expiry: Mapping[str, int]

    @property
    def document(self) -> bytes:
        """The published document."""
        return self.targets[DOCUMENT]


def compile_source(path: Path) -> Compiled:
    """Read `path` and what it names. Raises NotFound, Malformed, LimitExceeded, InputError."""
    contents: dict[Digest, bytes] = {}

    def key(name: str) -> PublicKey:
        data = read_limited(_below(path, name), MAX_FILE_BYTES)
        try:
            if data.count(b"+") >= 2 and b"-----BEGIN" not in data:  # a log's own log.vkey
                return parse_log_keys(data)[0].key
            return parse_public_key(data)
        except Malformed as error:
            raise type(error)(error.message, where=str(path.parent / name), hint=error.hint) from error

    def algorithm(name: str) -> str:
        found = key(name).algorithm
        return found if found.startswith("rsa-pss-") else ""

    def digest(name: str) -> Digest:
        data = read_limited(_below(path, name), MAX_FILE_BYTES)
        contents[Digest.of(data)] = data
        return Digest.of(data)

    data = read_limited(path, MAX_BYTES)
    source = parse_source(data, files=Files(key=lambda name: key(name).spki, algorithm=algorithm, digest=digest), where=str(path))
    check_keys(source.trust, where=str(path))
    for item in source.trust.carried:
        _check_carried(item, contents[item.digest], f"{path}: {item.kind} {item.name}")
    targets = {DOCUMENT: render_published(source.trust)}
    targets |= {item.path: contents[item.digest] for item in source.trust.carried}
    return Compiled(trust=source.trust, targets=targets, expiry=source.expiry)


def read_source(path: Path, *, now: int) -> FollowedTrust:
    """A `trust.yaml` as anchors, as it stands: nobody signed it, so it is as trusted as the folder it lies in.

    Raises as `compile_source`.
    """
    compiled = compile_source(path)
    keys = check_keys(compiled.trust, where=str(path))
    return FollowedTrust(trust=compiled.trust, keys=keys, targets=compiled.targets, source=str(path), fetched_at=now)


def _check_carried(item: Carried, data: bytes, where: str) -> None:
    """That a carried file is of its kind: else every machine that follows would find out. Raises Malformed."""
    if item.kind == "sigstore":
        root = load_json(data, what="the trusted root", max_size=MAX_FILE_BYTES)
        media_type = root.get("mediaType") if isinstance(root, dict) else None
        if not isinstance(media_type, str) or not media_type.startswith(_TRUSTED_ROOT):
            raise Malformed("not a Sigstore trusted root", where=where, hint=f"its mediaType begins with {_TRUSTED_ROOT}")
        return
    from pratique.attest.notation.stores import parse_certificates

    parse_certificates(data, where)


def _below(document: Path, name: str) -> Path:
    parts = PurePosixPath(name)
    if parts.is_absolute() or ".." in parts.parts:
        raise InputError(f"names {name[:200]!r}", where=str(document), hint="keep the files below the folder of the document")
    path = document.parent / parts
    if not path.resolve().is_relative_to(document.parent.resolve()):
        raise InputError(f"names {name[:200]!r}, which leads out of its folder", where=str(document))
    return path
