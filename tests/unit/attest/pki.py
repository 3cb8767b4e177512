"""Certificate authorities for tests, made as they are needed, and a timestamp authority that is openssl's."""

import datetime as dt
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

BORN = 1_700_000_000
DIED = 1_900_000_000
CA_USAGE = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
SIGN_USAGE = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
UNKNOWN_CRITICAL = (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)
CODE = (x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CODE_SIGNING]), False)
STAMP = (x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.TIME_STAMPING]), True)


@dataclass
class Party:
    """A certificate and its key."""

    certificate: x509.Certificate
    key: object = field(repr=False)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    def issue(self, name, **options):
        return make(name, issuer=self, **options)


def make(
    name,
    *,
    issuer=None,
    ca=False,
    path_length=None,
    usage=True,
    extensions=(),
    born=BORN,
    died=DIED,
    key=None,
    serial=None,
    subject=None,
):
    """A certificate: of itself without `issuer`; `usage=False` leaves the key usage out, a KeyUsage replaces it."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    subject = subject if subject is not None else x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(dt.datetime.fromtimestamp(born, dt.UTC))
        .not_valid_after(dt.datetime.fromtimestamp(died, dt.UTC))
    )
    if ca:
        builder = builder.add_extension(x509.BasicConstraints(True, path_length), True)
    if usage is not False:
        builder = builder.add_extension(usage if usage is not True else (CA_USAGE if ca else SIGN_USAGE), True)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    signing_key = issuer.key if issuer else key
    algorithm = None if isinstance(signing_key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return Party(builder.sign(signing_key, algorithm), key)


@dataclass
class Stamper:
    """openssl as a timestamp authority. Its clock is this machine's."""

    folder: Path
    root: Party
    signer: Party

    @classmethod
    def start(cls, folder: Path, root: Party | None = None, signer: Party | None = None):
        root = root or make("Stamp Root", ca=True)
        signer = signer or root.issue("Stamp Signer", extensions=[STAMP])
        folder.mkdir(parents=True, exist_ok=True)
        for name, party in (("root", root), ("signer", signer)):
            (folder / f"{name}.pem").write_bytes(party.certificate.public_bytes(Encoding.PEM))
        pem = signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "key.pem").write_bytes(pem)
        (folder / "serial").write_text("01")
        (folder / "ts.cnf").write_text(
            f"[tsa]\ndefault_tsa = t\n[t]\nserial = {folder}/serial\ndefault_policy = 1.2.3.4.1\n"
            "digests = sha256, sha384, sha512\nsigner_digest = sha256\naccuracy = secs:1\ness_cert_id_alg = sha256\n"
        )
        return cls(folder, root, signer)

    def stamp(self, signature: bytes, *, embed=True, digest="sha256", settings=()) -> bytes:
        """A TimeStampResp over `signature`."""
        (self.folder / "data").write_bytes(signature)
        query = ["openssl", "ts", "-query", "-data", "data", f"-{digest}", *(["-cert"] if embed else []), "-out", "q"]
        reply = ["openssl", "ts", "-reply", "-config", "ts.cnf", "-queryfile", "q", "-signer", "signer.pem", "-inkey", "key.pem"]
        for command in (query, [*reply, "-chain", "root.pem", *settings, "-out", "r"]):
            subprocess.run(command, cwd=self.folder, check=True, capture_output=True, timeout=60)
        return (self.folder / "r").read_bytes()
