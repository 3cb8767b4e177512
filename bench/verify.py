"""How long verification takes. Goals: an image's three bundles, warm, in at most 1 ms beside hashing them; a whole process in at
most half the time of sigstore-python's.

Warm means that the process has verified these bytes before under this trusted root (`attest/sigstore/remember.py`); hashing is
what it then does anew. "In full" is what the first time takes: every signature and proof. The whole processes verify one keyless
bundle of sigstore-conformance, offline: `pratique verify` beside `sigstore verify identity --offline`.
"""

import hashlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pratique.attest.bundle import parse_bundle
from pratique.attest.publickey import PublicKey
from pratique.attest.sigstore.remember import Verifier
from pratique.attest.sigstore.trusted_root import TrustedLog, TrustedRoot
from pratique.attest.sigstore.verify import verify_attestation
from pratique.attest.statement import StatementSubject, render_statement
from pratique.attest.x509 import CertificateWindow
from pratique.keys.logged_signer import LoggedSigner, seal
from pratique.model.digest import Digest
from pratique.tlog.checkpoint import log_id
from pratique.tlog.log import create_log

ROOT = Path(__file__).resolve().parents[1]
CASE = ROOT.parent / "shared" / "vectors" / "sigstore" / "test" / "assets" / "bundle-verify"
IDENTITY = (
    "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/"
    "extremely-dangerous-oidc-beacon.yml@refs/heads/main"
)
ISSUER = "https://token.actions.githubusercontent.com"
ORIGIN = "log.bench.example"
RUNS = 15


class MemorySigner:
    """An Ed25519 key in memory."""

    def __init__(self) -> None:
        self.private = ed25519.Ed25519PrivateKey.generate()
        self.public_key = PublicKey.from_der(
            self.private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        )

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)


def statements() -> list[bytes]:
    """An image's signature, its bill of materials of about 1 MB, and its provenance."""
    subjects = [StatementSubject.of("app", Digest.of(b"app"))]
    components = [
        {
            "type": "library",
            "name": f"package-{number}",
            "version": f"1.{number}",
            "purl": f"pkg:deb/debian/package-{number}@1.{number}",
            "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(str(number).encode()).hexdigest()}],
        }
        for number in range(5000)
    ]
    predicates = {
        "https://sigstore.dev/cosign/sign/v1": {},
        "https://cyclonedx.org/bom": {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components},
        "https://slsa.dev/provenance/v1": {"runDetails": {"builder": {"id": "https://ci.example"}}, "buildDefinition": {}},
    }
    return [render_statement(subjects=subjects, predicate_type=kind, predicate=value) for kind, value in predicates.items()]


def milliseconds(work: Callable[[], object]) -> float:
    """The median of RUNS."""
    times = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        work()
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


def in_process(folder: Path) -> None:
    """Three bundles of a key, in a log of tiles."""
    signer, log_key = MemorySigner(), MemorySigner()
    log = create_log(folder / "log", origin=ORIGIN, public_key=log_key.public_key.raw, sign=log_key.sign)
    bundles = [sealed.data for sealed in seal(LoggedSigner(signer=signer, log=log), statements())]
    raw = log_key.public_key.raw
    ids = (log_id(ORIGIN, raw),)
    trusted = TrustedLog(
        url=f"https://{ORIGIN}", operator=ORIGIN, key=log_key.public_key, ids=ids, window=CertificateWindow(start=0)
    )
    root, keys = TrustedRoot(logs=(trusted,)), {signer.public_key.keyid: signer.public_key}
    verifier = Verifier(root, keys=keys)
    hashing = milliseconds(lambda: [hashlib.sha256(data).digest() for data in bundles])
    full = milliseconds(lambda: [verify_attestation(parse_bundle(data), root, keys=keys) for data in bundles])
    for data in bundles:
        verifier.attestation(data)
    warm = milliseconds(lambda: [verifier.attestation(data) for data in bundles])
    sizes = ", ".join(f"{len(data):,}" for data in bundles)
    print(f"three bundles of {sizes} bytes: hashing {hashing:.2f} ms, in full {full:.2f} ms, warm {warm:.2f} ms")
    beside = max(0.0, warm - hashing)
    print(f"goal warm ≤ 1 ms beside hashing: {'reached' if beside <= 1 else 'missed'} ({beside:.2f} ms)")


def processes(folder: Path) -> None:
    """The same bundle by both programs, in turns."""
    bundle, artifact = CASE / "happy-path-v0.3" / "bundle.sigstore.json", CASE / "a.txt"
    if not bundle.exists():
        print("whole processes: not measured, the public vectors sigstore are not here")
        return
    env = os.environ | {"HOME": str(folder), "XDG_CACHE_HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    env.pop("PYTHONDONTWRITEBYTECODE", None)  # installed programs have their bytecode
    python = Path(sys.executable)
    beside = folder / artifact.name
    beside.write_bytes(artifact.read_bytes())
    beside.with_name(f"{artifact.name}.sigstore.json").write_bytes(bundle.read_bytes())
    ours = [python.with_name("pratique"), "verify", f"file:{beside}", "--trusted-root", public_root()]
    ours += ["--certificate-identity", IDENTITY, "--certificate-oidc-issuer", ISSUER]
    theirs = [python.with_name("sigstore"), "verify", "identity", "--offline", "--bundle", bundle]
    theirs += ["--cert-identity", IDENTITY, "--cert-oidc-issuer", ISSUER, artifact]
    times: dict[str, list[float]] = {"pratique": [], "sigstore-python": []}
    for _ in range(RUNS + 1):
        for name, command in zip(times, (ours, theirs), strict=True):
            begin = time.perf_counter()
            subprocess.run(command, check=True, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            times[name].append((time.perf_counter() - begin) * 1000)
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    ratio = medians["pratique"] / medians["sigstore-python"]
    print("whole process: " + ", ".join(f"{name} {value:.0f} ms" for name, value in medians.items()))
    print(f"goal ≤ 0.5: {'reached' if ratio <= 0.5 else 'missed'} ({ratio:.2f})")


def public_root() -> Path:
    """Whom both believe: the trusted root of Sigstore's public instance, as sigstore-python ships it."""
    import sigstore

    store = Path(sigstore.__file__).parent / "_store"
    return next(path for path in store.glob("*/trusted_root.json") if "sigstage" not in path.parent.name)


def main() -> int:
    """Both."""
    with tempfile.TemporaryDirectory() as name:
        in_process(Path(name))
        processes(Path(name))
    return 0


if __name__ == "__main__":
    sys.exit(main())
