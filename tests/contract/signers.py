"""What the contract of `Signer` is tried on: an adapter says how to open its keys, and how to take the back end away."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pratique.attest.publickey import HASHES, PublicKey
from pratique.keys.access import Access
from pratique.keys.file import generate_key
from pratique.keys.open import open_signer
from pratique.keys.signer import Signer

PASSPHRASE = b"correct horse"


def never() -> bytes:
    """Nobody should be asked."""
    raise AssertionError("nobody should be asked for a secret")


@dataclass
class Adapter:
    """One key in one back end. `cut`: the back end goes away until the function it returns is called; None for files.

    `secrets`: what must be seen nowhere. `cap`, `floor`: the longest and shortest message in bytes, where there are such limits.
    """

    reference: str
    access: Access
    algorithm: str
    secrets: tuple[str, ...] = ()
    cut: Callable[[], Callable[[], None]] | None = None
    cap: int | None = None
    floor: int = 0
    signers: list[Signer] = field(default_factory=list)

    def open(self) -> Signer:
        signer = open_signer(self.reference, self.access)
        self.signers.append(signer)
        return signer


def file_adapter(folder: Path, algorithm: str, passphrase: bytes | None) -> Adapter:
    generate_key(folder / "k", algorithm, passphrase)
    body = (folder / "k").read_text().splitlines()[1]
    return Adapter(
        reference=f"file:{folder / 'k'}?algorithm={algorithm}",
        access=Access(passphrase=(lambda: passphrase) if passphrase else never, pin=never, environ={}),
        algorithm=algorithm,
        secrets=(PASSPHRASE.decode(), body),
    )


def second_opinion(key: PublicKey, signature: bytes, message: bytes, folder: Path) -> bool:
    """Whether a program that is not ours, and not our library, takes the signature: openssl, for ML-DSA dilithium-py."""
    if key.algorithm.startswith("ml-dsa-"):
        from dilithium_py.ml_dsa import ML_DSA_44, ML_DSA_65

        scheme, size = {"ml-dsa-44": (ML_DSA_44, 1312), "ml-dsa-65": (ML_DSA_65, 1952)}[key.algorithm]
        return bool(scheme.verify(key.spki[-size:], message, signature))
    for name, data in (("key", key.pem), ("signature", signature), ("message", message)):
        (folder / name).write_bytes(data)
    files = ["-signature", str(folder / "signature"), str(folder / "message")]
    salt = HASHES[key.hash_name].digest_size
    options = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", f"rsa_pss_saltlen:{salt}"] if "pss" in key.algorithm else []
    command = ["openssl", "dgst", f"-{key.hash_name}", "-verify", str(folder / "key"), *options, *files]
    if key.algorithm == "ed25519":
        names = ["-inkey", str(folder / "key"), "-sigfile", str(folder / "signature"), "-in", str(folder / "message")]
        command = ["openssl", "pkeyutl", "-verify", "-pubin", "-rawin", *names]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0
