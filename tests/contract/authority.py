"""A certificate authority for one test, and a server certificate by it."""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Authority:
    """`certificate`: the authority's, in PEM; `chain` and `key`: files for a server at `127.0.0.1`."""

    certificate: Path
    chain: Path
    key: Path

    @classmethod
    def make(cls, folder: Path, name: str = "127.0.0.1") -> "Authority":
        now = datetime.datetime.now(datetime.UTC)
        keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
        names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)]) for text in ("test authority", name)]
        certificates = []
        for subject, key, is_ca in ((names[0], keys[0], True), (names[1], keys[1], False)):
            builder = x509.CertificateBuilder(
                issuer_name=names[0],
                subject_name=subject,
                public_key=key.public_key(),
                serial_number=x509.random_serial_number(),
                not_valid_before=now - datetime.timedelta(hours=1),
                not_valid_after=now + datetime.timedelta(hours=1),
            ).add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            if not is_ca:
                place = x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
                builder = builder.add_extension(x509.SubjectAlternativeName([place]), critical=False)
            certificates.append(builder.sign(keys[0], hashes.SHA256()).public_bytes(Encoding.PEM))
        made = cls(folder / "ca.pem", folder / "server.pem", folder / "server.key")
        made.certificate.write_bytes(certificates[0])
        made.chain.write_bytes(certificates[1])
        made.key.write_bytes(keys[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return made
