"""Mutate real files and show them to every parser of foreign bytes: `fuzz.py [SECONDS] [SEED]`.

The corpus is `tests/data`. A mutated file goes through the pass and all catalogers under a path that some cataloger waits for,
also inside archives; through the readers of bills of materials, as a layer, and as each thing that signatures of all forms are
made of. An exception that is not ours, also one that a border caught, or an input that takes longer than LIMIT_S, is a finding:
it is written to a file, with the seed that makes it again, and the exit code is 1.
"""

import base64
import bz2
import contextlib
import gzip
import io
import json
import lzma
import random
import re
import sys
import tarfile
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import zstandard

from pratique.artifact.examine import Examiner
from pratique.artifact.layer import read_layer
from pratique.artifact.limits import Limits
from pratique.attest.bundle import MessageSignature, parse_bundle
from pratique.attest.cosign import CERTIFICATE, REKOR_BUNDLE, SIGNATURE, parse_attestation, parse_payload, parse_signature
from pratique.attest.detached import parse_raw
from pratique.attest.helm_prov import parse_provenance
from pratique.attest.notation import MEDIA_TYPES, TrustStatement, TrustStores, parse_certificates, parse_policy, verify
from pratique.attest.notation.ocsp import responder_urls
from pratique.attest.notation.revocation import check_revocation
from pratique.attest.openpgp import parse_clear_signed
from pratique.attest.predicates.known import KNOWN, check_predicate
from pratique.attest.sigstore.certificate import read_identity
from pratique.attest.sigstore.trusted_root import parse_trusted_root
from pratique.attest.sigstore.verify import ArtifactDigests, verify_attestation, verify_message
from pratique.attest.statement import parse_head
from pratique.attest.strictjson import load_json
from pratique.attest.timestamp import parse_response, parse_token, verify_timestamp
from pratique.attest.x509 import parse_certificate
from pratique.attest.yaml_annotation import annotate
from pratique.documents.read import read_document
from pratique.errors import PratiqueError
from pratique.inventory.assemble import WANTS, catalogue_tree
from pratique.inventory.catalogers import CATALOGERS
from pratique.keys.keyless.services import parse_signing_config
from pratique.model import ArtifactKind, Digest, FileEntry, FileKind, Subject, Tree, Unknown

DATA = Path(__file__).resolve().parents[1] / "tests" / "data"
LIMIT_S = 5.0
MAX_BYTES = 1 << 20
_STUMBLED = re.compile(r"could not be read: [A-Z]\w*$")
CHAIN = [parse_certificate(der) for der in parse_certificates((DATA / "notation/lists/certchain_with_crl.pem").read_bytes(), "")]
ROOT = parse_trusted_root((DATA / "sigstore" / "trusted_root.json").read_bytes())
SUBJECT = Subject(kind=ArtifactKind.DIRECTORY, name="fuzz", digest=Digest.of(b"fuzz"))


@cache
def paths() -> list[str]:
    """A path of each kind that some cataloger waits for."""
    found: set[str] = {"usr/bin/python3.11", "usr/lib/libssl.so.3", "app/a.jar", "app/a.dll"}
    for cataloger in CATALOGERS.values():
        for interest in (cataloger.interest, *(probe.interest for probe in cataloger.probes)):
            found |= {f"app/{name}" for name in interest.names} | {f"app/x{ending}" for ending in interest.endings}
            found |= {prefix if not prefix.endswith("/") else f"{prefix}x" for prefix in interest.prefixes}
    return sorted(found)


def mutate(data: bytes, chance: random.Random, corpus: list[bytes]) -> bytes:
    """A few changes of the kinds that break parsers: flipped bits, numbers at their ends, pieces cut, doubled or swapped."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        at = chance.randrange(len(out) + 1)
        what = chance.randrange(7)
        if what == 0 and at < len(out):
            out[at] ^= 1 << chance.randrange(8)
        elif what == 1:
            out[at : at + 4] = chance.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"9999"))
        elif what == 2:
            del out[at : at + chance.choice((1, 8, 512, len(out)))]
        elif what == 3:
            out[at:at] = out[at : at + chance.choice((1, 16, 4096))] * chance.choice((1, 2, 50))
        elif what == 4:
            other = chance.choice(corpus)
            begin = chance.randrange(len(other) + 1)
            out[at : at + 64] = other[begin : begin + chance.choice((8, 64, 1024))]
        elif what == 5:
            out[at:at] = chance.choice((b"[" * 500, b"{" * 500, b'"', b"\n", b"(" * 500, b"<a>" * 200, b"\xed\xa0\x80"))
        else:
            out[at : at + 1] = bytes([chance.randrange(256)])
    return bytes(out[:MAX_BYTES])


def catalogue(path: str, data: bytes) -> None:
    """The pass and all catalogers over one file. What was caught at the border of a reader is a finding, too."""
    with Examiner(WANTS, Limits()) as examiner:
        found = examiner.whole(examiner.plan(path, len(data)), memoryview(data))
    entries = {path: FileEntry(path, FileKind.FILE, 0o644, len(data), found.sha256, form=found.form)}
    contents = {} if found.data is None else {path: found.data}
    facts = {path: dict(found.facts)} if found.facts else {}
    unknowns = tuple(Unknown(path, problem) for problem in found.problems)
    tree = Tree(entries=entries, contents=contents, facts=facts, digests=examiner.digests, unknowns=unknowns)
    for unknown in catalogue_tree(SUBJECT, tree).unknowns:
        if _STUMBLED.search(unknown.reason):
            raise AssertionError(f"{unknown.path}: {unknown.reason}")


def packed(data: bytes, path: str, chance: random.Random) -> bytes:
    """The file in an archive, or in an archive in one: whole, so that what is behind it is reached."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        what = chance.randrange(7)
        if what == 0:
            out = io.BytesIO()
            with zipfile.ZipFile(
                out, "w", chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2))
            ) as archive:
                archive.writestr(zipfile.ZipInfo(path), data)
            data = out.getvalue()
        elif what in (1, 2):
            out = io.BytesIO()
            with tarfile.open(fileobj=out, mode="w", format=chance.choice((tarfile.USTAR_FORMAT, tarfile.PAX_FORMAT))) as tar:
                member = tarfile.TarInfo(path)
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
            data = out.getvalue()
        else:
            data = (gzip.compress, bz2.compress, lzma.compress, zstandard.ZstdCompressor().compress)[what - 3](data)
        path = f"inner{chance.choice(('', '.zip', '.tar', '.gz'))}"
    return data


@cache
def corpus_of_catalogers() -> list[bytes]:
    """Small real files, and archives of all kinds made of them."""
    chance = random.Random(1)
    found = [data for file in sorted(DATA.rglob("*")) if file.is_file() and len(data := file.read_bytes()) <= MAX_BYTES >> 2]
    return found + [packed(chance.choice(found)[: 64 << 10], chance.choice(paths()), chance) for _ in range(200)]


def catalogue_mutated(chance: random.Random) -> None:
    """A real file that was changed, at a path that some cataloger waits for; or in an archive, which was changed or not."""
    corpus, path = corpus_of_catalogers(), chance.choice(paths())
    data = mutate(chance.choice(corpus), chance, corpus)
    if chance.random() < 0.4:
        data = packed(data, path, chance)
        if chance.random() < 0.5:
            data = mutate(data, chance, corpus)
    catalogue(path, data)


def forms(data: bytes) -> None:
    """As each of the other forms of signature, and as each predicate that is known."""
    text = data.decode("latin-1")
    readers: tuple[Callable[[], object], ...] = (
        lambda: parse_payload(data),
        lambda: parse_signature(data, {SIGNATURE: "AAAA"}),
        lambda: parse_signature(b"{}", {SIGNATURE: "AAAA", REKOR_BUNDLE: text}),
        lambda: parse_signature(b"{}", {SIGNATURE: "AAAA", CERTIFICATE: text}),
        lambda: parse_attestation(data, {}),
        lambda: parse_raw(data),
        lambda: parse_provenance(parse_clear_signed(data).text),
        lambda: parse_provenance(data),
        lambda: annotate(data, b"bundle"),
        *(partial(check_json, kind, data) for kind in KNOWN),
    )
    for read in readers:
        with contextlib.suppress(PratiqueError):
            read()


def check_json(kind: str, data: bytes) -> None:
    """As a predicate of this type."""
    check_predicate(kind, load_json(data, what="predicate"))


def notation(data: bytes) -> None:
    """As an envelope, a trust policy, a file of a trust store, and an answer of a revocation server."""
    for media_type in MEDIA_TYPES:
        outcome = verify(
            data,
            media_type,
            digest=Digest.of(b""),
            size=0,
            artifact_type="",
            statement=TrustStatement(name="fuzz", identities=None),
            stores=TrustStores(certificates={}),
            at=0,
            answers={},
        )
        if outcome.signed is not None:
            raise AssertionError("accepted")
    for parse in (parse_policy, lambda data: parse_certificates(data, "file")):
        with contextlib.suppress(PratiqueError):
            parse(data)
    answers = {"http://localhost:10086/leaf.crl": data, "http://localhost:10086/intermediate.crl": data}
    check_revocation(CHAIN, answers | {responder_urls(CHAIN[1], CHAIN[2])[0]: data}, at=0, signed_at=None)


def sigstore(data: bytes) -> None:
    """As a bundle that is verified, and as each of the documents and pieces beside it."""
    readers: tuple[Callable[[bytes], object], ...] = (
        verify_bundle,
        parse_trusted_root,
        parse_head,
        parse_token,
        lambda data: parse_signing_config(data, now=1_750_000_000),
        lambda data: verify_timestamp(parse_response(data), b"signature", ROOT.timestamp_authorities),
        lambda data: read_identity(parse_certificate(data)),
    )
    for read in readers:
        with contextlib.suppress(PratiqueError):
            read(data)


def verify_bundle(data: bytes) -> None:
    """Whatever it holds."""
    bundle = parse_bundle(data)
    if isinstance(bundle.content, MessageSignature):
        verify_message(bundle, ArtifactDigests.of(b"hello, harbour\n"), ROOT, keys={})
    else:
        verify_attestation(bundle, ROOT, keys={})


def inside_bundle(chance: random.Random, bundles: list[bytes], corpus: list[bytes]) -> bytes:
    """A bundle of which one piece was mutated: JSON and base64 stay whole, so that what is behind them is reached."""
    document = json.loads(chance.choice(bundles))
    places: list[tuple[Any, Any]] = []
    level: list[Any] = [document]
    while level:
        parent = level.pop()
        for name, value in parent.items() if isinstance(parent, dict) else enumerate(parent):
            if isinstance(value, str):
                places.append((parent, name))
            else:
                level.append(value)
    parent, name = chance.choice(places)
    try:
        piece = base64.b64decode(parent[name], validate=True)
        parent[name] = base64.b64encode(mutate(piece, chance, corpus)).decode()
    except ValueError:
        parent[name] = mutate(parent[name].encode(), chance, corpus).decode("latin-1")
    return json.dumps(document).encode()


def main() -> int:
    """Until the time is over."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns()
    chance = random.Random(seed)
    corpus = [data for file in sorted(DATA.rglob("*")) if file.is_file() and len(data := file.read_bytes()) <= MAX_BYTES]
    bundles = [file.read_bytes() for file in sorted(DATA.rglob("*.sigstore.json"))]
    places = paths()
    targets: tuple[tuple[str, Callable[[str, bytes], object]], ...] = (
        ("catalogers", catalogue),
        ("packed", lambda path, data: catalogue(path, packed(data, path, chance))),
        ("packed, mutated", lambda path, data: catalogue(path, mutate(packed(data, path, chance), chance, corpus))),
        ("documents", lambda _, data: read_document(data)),
        ("documents, lenient", lambda _, data: read_document(data, lenient=True)),
        ("forms", lambda _, data: forms(data)),
        ("notation", lambda _, data: notation(data)),
        ("sigstore", lambda _, data: sigstore(data)),
        ("layer", lambda _, data: read_layer(io.BytesIO(data), selection=WANTS, limits=Limits())),
    )
    print(f"seed {seed}, {len(corpus)} files, {len(places)} paths")
    begin, count, findings = time.monotonic(), 0, 0
    while time.monotonic() - begin < seconds:
        data, path = mutate(chance.choice(corpus), chance, corpus), chance.choice(places)
        name, target = chance.choice(targets)
        if name == "sigstore" and chance.random() < 0.7:
            data = inside_bundle(chance, bundles, corpus)
        started = time.monotonic()
        problem = ""
        try:
            target(path, data)
        except PratiqueError:
            pass
        except Exception:
            problem = traceback.format_exc()
        took = time.monotonic() - started
        if not problem and took > LIMIT_S:
            problem = f"took {took:.1f} s\n"
        count += 1
        if problem:
            findings += 1
            with tempfile.NamedTemporaryFile(prefix="pratique-fuzz-", delete=False) as file:
                file.write(data)
            print(f"\ninput {count} of seed {seed}, {name} as {path}, kept in {file.name}\n{problem}")
    print(f"{count} inputs in {seconds:.0f} s, {findings} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
