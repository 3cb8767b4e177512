"""From a key to a verdict: signed, attached, found, asked about, appraised, with the trust of a notation configuration."""

import json

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from notary import AT, IMAGE, signed, team
from notation_lists import LIST, crl, lists_at, revoked

from pratique.attest.notation import MEDIA_TYPES, TargetArtifact, verify
from pratique.attest.notation.appraise import appraise_signatures
from pratique.errors import Unavailable
from pratique.keys.file import generate_key, load_signer
from pratique.model.digest import Digest
from pratique.registry.layout import open_layout
from pratique.registry.notation import attach_signature, fetch_signature, list_signatures
from pratique.registry.types import OCI_CONFIG, OCI_LAYER
from pratique.tuf.notation import read_notation
from pratique.tuf.revocation import verify_asking

SCOPE = "registry.example/app"


@pytest.fixture
def repository(tmp_path):
    made = open_layout(tmp_path / "layout", create=True)
    descriptors = []
    for data, media_type in ((b"{}", OCI_CONFIG), (b"layer", OCI_LAYER)):
        made.push_blob(Digest.of(data), len(data), [data])
        descriptors.append({"mediaType": media_type, "digest": Digest.of(data), "size": len(data)})
    document = {"schemaVersion": 2, "mediaType": IMAGE, "config": descriptors[0], "layers": descriptors[1:]}
    made.push_manifest(json.dumps(document).encode(), IMAGE, "v1")
    return made


def configure(folder, acme, identity="x509.subject: C=US, ST=WA, O=acme.example"):
    statement = {
        "name": "app",
        "registryScopes": [SCOPE],
        "signatureVerification": {"level": "strict"},
        "trustStores": ["ca:acme"],
        "trustedIdentities": [identity],
    }
    store = folder / "truststore" / "x509" / "ca" / "acme"
    store.mkdir(parents=True)
    (store / "root.pem").write_bytes(acme.root.certificate.public_bytes(Encoding.PEM))
    (folder / "trustpolicy.oci.json").write_text(json.dumps({"version": "1.0", "trustPolicies": [statement]}))
    return read_notation(folder)


def verdict(repository, policy, stores, ask):
    """What the one verifier does with these parts."""
    image = repository.fetch_manifest("v1")
    statement = policy.statement_for(SCOPE)
    candidates = list_signatures(repository, image.digest, trusted=stores.thumbprints(statement.stores))
    outcomes = []
    for signature in candidates.signatures:
        data, media_type = fetch_signature(repository, signature, image.digest)

        def again(answers, data=data, media_type=media_type):
            return verify(
                data,
                media_type,
                digest=image.digest,
                size=len(image.data),
                artifact_type=image.media_type,
                statement=statement,
                stores=stores,
                at=AT,
                answers=answers,
            )

        outcomes.append(verify_asking(again, ask)[0])
    return appraise_signatures(outcomes, left_out=candidates.left_out)


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_a_signature_goes_the_whole_way_and_every_cause_arrives(tmp_path, repository, media_type):
    acme = team(extensions=[lists_at(LIST)])
    policy, stores = configure(tmp_path / "notation", acme)
    image = repository.fetch_manifest("v1")
    target = TargetArtifact(media_type=image.media_type, digest=image.digest, size=len(image.data), annotations={})
    published = {LIST: crl(acme.middle)}

    def ask(url):
        if url not in published:
            raise Unavailable("gone")
        return published[url]

    assert verdict(repository, policy, stores, ask).cause == "absent"

    def attach(who):
        data = signed(who, target=target, media_type=media_type)
        attach_signature(repository, subject=image.descriptor, data=data, media_type=media_type, created=AT)

    attach(team())
    assert verdict(repository, policy, stores, ask).cause == "untrusted"
    attach(acme)
    found = verdict(repository, policy, stores, ask)
    assert (found.cause, len(found.accepted)) == ("none", 1)
    assert str(found.accepted[0].signed.signer) == "CN=builder,O=acme.example,ST=WA,C=US (trust store ca:acme)"
    published[LIST] = crl(acme.middle, revoked(acme.leaf.certificate.serial_number))
    assert verdict(repository, policy, stores, ask).cause == "revoked"
    published.clear()
    assert verdict(repository, policy, stores, ask).cause == "unreachable"


def test_another_identity_of_the_same_authority_is_untrusted(tmp_path, repository):
    acme = team()
    policy, stores = configure(tmp_path / "notation", acme, "x509.subject: C=US, ST=WA, O=other.example")
    image = repository.fetch_manifest("v1")
    target = TargetArtifact(media_type=image.media_type, digest=image.digest, size=len(image.data), annotations={})
    data = signed(acme, target=target)
    attach_signature(repository, subject=image.descriptor, data=data, media_type=MEDIA_TYPES[0], created=AT)
    assert verdict(repository, policy, stores, lambda url: b"").cause == "untrusted"


def test_a_key_of_ours_signs_once_an_authority_certified_it(tmp_path, repository):
    generate_key(tmp_path / "team.key", "ecdsa-p256", None)
    signer = load_signer(tmp_path / "team.key", lambda: None)
    acme = team(certified=load_der_public_key(signer.public_key.spki))
    acme.sign = signer.sign
    policy, stores = configure(tmp_path / "notation", acme)
    image = repository.fetch_manifest("v1")
    target = TargetArtifact(media_type=image.media_type, digest=image.digest, size=len(image.data), annotations={})
    for media_type in MEDIA_TYPES:
        data = signed(acme, target=target, media_type=media_type)
        attach_signature(repository, subject=image.descriptor, data=data, media_type=media_type, created=AT)
    found = verdict(repository, policy, stores, lambda url: b"")
    assert (found.cause, len(found.accepted)) == ("none", 2)
