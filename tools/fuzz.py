"""Mutate real files and show them to every parser of foreign bytes: `fuzz.py [SECONDS] [SEED]`.

The corpus is `tests/data`. A mutated file goes through the pass and all catalogers under a path that some cataloger waits for,
through the readers of bills of materials and of signatures, and as a layer. An exception that is not ours, or an input that takes
longer than LIMIT_S, is a finding: it is written to a file, with the seed that makes it again, and the exit code is 1.
"""

import io
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from pratique.artifact.examine import Examiner
from pratique.artifact.layer import read_layer
from pratique.artifact.limits import Limits
from pratique.attest.bundle import parse_bundle
from pratique.attest.cosign import SIGNATURE, parse_attestation, parse_payload, parse_signature
from pratique.attest.detached import parse_raw
from pratique.attest.helm_prov import parse_provenance
from pratique.attest.openpgp import parse_clear_signed
from pratique.attest.predicates.known import KNOWN, check_predicate
from pratique.attest.strictjson import load_json
from pratique.attest.yaml_annotation import annotate, parse_manifests
from pratique.errors import PratiqueError
from pratique.model import ArtifactKind, Digest, FileEntry, Kind, Subject, Tree
from pratique.sbom.catalogers import CATALOGERS
from pratique.sbom.formats.read import read_document
from pratique.sbom.inventory import WANTS, catalogue_tree

DATA = Path(__file__).resolve().parents[1] / "tests" / "data"
LIMIT_S = 5.0
MAX_BYTES = 1 << 20
SUBJECT = Subject(kind=ArtifactKind.DIRECTORY, name="fuzz", digest=Digest.of(b"fuzz"))


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
    """The pass and all catalogers over one file."""
    with Examiner(WANTS, Limits()) as examiner:
        found = examiner.whole(examiner.plan(path, len(data)), memoryview(data))
    entries = {path: FileEntry(path, Kind.FILE, 0o644, len(data), found.sha256, form=found.form)}
    contents = {} if found.data is None else {path: found.data}
    facts = {path: dict(found.facts)} if found.facts else {}
    catalogue_tree(SUBJECT, Tree(entries=entries, contents=contents, facts=facts, digests=examiner.digests))


def signatures(path: str, data: bytes) -> None:
    """Every form of signature, and every form of predicate. `path` chooses the form."""
    text = data.decode("latin-1")
    forms: tuple[Callable[[], object], ...] = (
        lambda: parse_bundle(data),
        lambda: parse_payload(data),
        lambda: parse_signature(data[:1000], {SIGNATURE: "AAAA", "dev.sigstore.cosign/bundle": text}),
        lambda: parse_signature(data[:1000], {SIGNATURE: "AAAA", "dev.sigstore.cosign/certificate": text}),
        lambda: parse_attestation(data, {}),
        lambda: parse_raw(data),
        lambda: parse_provenance(parse_clear_signed(data).text),
        lambda: parse_provenance(data),
        lambda: [annotate(data, b"x") for _ in parse_manifests(data)],
        lambda: [check_predicate(kind, load_json(data, what="predicate")) for kind in KNOWN],
    )
    forms[len(path) % len(forms)]()


def main() -> int:
    """Until the time is over."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns()
    chance = random.Random(seed)
    corpus = [data for file in sorted(DATA.rglob("*")) if file.is_file() and len(data := file.read_bytes()) <= MAX_BYTES]
    places = paths()
    targets: tuple[tuple[str, Callable[[str, bytes], object]], ...] = (
        ("catalogers", catalogue),
        ("catalogers", catalogue),
        ("documents", lambda _, data: read_document(data)),
        ("documents, lenient", lambda _, data: read_document(data, lenient=True)),
        ("signatures", signatures),
        ("signatures", signatures),
        ("layer", lambda _, data: read_layer(io.BytesIO(data), wants=WANTS, limits=Limits())),
    )
    print(f"seed {seed}, {len(corpus)} files, {len(places)} paths")
    begin, count, findings = time.monotonic(), 0, 0
    while time.monotonic() - begin < seconds:
        data, path = mutate(chance.choice(corpus), chance, corpus), chance.choice(places)
        name, target = chance.choice(targets)
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
