"""Who signed × who verified: Pratique, sigstore-js and sigstore-python, against one private stack."""

import hashlib
import json

import pytest
from sigstore import dsse
from sigstore.models import Bundle, ClientTrustConfig, TrustedRoot
from sigstore.oidc import IdentityToken
from sigstore.sign import SigningContext
from sigstore.verify import Verifier, policy
from stack import ARTIFACT, ISSUER, SUBJECT, altered, encode

from pratique.attest.bundle import MessageSignature, parse_bundle
from pratique.attest.sigstore.verify import ArtifactDigests, verify_attestation, verify_message
from pratique.errors import DigestMismatch, PratiqueError
from pratique.model.signer import WorkloadSigner

KINDS = [(content, version) for content in ("message", "dsse") for version in (1, 2)]
IDENTITY = {"subjectAlternativeName": SUBJECT, "extensions": {"issuer": ISSUER}}


def ours(stack, data: bytes):
    """What we say of a bundle: who signed."""
    bundle, artifact = parse_bundle(data), ArtifactDigests.of(ARTIFACT)
    if isinstance(bundle.content, MessageSignature):
        return verify_message(bundle, artifact, stack.root, keys={}).signer
    found = verify_attestation(bundle, stack.root, keys={})
    if not found.head.is_about(artifact.named):
        raise DigestMismatch("about another artifact")
    return found.signed.signer


def case(data: bytes, content: str, **options) -> dict:
    return {"bundle": json.loads(data), "artifact": encode(ARTIFACT) if content == "message" else None} | options


@pytest.mark.parametrize(("content", "version"), KINDS)
def test_we_accept_what_we_signed(stack, bundles, content, version):
    signer = ours(stack, bundles[content, version])
    assert (signer.issuer, signer.subject) == (ISSUER, SUBJECT)
    assert signer.claims["source_repository_ref"] == "refs/heads/main"


def test_sigstore_js_accepts_what_we_signed_for_the_right_identity_only(stack, bundles):
    cases = [case(data, content, identity=IDENTITY) for (content, _), data in bundles.items()]
    assert stack.javascript_verdicts(cases) == [""] * len(cases)
    wrong = [case(data, content, identity=IDENTITY | {"subjectAlternativeName": "x"}) for (content, _), data in bundles.items()]
    assert all("POLICY" in verdict or "UNTRUSTED_SIGNER" in verdict for verdict in stack.javascript_verdicts(wrong))


def test_sigstore_js_and_we_refuse_what_was_altered(stack, bundles):
    cases = [(content, data) for (content, _), whole in bundles.items() for data in altered(whole)]
    assert len(cases) >= 14
    assert all(stack.javascript_verdicts([case(data, content) for content, data in cases]))
    for _, data in cases:
        with pytest.raises(PratiqueError):
            ours(stack, data)


@pytest.fixture(scope="module")
def python_verifier(stack, tmp_path_factory):
    path = tmp_path_factory.mktemp("root") / "trusted_root.json"
    path.write_bytes(stack.get("trusted_root.json"))
    return Verifier(trusted_root=TrustedRoot.from_file(str(path)))


@pytest.mark.parametrize(("content", "version"), KINDS)
def test_sigstore_python_accepts_what_we_signed(python_verifier, bundles, statement, content, version):
    bundle = Bundle.from_json(bundles[content, version])
    identity = policy.Identity(identity=SUBJECT, issuer=ISSUER)
    if content == "message":
        python_verifier.verify_artifact(ARTIFACT, bundle, identity)
    else:
        assert python_verifier.verify_dsse(bundle, identity)[1] == statement


@pytest.mark.parametrize("rekor", [1, 2])
def test_we_accept_what_sigstore_js_signed(stack, statement, rekor):
    cases = [
        {"data": encode(ARTIFACT), "type": None, "rekor": rekor},
        {"data": encode(statement), "type": "application/vnd.in-toto+json", "rekor": rekor},
    ]
    for document in stack.run("sign.mjs", {"base": stack.base, "token": stack.token().value, "cases": cases}):
        signer = ours(stack, json.dumps(document).encode())
        assert isinstance(signer, WorkloadSigner)
        assert (signer.issuer, signer.subject) == (ISSUER, SUBJECT)
        with pytest.raises(PratiqueError):
            ours(stack, altered(json.dumps(document).encode())[0])


def python_config(stack, version: int) -> ClientTrustConfig:
    """What sigstore-python needs to sign against the private stack with this version of Rekor."""
    config = json.loads(stack.get("signing_config.json"))
    config["rekorTlogUrls"] = [item for item in config["rekorTlogUrls"] if item["majorApiVersion"] == version]
    config["oidcUrls"] = config["caUrls"]
    media_type = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"
    root = json.loads(stack.get("trusted_root.json"))
    return ClientTrustConfig.from_json(json.dumps({"mediaType": media_type, "trustedRoot": root, "signingConfig": config}))


@pytest.mark.parametrize("version", [1, 2])
def test_we_accept_what_sigstore_python_signed(stack, version):
    subject = dsse.Subject(name="app", digest={"sha256": hashlib.sha256(ARTIFACT).hexdigest()})
    builder = dsse.StatementBuilder().subjects([subject]).predicate_type("https://example.org/claim/v1").predicate({"x": "é"})
    with SigningContext.from_trust_config(python_config(stack, version)).signer(IdentityToken(stack.token().value)) as signer:
        bundles = [signer.sign_artifact(ARTIFACT), signer.sign_dsse(builder.build())]
    for bundle in bundles:
        data = bundle.to_json().encode()
        signer = ours(stack, data)
        assert (signer.issuer, signer.subject) == (ISSUER, SUBJECT)
        for wrong in altered(data):
            with pytest.raises(PratiqueError):
                ours(stack, wrong)
