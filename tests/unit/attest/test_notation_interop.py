"""What is signed here verifies with libraries that know nothing of it, and what they sign verifies here."""

import base64
import json
from pathlib import Path

import cbor2
import pytest
from cbor2 import CBORTag
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from jwcrypto import jws
from jwcrypto.jwk import JWK
from notary import AT, KEYS, TARGET, check, signed, signing_function, team
from pycose.algorithms import Es256, Es384, Es512, Ps256, Ps384, Ps512
from pycose.headers import Algorithm as CoseAlgorithm
from pycose.keys import EC2Key, RSAKey
from pycose.messages import Sign1Message

from pratique.attest.notation import COSE, JWS, Scheme
from pratique.attest.notation.algorithms import BY_LABEL
from pratique.attest.notation.cbor import load_cbor
from pratique.attest.notation.cose import cose_message, parse_cose
from pratique.attest.notation.envelope import AGENT, EXPIRY, PAYLOAD_TYPE, SIGNING_SCHEME, SIGNING_TIME, Attributes
from pratique.attest.notation.sign import render_target

DATA = Path(__file__).resolve().parents[2] / "data" / "notation"
COSE_ALGORITHMS = {"PS256": Ps256, "PS384": Ps384, "PS512": Ps512, "ES256": Es256, "ES384": Es384, "ES512": Es512}


@pytest.fixture(scope="module", params=KEYS)
def party(request):
    """A team with its private key in hand, and the algorithm's name."""
    found = team(algorithm=request.param)
    found.key = found.leaf.key
    found.algorithm = request.param
    return found


def jwk(key, *, private):
    if private:
        return JWK.from_pem(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return JWK.from_pem(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def cose_key(key):
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return (RSAKey if hasattr(key, "decrypt") else EC2Key).from_pem_private_key(pem)


def test_jwcrypto_verifies_our_jws_and_refuses_it_altered(party):
    data = signed(party)
    token = jws.JWS()
    token.header_registry[SIGNING_SCHEME] = type(token.header_registry["alg"])("Signing Scheme", True, True, None)
    token.allowed_algs = [party.algorithm]
    token.deserialize(data.decode())
    token.verify(jwk(party.key, private=False))
    assert json.loads(token.payload)["targetArtifact"]["digest"] == TARGET.digest
    altered = json.loads(data)
    altered["payload"] = base64.urlsafe_b64encode(b'{"targetArtifact":{}}').rstrip(b"=").decode()
    token.deserialize(json.dumps(altered))
    with pytest.raises(jws.InvalidJWSSignature):
        token.verify(jwk(party.key, private=False))


def test_a_jws_by_jwcrypto_verifies_here(party):
    token = jws.JWS(render_target(TARGET))
    token.header_registry[SIGNING_SCHEME] = type(token.header_registry["alg"])("Signing Scheme", True, True, None)
    token.allowed_algs = [party.algorithm]
    protected = {
        "alg": party.algorithm,
        "cty": PAYLOAD_TYPE,
        "crit": [SIGNING_SCHEME],
        SIGNING_SCHEME: "notary.x509",
        SIGNING_TIME: "2026-06-27T13:30:33+08:00",
    }
    chain = [base64.b64encode(der).decode() for der in party.chain]
    token.add_signature(jwk(party.key, private=True), None, json.dumps(protected), json.dumps({"x5c": chain}))
    verification = check(token.serialize().encode(), party, media_type=JWS)
    assert verification.cause == "none", verification.detail


def test_pycose_verifies_our_cose_and_refuses_it_altered(party):
    protected, header, payload, signature = cbor2.loads(signed(party, media_type=COSE, expiry=AT + 60)).value
    # The envelope is opened here, for the library does not know that arrays within a tag have become tuples.
    message = Sign1Message.from_cose_obj([protected, dict(header), payload, signature], allow_unknown_attributes=True)
    message.key = cose_key(party.key)
    assert message.verify_signature()
    assert message.phdr[CoseAlgorithm] is COSE_ALGORITHMS[party.algorithm]
    message.payload += b" "
    assert not message.verify_signature()


def test_a_cose_by_pycose_verifies_here(party):
    message = Sign1Message(phdr={CoseAlgorithm: COSE_ALGORITHMS[party.algorithm]}, payload=render_target(TARGET))
    message.phdr_update(
        {2: [SIGNING_SCHEME], 3: PAYLOAD_TYPE, SIGNING_SCHEME: "notary.x509", SIGNING_TIME: CBORTag(1, AT)},
    )
    message.uhdr_update({33: list(party.chain)})
    message.key = cose_key(party.key)
    verification = check(message.encode(), party, media_type=COSE)
    assert verification.cause == "none", verification.detail


def test_the_protected_header_is_the_bytes_that_notations_conformance_test_wants():
    case = json.loads((DATA / "cose-conformance.json").read_bytes())
    theirs = load_cbor(bytes.fromhex(case["protectedHeaders"]["cborHex"]), what="header", max_size=10_000, tags=(1,))
    attributes = Attributes(
        content_type=PAYLOAD_TYPE, scheme=Scheme.X509, signing_time=case["signingTime"], expiry=case["expiry"]
    )
    payload = bytes.fromhex(case["payload"])
    context, protected, external, signed_payload = load_cbor(
        cose_message(BY_LABEL[-38], attributes, payload), what="message", max_size=10_000
    )
    ours = load_cbor(protected, what="header", max_size=10_000, tags=(1,))
    assert (context, external, signed_payload) == ("Signature1", b"", payload)
    mine = {2, *(name for name in theirs if "Key" not in str(name))}
    assert [name for name in theirs if name in mine] == list(ours)
    assert {name: theirs[name] for name in mine - {2}} == {name: ours[name] for name in mine - {2}}
    assert theirs[2] == [*ours[2], "signedCritKey1"] == [SIGNING_SCHEME, EXPIRY, "signedCritKey1"]


def test_the_envelope_of_notations_conformance_test_is_read_and_its_unknown_critical_header_is_noticed():
    case = json.loads((DATA / "cose-conformance.json").read_bytes())
    envelope = load_cbor(bytes.fromhex(case["expectedOutput"]["cborHex"]), what="envelope", max_size=10_000, tags=(18,))
    from pratique.attest.notation.cbor import dump_cbor

    protected, unprotected, payload, signature = envelope.value
    chain = team().chain
    full = dump_cbor(CBORTag(18, [protected, {**unprotected, 33: list(chain)}, payload, signature or b"\0"]))
    read = parse_cose(full)
    assert (read.attributes.signing_time, read.attributes.expiry) == (case["signingTime"], case["expiry"])
    assert read.attributes.unknown == ("signedCritKey1",)
    assert read.agent == unprotected[AGENT]
    assert read.chain == chain


def test_signatures_of_two_libraries_are_the_same_algorithm():
    # RSASSA-PSS with another salt than the hash's length is none of the algorithms.
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    from pratique.errors import SignatureInvalid

    acme = team(algorithm="PS256")
    assert signed(acme)
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.MAX_LENGTH)
    for wrong in (
        lambda message: acme.leaf.key.sign(message, pss, hashes.SHA256()),
        lambda message: acme.leaf.key.sign(message, padding.PKCS1v15(), hashes.SHA256()),
        signing_function(acme.leaf.key, "PS384"),
    ):
        acme.sign = wrong
        with pytest.raises(SignatureInvalid):
            signed(acme)
