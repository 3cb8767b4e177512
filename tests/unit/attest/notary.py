"""Signers, stores and statements as notation knows them, for tests."""

from types import SimpleNamespace

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from pki import BORN, DIED, STAMP, make

from pratique.attest.notation import JWS, TargetArtifact, TrustStatement, TrustStores, sign, verify
from pratique.model.digest import Digest

AT = 1_800_000_000
IMAGE = "application/vnd.oci.image.manifest.v1+json"
TARGET = TargetArtifact(media_type=IMAGE, digest=Digest.of(b"image"), size=5, annotations={})
TYPES = {
    "C": x509.NameOID.COUNTRY_NAME,
    "ST": x509.NameOID.STATE_OR_PROVINCE_NAME,
    "L": x509.NameOID.LOCALITY_NAME,
    "O": x509.NameOID.ORGANIZATION_NAME,
    "OU": x509.NameOID.ORGANIZATIONAL_UNIT_NAME,
    "CN": x509.NameOID.COMMON_NAME,
}
KEYS = {
    "PS256": lambda: rsa.generate_private_key(65537, 2048),
    "PS384": lambda: rsa.generate_private_key(65537, 3072),
    "PS512": lambda: rsa.generate_private_key(65537, 4096),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "ES512": lambda: ec.generate_private_key(ec.SECP521R1()),
}
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}


def name(*pairs):
    return x509.Name([x509.NameAttribute(TYPES[kind], value) for kind, value in pairs])


ACME = name(("C", "US"), ("ST", "WA"), ("O", "acme.example"), ("CN", "builder"))


def signing_function(key, algorithm="ES256"):
    """What a signer's `sign` does with this key."""
    hashed = HASHES[algorithm[2:]]
    if algorithm.startswith("PS"):
        pss = padding.PSS(mgf=padding.MGF1(hashed), salt_length=hashed.digest_size)
        return lambda message: key.sign(message, pss, hashed)
    return lambda message: key.sign(message, ec.ECDSA(hashed))


def team(
    *, subject=ACME, algorithm="ES256", certified=None, extensions=(), middle_extensions=(), born=BORN, died=DIED, **options
):
    """A root, a CA below it, a signing certificate, and what signs with it. `certified`: a public key that is kept elsewhere."""
    root = make("Root", ca=True, born=min(born, BORN))
    middle = root.issue("Middle", ca=True, path_length=0, extensions=middle_extensions, born=min(born, BORN))
    key = SimpleNamespace(public_key=lambda: certified) if certified else KEYS[algorithm]()
    leaf = middle.issue("leaf", subject=subject, key=key, extensions=extensions, born=born, died=died, **options)
    return SimpleNamespace(
        root=root,
        middle=middle,
        leaf=leaf,
        chain=(leaf.der, middle.der, root.der),
        sign=signing_function(key, algorithm),
        stores=TrustStores(certificates={"ca:acme": (root.der,)}),
    )


def statement(*, stores=("ca:acme",), **options):
    return TrustStatement(name="test", stores=stores, **{"identities": None, **options})


def signed(team, *, media_type=JWS, target=TARGET, at=AT, **options):
    return sign(target, sign=team.sign, chain=team.chain, at=at, media_type=media_type, **options)


def check(data, team, *, media_type=JWS, target=TARGET, at=AT, answers=None, stores=None, stores_named=("ca:acme",), **options):
    return verify(
        data,
        media_type,
        digest=target.digest,
        size=target.size,
        artifact_type=target.media_type,
        statement=statement(stores=stores_named, **options),
        stores=stores or team.stores,
        at=at,
        answers=answers or {},
    )


def causes(verification):
    """Kind of check → its cause, of those that failed."""
    return {str(check.kind): str(check.cause) for check in verification.checks if check.cause != "none"}


__all__ = ["ACME", "AT", "BORN", "DIED", "HASHES", "IMAGE", "KEYS", "STAMP", "TARGET"]
